"""Level 6: the ROS 2 shell. A node carries messages to and from one core and decides nothing about driving."""
