"""Level 0: quantities with units and bounds, errors with codes, results as JSON, seeded randomness."""
