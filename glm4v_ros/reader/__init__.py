"""The second reader: print in a frame -> lines with their places, in a process of its own. No rclpy here."""
