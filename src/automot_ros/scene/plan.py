"""From draft to command: what the experts propose, what the refiner makes of it, what the controller does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.decision import Decision
from automot_ros.scene.sensing import EgoState

WAYPOINTS = 6
WAYPOINT_STEP_S = 0.5
ROUTE_POINTS = 20
ROUTE_STEP_M = 1.0


@dataclass(frozen=True, slots=True)
class Draft:
    """The action expert's proposal, in the ego frame at `ego.stamp_ns` (x forward, y left, metres).

    waypoints_62: where the car will be at 0.5, 1.0 ... 3.0 s. route_202: the path, about 1, 2 ... 20 m ahead.
    decision_latents_8D and bev_tokens_64D are what the refiner attends to. context_age_s is NaN-free.
    """

    ego: EgoState
    waypoints_62: NDArray[np.float32]
    route_202: NDArray[np.float32]
    speeds_3: NDArray[np.float32]
    decision: Decision
    decision_latents_8D: NDArray[np.float32]
    bev_tokens_64D: NDArray[np.float32]
    context_epoch: int
    context_sequence: int
    context_age_s: float

    @property
    def stamp_ns(self) -> int:
        """Stamp of the inputs it was computed from."""
        return self.ego.stamp_ns


class PlanStatus(IntEnum):
    """Why a trajectory is what it is."""

    NOMINAL = 0
    DRAFT_ONLY = 1
    STOP = 2


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What the ego intends to drive, in the map frame.

    times_s (N,) from the stamp, starting at 0, increasing; xy_N2 box-centre positions; yaw, speed, acceleration and
    curvature (1/m, left positive) at each; path_K2: where it would go on driving, for steering (about 1 m apart,
    from abeam of the car on); a standing car has a path too.
    """

    stamp_ns: int
    times_s: NDArray[np.float64]
    xy_N2: NDArray[np.float64]
    yaw_rad_N: NDArray[np.float64]
    speed_mps_N: NDArray[np.float64]
    acceleration_mps2_N: NDArray[np.float64]
    curvature_N: NDArray[np.float64]
    path_K2: NDArray[np.float64]
    status: PlanStatus = PlanStatus.NOMINAL
    reason: str = ""
    context_age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DriveCommand:
    """Pedals 0..1 and steering -1..1 (left positive, 1 is the full lock), rounded to float32 as on the wire."""

    stamp_ns: int
    throttle: float
    brake: float
    steer: float

    @staticmethod
    def of(stamp_ns: int, throttle: float, brake: float, steer: float) -> DriveCommand:
        """Clip to the ranges and round to float32, so that a command over ROS equals the one in process."""

        def f32(value: float, low: float) -> float:
            return float(np.float32(min(1.0, max(low, value))))

        return DriveCommand(stamp_ns, f32(throttle, 0.0), f32(brake, 0.0), f32(steer, -1.0))


class GuardMode(IntEnum):
    """What the guard does to the plan."""

    NOMINAL = 0
    LIMITED = 1
    BRAKING = 2
    STOPPED = 3


class GuardReason(IntEnum):
    """Why; stable codes, the text is in the report."""

    NONE = 0
    NO_INPUT_YET = 1
    ODOMETRY_STALE = 2
    TRAJECTORY_STALE = 3
    POINTS_STALE = 4
    CONTEXT_OLD = 5
    CONTEXT_STALE = 6
    TRAJECTORY_INSANE = 7
    OBSTACLE = 8
    COMMAND_ENVELOPE = 9
    CLOCK_JUMP = 10
    PLAN_STOP = 11
    TRAJECTORY_FAST = 12
    RECOVERING = 13


@dataclass(frozen=True, slots=True)
class GuardReport:
    """The guard's word at one tick. Ages in seconds, infinite when never seen; ttc infinite when nothing is ahead."""

    stamp_ns: int
    mode: GuardMode
    reason: GuardReason
    text: str
    odometry_age_s: float
    trajectory_age_s: float
    points_age_s: float
    context_age_s: float
    time_to_collision_s: float
    interventions: int
