"""What the machine tells about itself: temperatures, power, GPU memory. No rclpy."""
