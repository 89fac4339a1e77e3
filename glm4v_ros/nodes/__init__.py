"""The ROS nodes. Nothing here imports llama_cpp."""
