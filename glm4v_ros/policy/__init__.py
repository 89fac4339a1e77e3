"""What may be answered and how: presets, the rule about medicines, checks of a question. No rclpy here."""
