"""From route points and waypoints to a trajectory: the route gives the place, the waypoints give the time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.driving.profile import STEP_S, TIMES_S, distance_along, speed_profile
from automot_ros.geometry.polyline import Points, Polyline
from automot_ros.scene.plan import ROUTE_POINTS, WAYPOINTS, PlanStatus, Trajectory
from automot_ros.scene.sensing import EgoState

SHORTEST_ROUTE_M = 5.0
FARTHEST_POINT_M = 150.0
# Back to the route within this time, and not within less than this distance: what the prediction of the motion
# assumes of the controller.
RETURN_S = 1.0
RETURN_MIN_M = 4.0
# Curvature is taken over the way of this time, at least this distance: route points are a metre apart and noisy, and
# the faster the car, the less it can follow their noise.
CURVATURE_WINDOW_S = 0.8
CURVATURE_WINDOW_MIN_M = 3.0


def trajectory_from(ego: EgoState, waypoints_62: NDArray[np.floating], route_202: NDArray[np.floating], *,
                    status: PlanStatus = PlanStatus.NOMINAL, reason: str = "",
                    context_age_s: float = 0.0) -> Trajectory:
    """The trajectory (map frame, 0.1 s steps to 3 s) of a plan in the ego frame at `ego.stamp_ns`.

    A plan that cannot be driven (not finite, no path, far away) gives a stop with the reason; wrong shapes raise.
    """
    waypoints = np.asarray(waypoints_62, dtype=np.float64).reshape(WAYPOINTS, 2)
    route = np.asarray(route_202, dtype=np.float64).reshape(ROUTE_POINTS, 2)
    fault = _fault(ego, waypoints, route)
    if fault:
        return stop_trajectory(ego, fault, context_age_s)
    try:
        path, motion = _lines(ego.speed_mps, waypoints, route)
    except AutomotError as error:
        return stop_trajectory(ego, str(error), context_age_s)
    speeds = speed_profile(ego.speed_mps, _progress(motion, waypoints))
    return _assembled(ego, path, motion, speeds, status, reason, context_age_s)


def stop_trajectory(ego: EgoState, reason: str, context_age_s: float = 0.0,
                    deceleration_mps2: float = 4.0) -> Trajectory:
    """Straight ahead to a stop: what is sent instead of a plan that cannot be driven."""
    line = Polyline(np.array([[0.0, 0.0], [float(ROUTE_POINTS), 0.0]]))
    speeds = np.maximum(0.0, ego.speed_mps - deceleration_mps2 * TIMES_S)
    return _assembled(ego, line.resampled(1.0), line, speeds, PlanStatus.STOP, reason, context_age_s)


def _fault(ego: EgoState, waypoints: Points, route: Points) -> str:
    if not (np.all(np.isfinite(waypoints)) and np.all(np.isfinite(route))):
        return "plan is not finite"
    farthest = max(float(np.abs(waypoints).max()), float(np.abs(route).max()))
    if farthest > FARTHEST_POINT_M:
        return f"plan reaches {farthest:.0f} m, limit {FARTHEST_POINT_M:.0f} m"
    steps_m = np.hypot(*np.diff(route, axis=0).T)
    if float(np.hypot(*route[-1])) < SHORTEST_ROUTE_M or int((steps_m > 1e-3).sum()) < 3:
        return f"route ends {float(np.hypot(*route[-1])):.1f} m from the car, wanted {SHORTEST_ROUTE_M} m or more"
    return ""


def _lines(speed_mps: float, waypoints: Points, route: Points) -> tuple[Polyline, Polyline]:
    """(path, motion) in the ego frame.

    `path` is the route itself, from abeam of the car: what steering aims at. `motion` starts at the car and returns to
    the route gently, as the car will: its curvature is what the car feels.
    """
    line = Polyline(route)
    points = [route]
    # At speed the last waypoints lie beyond the 20 m of route: they carry the path on.
    tail_yaw = line.yaw_at(line.length_m)
    forward = np.array([math.cos(tail_yaw), math.sin(tail_yaw)])
    last = route[-1]
    for waypoint in waypoints:
        step = waypoint - last
        if step @ forward > 1.0 and abs(forward[0] * step[1] - forward[1] * step[0]) < 0.5 * float(step @ forward):
            points.append(waypoint[None])
            last = waypoint
    # Before the first point (about 1 m ahead) the route comes straight from behind.
    back_yaw = line.yaw_at(0.0)
    before = route[0] - 4.0 * np.array([math.cos(back_yaw), math.sin(back_yaw)])
    line = Polyline(np.concatenate([before[None], *points]))
    start_m, _ = line.project(np.zeros(2), 0.0, 8.0)
    ahead_m = np.arange(0.0, line.length_m - start_m + 1e-6, 1.0)
    on_route = line.at(start_m + ahead_m)
    blend_m = max(RETURN_MIN_M, RETURN_S * speed_mps)
    left_over = np.clip(1.0 - ahead_m / blend_m, 0.0, 1.0)
    left_over = left_over * left_over * (3.0 - 2.0 * left_over)
    yaws = _yaws(line, start_m + ahead_m)
    left = np.stack([-np.sin(yaws), np.cos(yaws)], axis=1)
    gap = -on_route[0]
    aside = float(left[0] @ gap)
    motion_points = on_route + (aside * left_over)[:, None] * left
    motion_points[0] = 0.0
    return Polyline(on_route), Polyline(motion_points)


def _progress(motion: Polyline, waypoints: Points) -> Points:
    """(6,) distance along the motion of each waypoint; never falls."""
    reached, distances, last = 0.0, [], np.zeros(2)
    for waypoint in waypoints:
        step = float(np.hypot(*(waypoint - last)))
        s, _ = motion.project(waypoint, min(reached, motion.length_m - 0.1), reached + step + 2.0)
        if s >= motion.length_m - 1e-6:
            yaw = motion.yaw_at(motion.length_m)
            beyond = waypoint - motion.points_N2[-1]
            s += max(0.0, float(beyond @ np.array([math.cos(yaw), math.sin(yaw)])))
        reached = max(reached, s)
        distances.append(reached)
        last = waypoint
    return np.array(distances)


def _yaws(line: Polyline, s_N: Points) -> Points:
    """(N,) headings of a line at arc lengths, continuous (not wrapped)."""
    steps = np.diff(line.points_N2, axis=0)
    return np.interp(s_N, 0.5 * (line.s_N[:-1] + line.s_N[1:]), np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))


def _wrapped(angles_N: Points) -> Points:
    return (angles_N + math.pi) % (2.0 * math.pi) - math.pi


def _assembled(ego: EgoState, path: Polyline, motion: Polyline, speeds: Points, status: PlanStatus, reason: str,
               context_age_s: float) -> Trajectory:
    pose = ego.pose_map_to_ego
    distances = distance_along(speeds)
    beyond_m = np.maximum(0.0, distances - motion.length_m)
    yaw = _yaws(motion, distances)
    xy = motion.at(distances) + beyond_m[:, None] * np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    window_m = min(motion.length_m, max(CURVATURE_WINDOW_MIN_M, CURVATURE_WINDOW_S * ego.speed_mps))
    behind = np.clip(distances - window_m / 2, 0.0, motion.length_m - window_m)
    curvature = (_yaws(motion, behind + window_m) - _yaws(motion, behind)) / window_m
    acceleration = np.append(np.diff(speeds) / STEP_S, 0.0)
    return Trajectory(
        stamp_ns=ego.stamp_ns, times_s=TIMES_S, xy_N2=pose.apply(xy), yaw_rad_N=_wrapped(pose.yaw_rad + yaw),
        speed_mps_N=speeds, acceleration_mps2_N=acceleration, curvature_N=curvature,
        path_K2=pose.apply(path.points_N2), status=status, reason=reason, context_age_s=context_age_s,
    )
