"""Level 3: the guard has the last word on every command. Pure numpy, ignorant of the policy, read at a sitting.

Order of reading: config, freshness, envelope, corridor (and vehicle/sweep), guard.
"""
