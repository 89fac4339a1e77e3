"""Frames: from any encoding to RGB, and on to image tokens. No rclpy here."""
