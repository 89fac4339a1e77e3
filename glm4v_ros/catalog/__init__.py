"""What a model is: its files, where they come from, what they need. No rclpy here."""
