"""Level 4: one core for each node, and the schedule that runs them in one process with the same timing."""
