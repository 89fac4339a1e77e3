"""What the machine tells about itself: temperatures, power, GPU memory; and how memory is had of it. No rclpy."""
