"""What a person may tune in the guard: one switch a check, and the limits."""

from __future__ import annotations

from dataclasses import dataclass, fields

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import check_bounds, quantity, switch


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardConfig:
    """Limits of the guard. Without inputs the car never moves, whatever the switches say."""

    check_freshness: bool = switch(True, "Comfortable stop for stale inputs, emergency stop for lost ones.")
    check_context: bool = switch(True, "Limit speed for an old context, stop for a stale one.")
    check_trajectory: bool = switch(True, "Refuse plans that no car could mean, slow down for plans that are too fast.")
    check_corridor: bool = switch(True, "Brake for LiDAR points in the planned corridor.")
    check_goal: bool = switch(True, "Stop at the end of the route.")
    check_command: bool = switch(True, "Limit the command and its rate of change.")
    stale_s: float = quantity(0.25, "s", "Older inputs are stale: no throttle, comfortable stop.", low=0.05, high=2.0)
    lost_s: float = quantity(0.45, "s", "Older inputs are lost: emergency stop.", low=0.05, high=3.0)
    future_s: float = quantity(0.2, "s", "Inputs stamped further ahead of the clock are dropped.", low=0.0, high=2.0)
    clock_jump_s: float = quantity(0.5, "s", "A larger step of the clock, either way, is a jump.", low=0.1, high=5.0)
    resume_after_s: float = quantity(0.25, "s", "After a fault: inputs healthy this long, then on.", low=0.0, high=5.0)
    max_context_age_s: float = quantity(1.0, "s", "Context age above which speed is limited.", low=0.1, high=10.0)
    stop_context_age_s: float = quantity(3.0, "s", "Context age above which the car stops.", low=0.1, high=20.0)
    old_context_speed_mps: float = quantity(6.0, "m/s", "Speed limit while the context is old.", low=0.0, high=30.0)
    start_gap_max_m: float = quantity(2.0, "m", "Plan and car may be this far apart.", low=0.2, high=10.0)
    start_heading_max_rad: float = quantity(1.2, "rad", "Their headings may differ this much.", low=0.1, high=3.0)
    start_speed_max_mps: float = quantity(4.0, "m/s", "Their speeds may differ this much.", low=0.5, high=20.0)
    plan_speed_max_mps: float = quantity(35.0, "m/s", "Highest planned speed.", low=1.0, high=70.0)
    plan_acceleration_max_mps2: float = quantity(6.0, "m/s^2", "Strongest planned acceleration.", low=1.0, high=15.0)
    plan_deceleration_max_mps2: float = quantity(15.0, "m/s^2", "Strongest planned braking.", low=2.0, high=30.0)
    plan_lateral_max_mps2: float = quantity(8.0, "m/s^2", "A plan with more within 1 s is refused.", low=1.0, high=15.0)
    plan_curvature_factor: float = quantity(1.5, "", "Planned curvature over that of the full lock.", low=1.0, high=5.0)
    lateral_max_mps2: float = quantity(3.0, "m/s^2", "Lateral acceleration the guard allows.", low=1.0, high=12.0)
    lateral_jerk_max_mps3: float = quantity(5.0, "m/s^3", "Its change, mean of half a second.", low=1.0, high=50.0)
    yaw_rate_max_radps: float = quantity(1.0, "rad/s", "Yaw rate allowed.", low=0.1, high=3.0)
    steer_rate_max_per_s: float = quantity(3.0, "1/s", "Fastest change of the steering command.", low=0.2, high=20.0)
    throttle_rate_max_per_s: float = quantity(10.0, "1/s", "Fastest rise of the throttle.", low=0.5, high=50.0)
    goal_deceleration_mps2: float = quantity(1.2, "m/s^2", "Braking towards the route's end.", low=0.3, high=4.0)
    goal_reached_m: float = quantity(0.5, "m", "Nearer to the route's end the car stands.", low=0.1, high=5.0)
    corridor_margin_m: float = quantity(0.25, "m", "Free space wanted beside the moving body.", low=0.0, high=1.0)
    corridor_margin_far_m: float = quantity(-0.1, "m", "The same 20 m ahead: plans vary.", low=-0.5, high=1.0)
    corridor_range_m: float = quantity(25.0, "m", "The corridor is watched this far ahead.", low=5.0, high=60.0)
    corridor_points: int = quantity(3, "", "An obstacle shows at least this many points.", low=1, high=50)
    ground_clear_m: float = quantity(0.3, "m", "Points below this height are ground.", low=0.05, high=1.0)
    ground_slope: float = quantity(0.01, "m/m", "The ground may rise this much a metre of distance.", low=0.0, high=0.1)
    overhead_m: float = quantity(2.2, "m", "Points above this height hang over the road.", low=1.0, high=5.0)
    stop_gap_m: float = quantity(1.0, "m", "Space left before an obstacle.", low=0.1, high=5.0)
    standing_gap_m: float = quantity(4.0, "m", "Before a standing one the plan drives into.", low=0.1, high=10.0)
    reaction_s: float = quantity(0.2, "s", "Time from a point to the brake.", low=0.0, high=1.0)
    obstacle_deceleration_mps2: float = quantity(4.0, "m/s^2", "Brake where less will not do.", low=1.0, high=9.0)
    leader_deceleration_mps2: float = quantity(8.0, "m/s^2", "An obstacle may brake so hard.", low=1.0, high=12.0)
    release_factor: float = quantity(1.2, "", "Released above this many times the wanted gap.", low=1.0, high=3.0)
    gentle_deceleration_mps2: float = quantity(1.5, "m/s^2", "Braking of a comfortable stop.", low=0.3, high=4.0)
    firm_deceleration_mps2: float = quantity(4.0, "m/s^2", "Braking of an emergency stop.", low=1.0, high=9.0)
    hold_brake: float = quantity(0.5, "", "Brake pedal while the guard holds the car.", low=0.1, high=1.0)

    def __post_init__(self) -> None:
        check_bounds(self)
        for low, high in (("stale_s", "lost_s"), ("max_context_age_s", "stop_context_age_s"),
                          ("stop_gap_m", "standing_gap_m"), ("gentle_deceleration_mps2", "firm_deceleration_mps2")):
            if getattr(self, low) > getattr(self, high):
                raise ConfigError("limits in the wrong order", where=f"GuardConfig.{low}", got=getattr(self, low),
                                  wanted=f"<= {high} = {getattr(self, high)}")

    @property
    def switched_off(self) -> tuple[str, ...]:
        """Names of the checks that are off: every report and every result tells them."""
        return tuple(f.name for f in fields(self) if f.name.startswith("check_") and not getattr(self, f.name))
