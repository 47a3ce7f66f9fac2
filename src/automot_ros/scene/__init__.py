"""Level 1: the frozen vocabulary that every part speaks. Ego frame: x forward, y left, z up; SI, radians."""
