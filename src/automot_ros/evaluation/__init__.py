"""Level 5: the examination of a driver: closed loop, metrics (one per file), report."""
