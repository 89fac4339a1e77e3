"""Turns (frames, question) into a stream of text. No rclpy here."""
