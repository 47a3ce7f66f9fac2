"""What a person may tune in the path and speed tracking."""

from dataclasses import dataclass

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import check_bounds, quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlConfig:
    """Lateral and longitudinal tracking; the defaults are tuned on vehicle.bicycle at 20 Hz."""

    lookahead_time_s: float = quantity(0.5, "s", "Steering aims at the path this long ahead.", low=0.1, high=3.0)
    lookahead_min_m: float = quantity(2.5, "m", "Shortest distance steering aims ahead.", low=0.5, high=20.0)
    lookahead_max_m: float = quantity(12.0, "m", "Longest distance steering aims ahead.", low=1.0, high=60.0)
    speed_preview_s: float = quantity(0.4, "s", "Planned acceleration is the mean over this time ahead.",
                                      low=0.1, high=1.5)
    speed_gain_per_s: float = quantity(1.2, "1/s", "Acceleration for each m/s below the planned speed.",
                                       low=0.0, high=5.0)
    position_gain_per_s2: float = quantity(0.5, "1/s^2", "Acceleration for each metre behind the planned position.",
                                           low=0.0, high=3.0)
    acceleration_max_mps2: float = quantity(2.5, "m/s^2", "Strongest acceleration asked of the car.",
                                            low=0.1, high=6.0)
    deceleration_max_mps2: float = quantity(7.0, "m/s^2", "Strongest braking asked of the car.", low=0.5, high=10.0)
    standstill_speed_mps: float = quantity(0.3, "m/s", "A plan that never exceeds this means: stand.",
                                           low=0.05, high=1.0)
    final_deceleration_mps2: float = quantity(1.0, "m/s^2", "Least braking on the last centimetres before standing.",
                                              low=0.2, high=4.0)
    hold_brake: float = quantity(0.4, "", "Brake pedal while standing.", low=0.05, high=1.0)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.lookahead_min_m > self.lookahead_max_m:
            raise ConfigError("shortest look-ahead above the longest", where="ControlConfig.lookahead_min_m",
                              got=f"{self.lookahead_min_m} m", wanted=f"<= {self.lookahead_max_m} m")
