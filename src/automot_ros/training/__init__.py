"""Level 5: demonstrations, samples, the three training stages, and the recipe that makes `nano` from nothing."""
