"""Level 3: the guard has the last word on every command. Pure numpy, ignorant of the policy."""
