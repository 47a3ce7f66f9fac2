"""Level 0: planar poses and polylines. Right-handed, x forward, y left, metres, radians counter-clockwise."""
