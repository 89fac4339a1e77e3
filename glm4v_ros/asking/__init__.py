"""A question's way to its answer: pictures, engine, rules and record, without ROS."""
