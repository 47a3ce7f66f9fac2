"""What a plan and a command may be: limits that no correct planner or controller touches. N points of a plan."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import DriveCommand, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec

MAX_POINTS = 1000
LARGEST = 1e8  # beyond any map, and no square of it overflows
CRAWL_MPS = 1.0  # slower than this a heading or a curvature says nothing
JERK_S = 0.5  # ISO 11270 takes the lateral jerk as the mean of this time
SOON_S = 1.0  # further ahead a plan is a rough guess: there it limits the speed, and is refused for no bend
LONGEST_STEP_S = 0.25  # after a longer silence the next command turns no further


def trajectory_fault(config: GuardConfig, vehicle: VehicleSpec, trajectory: Trajectory, ego: EgoState) -> str:
    """Why this plan must not be driven, in words; empty when it may. Check off: only what is no plan at all."""
    fault = _form_fault(trajectory)
    if fault or not config.check_trajectory:
        return fault
    return _start_fault(config, trajectory, ego) or _motion_fault(config, vehicle, trajectory)


def _form_fault(trajectory: Trajectory) -> str:
    n, k = len(trajectory.times_s), len(trajectory.path_K2)
    if not (2 <= n <= MAX_POINTS and 2 <= k <= MAX_POINTS):
        return f"plan has {n} points and a path of {k} points, wanted 2..{MAX_POINTS}"
    shapes = {"xy_N2": (n, 2), "yaw_rad_N": (n,), "speed_mps_N": (n,), "acceleration_mps2_N": (n,), "curvature_N": (n,),
              "times_s": (n,), "path_K2": (k, 2), "context_age_s": ()}
    for name, shape in shapes.items():
        values = np.asarray(getattr(trajectory, name))
        if values.shape != shape:
            return f"plan {name} has shape {values.shape}, wanted {shape}"
        if not np.all(np.abs(values) < LARGEST):
            return f"plan {name} is not finite"
    if np.hypot(*(trajectory.path_K2[-1] - trajectory.path_K2[0])) < 1.0:
        return "plan path is shorter than 1 m"
    if abs(float(trajectory.times_s[0])) > 1e-6 or np.any(np.diff(trajectory.times_s) <= 0.0):
        return "plan times do not increase from 0"
    return ""


def _first_over(figures: list[tuple[str, float, float, str]]) -> str:
    """The first figure above its limit in words, empty when there is none: (what, value, limit, unit)."""
    over = [f"plan {what} {value:.2f} {unit}, limit {limit:.2f} {unit}"
            for what, value, limit, unit in figures if value > limit]
    return over[0] if over else ""


def _start_fault(config: GuardConfig, trajectory: Trajectory, ego: EgoState) -> str:
    elapsed, pose = (ego.stamp_ns - trajectory.stamp_ns) / SECOND_NS, ego.pose_map_to_ego
    x, y, speed = (float(np.interp(elapsed, trajectory.times_s, values))
                   for values in (*trajectory.xy_N2.T, trajectory.speed_mps_N))
    nearest = int(np.argmin(np.abs(trajectory.times_s - elapsed)))
    return _first_over([
        ("is off the car by", math.hypot(x - pose.x_m, y - pose.y_m), config.start_gap_max_m, "m"),
        ("heads off the car's course by", abs(wrap_angle(float(trajectory.yaw_rad_N[nearest]) - pose.yaw_rad)),
         config.start_heading_max_rad, "rad"),
        ("speed is off the car's by", abs(speed - ego.speed_mps), config.start_speed_max_mps, "m/s"),
    ])


def _motion_fault(config: GuardConfig, vehicle: VehicleSpec, trajectory: Trajectory) -> str:
    speeds, steps_s = trajectory.speed_mps_N, np.diff(trajectory.times_s)
    # Positions must move as the speeds say: a jump is caught even where the speeds look calm.
    jumps = np.hypot(*np.diff(trajectory.xy_N2, axis=0).T) - 0.5 * (speeds[1:] + speeds[:-1]) * steps_s
    rates = np.diff(speeds) / steps_s
    curvatures = np.abs(trajectory.curvature_N) * (speeds > CRAWL_MPS)
    soon = (curvatures * speeds**2)[trajectory.times_s <= SOON_S]
    return _first_over([
        ("runs backwards at", -float(speeds.min()), 0.01, "m/s"),
        ("speed", float(speeds.max()), config.plan_speed_max_mps, "m/s"),
        ("position jumps off its speed by", float(np.abs(jumps).max()), 1.0, "m"),
        ("accelerates at", float(rates.max()), config.plan_acceleration_max_mps2, "m/s^2"),
        ("brakes at", -float(rates.min()), config.plan_deceleration_max_mps2, "m/s^2"),
        ("curvature", float(curvatures.max()), config.plan_curvature_factor * vehicle.curvature_of(1.0), "1/m"),
        ("lateral acceleration", float(soon.max()), config.plan_lateral_max_mps2, "m/s^2"),
    ])


def bend_speed(config: GuardConfig, vehicle: VehicleSpec, trajectory: Trajectory, ego: EgoState) -> tuple[float, str]:
    """(m/s, which limit) of the speed now from which gentle braking keeps every bend ahead within its limits.

    Infinite where the planned speeds keep them anyway: lateral acceleration, lateral jerk, yaw rate, steering rate.
    """
    times, speeds, curvatures = trajectory.times_s, trajectory.speed_mps_N, trajectory.curvature_N
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(trajectory.xy_N2, axis=0).T))])
    before, after = times - JERK_S / 2.0, times + JERK_S / 2.0
    change = np.abs(np.interp(after, times, curvatures) - np.interp(before, times, curvatures))
    # By arc length; the least distance is that of a crawl, so that noise at a standstill is no bend.
    change = change / np.maximum(np.interp(after, times, way) - np.interp(before, times, way), CRAWL_MPS * JERK_S)
    bends, change = np.maximum(np.abs(curvatures), 1e-9), np.maximum(change, 1e-9)
    ahead = way - np.interp((ego.stamp_ns - trajectory.stamp_ns) / SECOND_NS, times, way)
    worst, why = math.inf, ""
    for name, limits in (
        ("lateral acceleration", np.sqrt(config.lateral_max_mps2 / bends)),
        ("lateral jerk", np.cbrt(config.lateral_jerk_max_mps3 / change)),
        ("yaw rate", config.yaw_rate_max_radps / bends),
        ("steering rate", config.steer_rate_max_per_s * vehicle.curvature_of(1.0) / change),
    ):
        broken = (speeds > np.maximum(limits, CRAWL_MPS)) & (ahead >= 0.0)
        allowed = np.sqrt(limits**2 + 2.0 * config.gentle_deceleration_mps2 * ahead.clip(0.0))
        slowest = float(allowed.min(where=broken, initial=math.inf))
        if slowest < worst:
            worst, why = slowest, name
    return worst, why


def limited_command(config: GuardConfig, vehicle: VehicleSpec, command: DriveCommand, before: DriveCommand,
                    elapsed_s: float, speed_mps: float, steer_then: float) -> DriveCommand:
    """The command within its limits: steering by speed and by rate, throttle by rate, never both pedals.

    `before`: the last command, `elapsed_s` ago; `steer_then`: the steering half a second ago. No limit on the brake.
    """
    elapsed, speed = max(0.0, min(LONGEST_STEP_S, elapsed_s)), max(abs(speed_mps), CRAWL_MPS)
    bound = min(config.lateral_max_mps2 / speed**2, config.yaw_rate_max_radps / speed)
    then, swing = vehicle.curvature_of(steer_then), config.lateral_jerk_max_mps3 * JERK_S / speed**2
    low, high = (vehicle.steer_of(max(-bound, min(bound, k))) for k in (then - swing, then + swing))
    turn, rise = config.steer_rate_max_per_s * elapsed, config.throttle_rate_max_per_s * elapsed
    steer = max(before.steer - turn, min(before.steer + turn, max(low, min(high, command.steer))))
    throttle = 0.0 if command.brake > 0.0 else min(command.throttle, before.throttle + rise)
    return DriveCommand.of(command.stamp_ns, throttle, command.brake, steer)
