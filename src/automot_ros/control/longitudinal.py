"""Speed: planned acceleration ahead, corrected by speed and position, and the pedals that give it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automot_ros.control.config import ControlConfig
from automot_ros.scene.plan import Trajectory
from automot_ros.vehicle.bicycle import DRAG_MPS2_PER_MPS
from automot_ros.vehicle.specification import VehicleSpec

# Below this speed a car that is to stand is taken as standing.
STANDING_MPS = 0.1


@dataclass(frozen=True, slots=True)
class SpeedRequest:
    """Wanted acceleration; `hold` means stand with the brake on, whatever the acceleration."""

    acceleration_mps2: float
    hold: bool = False


def speed_request(config: ControlConfig, trajectory: Trajectory, speed_mps: float, travelled_m: float,
                  elapsed_s: float) -> SpeedRequest:
    """The acceleration that brings the car back to its plan.

    `elapsed_s` since the trajectory's stamp, `travelled_m` along its path since then. A plan that has run out stands
    for its last speed.
    """
    times, speeds = trajectory.times_s, trajectory.speed_mps_N
    elapsed = min(max(elapsed_s, 0.0), float(times[-1]))
    ahead = speeds[times >= elapsed - 1e-9]
    planned = float(np.interp(elapsed, times, speeds))
    to_stand = max(planned, float(ahead.max(initial=0.0))) < config.standstill_speed_mps
    if to_stand and speed_mps < STANDING_MPS:
        return SpeedRequest(0.0, hold=True)
    window = min(config.speed_preview_s, float(times[-1]) - elapsed)
    forward = 0.0
    if window > 1e-3:
        forward = (float(np.interp(elapsed + window, times, speeds)) - planned) / window
    steps = np.hypot(*np.diff(trajectory.xy_N2, axis=0).T)
    planned_m = float(np.interp(elapsed, times, np.concatenate([[0.0], np.cumsum(steps)])))
    behind_m = max(-1.0, min(1.0, planned_m - travelled_m))
    wanted = forward + config.speed_gain_per_s * (planned - speed_mps) + config.position_gain_per_s2 * behind_m
    if to_stand:
        wanted = min(wanted, -config.final_deceleration_mps2)
    return SpeedRequest(max(-config.deceleration_max_mps2, min(config.acceleration_max_mps2, wanted)))


def pedals_for(config: ControlConfig, vehicle: VehicleSpec, request: SpeedRequest,
               speed_mps: float) -> tuple[float, float]:
    """(throttle, brake), never both: the inverse of the pedal model in vehicle.bicycle."""
    if request.hold:
        return 0.0, config.hold_brake
    effort = request.acceleration_mps2 + DRAG_MPS2_PER_MPS * speed_mps
    if effort >= 0.0:
        available = vehicle.max_acceleration_mps2 * max(0.05, 1.0 - speed_mps / vehicle.max_speed_mps)
        return min(1.0, effort / available), 0.0
    return 0.0, min(1.0, -effort / vehicle.max_deceleration_mps2)
