"""The evidence log: which answer was given about which picture, in a form that shows when it was changed. No rclpy."""
