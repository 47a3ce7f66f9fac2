"""How the expert drives."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpertConfig:
    """How the expert drives. The top speed is the one AutoMoT's agent is capped to."""

    top_speed_mps: float = quantity(9.7, "m/s", "Cruising speed, 35 km/h.", low=1.0, high=30.0)
    acceleration_mps2: float = quantity(1.8, "m/s^2", "Acceleration on a free road.", low=0.2, high=4.0)
    braking_mps2: float = quantity(2.2, "m/s^2", "Comfortable deceleration.", low=0.5, high=5.0)
    headway_s: float = quantity(1.2, "s", "Time gap to a leader.", low=0.5, high=4.0)
    standing_gap_m: float = quantity(3.0, "m", "Distance kept to a standing leader.", low=0.5, high=10.0)
    passing_gap_m: float = quantity(12.0, "m", "Distance kept to what is to be passed, room to steer out.",
                                    low=5.0, high=25.0)
    passing_speed_mps: float = quantity(7.5, "m/s", "Speed beside what is passed.", low=1.0, high=20.0)
    side_gap_m: float = quantity(0.55, "m", "Distance to what is passed, sideways.", low=0.1, high=2.0)
    lateral_acceleration_mps2: float = quantity(1.8, "m/s^2", "Speed in curves.", low=0.3, high=4.0)
    curve_braking_mps2: float = quantity(1.5, "m/s^2", "Deceleration before curves.", low=0.3, high=4.0)
    path_recovery_s: float = quantity(0.7, "s", "How fast an offset from the path decays.", low=0.1, high=5.0)

    def __post_init__(self) -> None:
        check_bounds(self)
