"""Dimensions and limits of the ego, the one place where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleSpec:
    """A passenger car of CARLA's size. Distances from the box centre on the ground."""

    length_m: float = quantity(4.6, "m", "Length of the body.", low=0.3, high=20.0)
    width_m: float = quantity(1.9, "m", "Width of the body without mirrors.", low=0.2, high=4.0)
    height_m: float = quantity(1.5, "m", "Height of the body.", low=0.1, high=5.0)
    front_axle_m: float = quantity(-0.090769015, "m", "Front term of CARLA's fitted bicycle.", low=-5.0, high=10.0)
    rear_axle_m: float = quantity(1.4178275, "m", "Rear term of CARLA's fitted bicycle model.", low=0.1, high=10.0)
    steer_to_wheel_rad: float = quantity(0.36848336, "rad", "Wheel angle at full lock.", low=0.05, high=1.5)
    max_acceleration_mps2: float = quantity(3.0, "m/s^2", "Acceleration at full throttle from standstill.",
                                            low=0.1, high=12.0)
    max_deceleration_mps2: float = quantity(8.0, "m/s^2", "Deceleration at full brake.", low=0.5, high=12.0)
    max_speed_mps: float = quantity(30.0, "m/s", "Speed at which full throttle no longer accelerates.",
                                    low=0.5, high=70.0)
    speed_lag_s: float = quantity(0.3, "s", "Time the vehicle takes to follow a speed, where it takes speeds.",
                                  low=0.0, high=2.0)

    def __post_init__(self) -> None:
        check_bounds(self)

    @property
    def wheelbase_m(self) -> float:
        """Front plus rear term: what turns the car."""
        return self.front_axle_m + self.rear_axle_m

    def curvature_of(self, steer: float) -> float:
        """Path curvature (1/m, left positive) of a steering command -1..1 at low slip."""
        beta = math.atan(self.rear_axle_m / self.wheelbase_m * math.tan(self.steer_to_wheel_rad * steer))
        return math.sin(beta) / self.rear_axle_m

    def steer_of(self, curvature: float) -> float:
        """Steering command -1..1 for a path curvature, the inverse of `curvature_of`, clipped to the lock."""
        beta = math.asin(max(-0.99, min(0.99, curvature * self.rear_axle_m)))
        wheel = math.atan(math.tan(beta) * self.wheelbase_m / self.rear_axle_m)
        return max(-1.0, min(1.0, wheel / self.steer_to_wheel_rad))
