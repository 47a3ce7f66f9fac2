"""What a plan and a command may be: limits that no correct planner or controller touches."""

from __future__ import annotations

import numpy as np

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import DriveCommand, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec

MAX_POINTS = 1000
# Slower than this a heading or a curvature says nothing.
CRAWL_MPS = 1.0


def trajectory_fault(config: GuardConfig, vehicle: VehicleSpec, trajectory: Trajectory, ego: EgoState) -> str:
    """Why this plan must not be driven, in words; empty when it may. Check off: only what is no plan at all."""
    fault = _form_fault(trajectory)
    if config.check_trajectory and not fault:
        fault = _start_fault(config, trajectory, ego) or _motion_fault(config, vehicle, trajectory)
    return fault


def _form_fault(trajectory: Trajectory) -> str:
    n = len(trajectory.times_s)
    if not 2 <= n <= MAX_POINTS:
        return f"plan has {n} points, wanted 2..{MAX_POINTS}"
    shapes = {
        "xy": (trajectory.xy_N2, (n, 2)), "yaw": (trajectory.yaw_rad_N, (n,)),
        "speed": (trajectory.speed_mps_N, (n,)), "acceleration": (trajectory.acceleration_mps2_N, (n,)),
        "curvature": (trajectory.curvature_N, (n,)), "times": (trajectory.times_s, (n,)),
        "path": (trajectory.path_K2, (len(trajectory.path_K2), 2)),
    }
    for name, (values, shape) in shapes.items():
        if values.shape != shape:
            return f"plan {name} has shape {values.shape}, wanted {shape}"
        if not np.all(np.isfinite(values)):
            return f"plan {name} is not finite"
    if not np.isfinite(trajectory.context_age_s):
        return "plan context age is not finite"
    if not 2 <= len(trajectory.path_K2) <= MAX_POINTS:
        return f"plan path has {len(trajectory.path_K2)} points, wanted 2..{MAX_POINTS}"
    if np.hypot(*(trajectory.path_K2[-1] - trajectory.path_K2[0])) < 1.0:
        return "plan path is shorter than 1 m"
    if abs(float(trajectory.times_s[0])) > 1e-6 or np.any(np.diff(trajectory.times_s) <= 0.0):
        return "plan times do not increase from 0"
    return ""


def _start_fault(config: GuardConfig, trajectory: Trajectory, ego: EgoState) -> str:
    elapsed = (ego.stamp_ns - trajectory.stamp_ns) / SECOND_NS
    planned = [float(np.interp(elapsed, trajectory.times_s, trajectory.xy_N2[:, i])) for i in (0, 1)]
    pose = ego.pose_map_to_ego
    gap = float(np.hypot(planned[0] - pose.x_m, planned[1] - pose.y_m))
    if gap > config.start_gap_max_m:
        return f"plan is {gap:.1f} m from the car, limit {config.start_gap_max_m:.1f} m"
    nearest = int(np.argmin(np.abs(trajectory.times_s - elapsed)))
    turn = abs(wrap_angle(float(trajectory.yaw_rad_N[nearest]) - pose.yaw_rad))
    if turn > config.start_heading_max_rad:
        return f"plan heads {turn:.1f} rad off the car, limit {config.start_heading_max_rad:.1f} rad"
    off = abs(float(np.interp(elapsed, trajectory.times_s, trajectory.speed_mps_N)) - ego.speed_mps)
    if off > config.start_speed_max_mps:
        return f"plan speed is {off:.1f} m/s off the car's, limit {config.start_speed_max_mps:.1f} m/s"
    return ""


def _motion_fault(config: GuardConfig, vehicle: VehicleSpec, trajectory: Trajectory) -> str:
    speeds, times = trajectory.speed_mps_N, trajectory.times_s
    if speeds.min() < -0.01 or speeds.max() > config.plan_speed_max_mps:
        return f"plan speed {speeds.min():.1f}..{speeds.max():.1f} m/s, limit 0..{config.plan_speed_max_mps:.1f} m/s"
    # Positions must move as the speeds say: a plan that jumps is caught even where its speeds look calm.
    moved = np.hypot(*np.diff(trajectory.xy_N2, axis=0).T)
    meant = 0.5 * (speeds[1:] + speeds[:-1]) * np.diff(times)
    worst = float(np.abs(moved - meant).max())
    if worst > 1.0:
        return f"plan position jumps {worst:.1f} m off its speed"
    rates = np.diff(speeds) / np.diff(times)
    fastest, hardest = max(rates.max(), 0.0), max(-rates.min(), 0.0)
    if fastest > config.plan_acceleration_max_mps2:
        return f"plan accelerates at {fastest:.1f} m/s^2, limit {config.plan_acceleration_max_mps2:.1f} m/s^2"
    if hardest > config.plan_deceleration_max_mps2:
        return f"plan brakes at {hardest:.1f} m/s^2, limit {config.plan_deceleration_max_mps2:.1f} m/s^2"
    moving = speeds > CRAWL_MPS
    curvature = np.abs(trajectory.curvature_N) * moving
    tightest = config.plan_curvature_factor * vehicle.curvature_of(1.0)
    if curvature.max() > tightest:
        return f"plan curvature {curvature.max():.2f} 1/m, limit {tightest:.2f} 1/m"
    lateral = float((curvature * speeds**2).max())
    if lateral > config.plan_lateral_max_mps2:
        return f"plan lateral acceleration {lateral:.1f} m/s^2, limit {config.plan_lateral_max_mps2:.1f} m/s^2"
    return ""


def limited_command(config: GuardConfig, vehicle: VehicleSpec, command: DriveCommand, before: DriveCommand,
                    elapsed_s: float, speed_mps: float) -> DriveCommand:
    """The command within its limits: steering by speed and by rate, throttle by rate, never both pedals.

    `before` is the last command given, `elapsed_s` ago. The brake is not limited.
    """
    elapsed = max(0.0, min(0.25, elapsed_s))
    bound = vehicle.steer_of(config.steer_lateral_max_mps2 / max(speed_mps, CRAWL_MPS) ** 2)
    steer = max(-bound, min(bound, command.steer))
    turn = config.steer_rate_max_per_s * elapsed
    steer = max(before.steer - turn, min(before.steer + turn, steer))
    throttle = min(command.throttle, before.throttle + config.throttle_rate_max_per_s * elapsed)
    return DriveCommand.of(command.stamp_ns, 0.0 if command.brake > 0.0 else throttle, command.brake, steer)
