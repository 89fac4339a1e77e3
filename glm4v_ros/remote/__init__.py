"""The remote engine: questions go to a server that speaks OpenAI's API, through a process of its own. No rclpy here."""
