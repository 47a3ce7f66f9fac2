"""Level 3: from observations to plans with a folder of weights; preprocessing, words, checkpoints, baselines."""
