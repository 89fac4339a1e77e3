"""Turns text into sound. No rclpy here."""
