"""AutoMoT for ROS 2: a slow understanding expert, a fast action expert, a refiner and a guarded controller."""

__version__ = "0.1.0"
