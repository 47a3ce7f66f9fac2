"""Level 2: the car as a body: dimensions, actuation limits, and the bicycle model fitted to CARLA's cars."""
