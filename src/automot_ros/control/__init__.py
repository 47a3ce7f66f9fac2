"""Level 3: from a trajectory to steering and pedals. Stateless: the same inputs give the same command."""
