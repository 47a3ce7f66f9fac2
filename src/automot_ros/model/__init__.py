"""Level 2: the network: understanding expert, action expert, refiner. Start at automot.py."""
