"""Faults on purpose: a car that drives through the real processes, one thing made to fail at a time, what it costs."""
