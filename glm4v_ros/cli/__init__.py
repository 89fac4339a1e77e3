"""The command line for people without a robot: `glm4v VERB ...`, one verb a file. No rclpy here."""
