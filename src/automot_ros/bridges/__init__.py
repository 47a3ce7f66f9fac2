"""Level 6: outside contracts (CARLA, drive-by-wire interfaces) and ours. Foreign signs exist only here."""
