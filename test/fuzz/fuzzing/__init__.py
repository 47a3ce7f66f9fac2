"""Inputs that nobody would send on purpose, for everything that reads what comes from outside."""
