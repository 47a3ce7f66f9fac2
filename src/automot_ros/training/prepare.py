"""Bags to training samples: the same arrays that the cores would give the model at run time, four times a second.

With the expert's labels the label is its plan; without them it is what the odometry did next, so a drive of CARLA or of
a car teaches waypoints, route, speeds and meta-actions (but no words, lights or bodies: those are left unknown).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError, MessageError
from automot_ros.data.episode import Label, Moment, Topics, read_moments
from automot_ros.driving.progress import RouteProgress
from automot_ros.evaluation.pool import Lost, Runner
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.policy.preprocess import (
    PAST_SWEEP_S,
    Sweep,
    action_images,
    bev_histogram,
    past_band,
    route_words,
    target_points,
    understanding_band,
)
from automot_ros.scene.plan import ROUTE_POINTS, ROUTE_STEP_M, WAYPOINT_STEP_S, WAYPOINTS
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState, LidarModel, PointCloud
from automot_ros.simulation.expert.plan import lateral, longitudinal
from automot_ros.training.bodies import body_pictures, unknown_bodies
from automot_ros.training.samples import SAMPLE_S, UNKNOWN, Labels, write_episode

Row = dict[str, object]
_TICK_NS = 50_000_000
_KEPT_NS = SECOND_NS
_FUTURE_S = 3.0


class Odometry:
    """Where the car was at any time of a bag."""

    def __init__(self, messages: Sequence[EgoState]) -> None:
        egos = sorted(messages, key=lambda ego: ego.stamp_ns)
        self._at = {ego.stamp_ns: ego.pose_map_to_ego for ego in egos}
        self.stamps_ns = np.array([ego.stamp_ns for ego in egos])
        pose = np.array([[e.pose_map_to_ego.x_m, e.pose_map_to_ego.y_m, e.pose_map_to_ego.yaw_rad] for e in egos])
        self._xy, self._yaw = pose[:, :2], np.unwrap(pose[:, 2])
        self._speed = np.array([ego.speed_mps for ego in egos])

    def pose(self, stamp_ns: int) -> Pose2:
        """As the odometry says; between two of its stamps interpolated, at the ends the last known."""
        if stamp_ns in self._at:  # exact, as the cores have it: points lie on the edges of cells
            return self._at[stamp_ns]
        x, y, yaw = (float(np.interp(stamp_ns, self.stamps_ns, v)) for v in (*self._xy.T, self._yaw))
        return Pose2(x, y, wrap_angle(yaw))

    def speed(self, stamp_ns: int) -> float:
        """m/s, interpolated."""
        return float(np.interp(stamp_ns, self.stamps_ns, self._speed))

    def path_from(self, stamp_ns: int) -> NDArray[np.float64]:
        """(N, 2) where the car drove from then on, map frame, points at least 5 cm apart."""
        xy = self._xy[self.stamps_ns >= stamp_ns]
        far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        _, first = np.unique(np.floor(far / 0.05), return_index=True)
        return np.asarray(xy[first])


def samples_of(moments: Sequence[Moment], lidar_position_ego_m: tuple[float, float, float]) -> list[Row]:
    """One row of pictures and labels for each look, in order."""
    egos = [m for m in moments if isinstance(m, EgoState)]
    routes = [m for m in moments if isinstance(m, Route)]
    labels = {m.stamp_ns: m for m in moments if isinstance(m, Label)}
    if len(egos) < 2 or not routes:
        raise MessageError("nothing to learn from", got=f"{len(egos)} odometry messages, {len(routes)} routes",
                           wanted="two and one at least")
    odometry, progress = Odometry(egos), RouteProgress(routes[0])
    if not all(map(progress.is_of, routes)):
        raise MessageError("several routes", got=len(routes), wanted="one drive along one route in a bag")
    clouds: list[PointCloud] = []
    rows: list[Row] = []
    step_ns, due_ns = round(SAMPLE_S * SECOND_NS), -SECOND_NS
    for moment in sorted((m for m in moments if isinstance(m, (CameraFrame, PointCloud))), key=_in_order):
        if isinstance(moment, PointCloud):
            clouds = [c for c in clouds if moment.stamp_ns - c.stamp_ns <= _KEPT_NS] + [moment]
            continue
        stamp_ns = moment.stamp_ns
        if stamp_ns < due_ns - _TICK_NS // 2 or not clouds or (labels and stamp_ns not in labels):
            continue
        label = labels.get(stamp_ns) or driven(odometry, stamp_ns, progress.line)
        if label is None:
            continue
        # On a grid, so that samples of a camera of any rate are a quarter of a second apart on the whole.
        due_ns = due_ns + step_ns if stamp_ns - due_ns < step_ns else stamp_ns + step_ns
        rows.append(_row(moment.image_HW3, clouds, odometry, progress, label, lidar_position_ego_m))
    return rows


def _in_order(moment: CameraFrame | PointCloud) -> tuple[int, bool]:
    return moment.stamp_ns, isinstance(moment, CameraFrame)


def _row(image_HW3: NDArray[np.uint8], clouds: Sequence[PointCloud], odometry: Odometry, progress: RouteProgress,
         label: Label, lidar_m: tuple[float, float, float]) -> Row:
    now = label.stamp_ns
    pose, speed = odometry.pose(now), odometry.speed(now)

    def sweeps(until_ns: int) -> tuple[Sweep, ...]:
        newest = [c for c in reversed(clouds) if c.stamp_ns <= until_ns][:2]
        return tuple((c.points_N4, pose.inverse().compose(odometry.pose(c.stamp_ns))) for c in newest)

    s_m = progress.advance(pose)
    bodies = body_pictures(label.bodies_N7) if label.report else unknown_bodies()
    bev = np.stack([bev_histogram(sweeps(now), lidar_m),
                    bev_histogram(sweeps(now - round(PAST_SWEEP_S * SECOND_NS) + _TICK_NS // 2), lidar_m)])
    wide, centre = action_images(image_HW3)
    return {
        "band": understanding_band(image_HW3), "past": past_band(image_HW3), "wide": wide, "centre": centre, "bev": bev,
        **bodies, "targets": target_points(progress.line, s_m, pose).astype(np.float32),
        "speed": np.float32(speed), "pose": np.array([pose.x_m, pose.y_m, pose.yaw_rad]),
        "waypoints": label.waypoints_62, "route": label.route_202, "speeds": label.speeds_3,
        "longitudinal": label.longitudinal_3, "lateral": label.lateral_3, "light": np.int64(label.light),
        "hazard_m": np.float32(label.hazard_m), "hazard": label.hazard, "report": label.report,
        "route_words": route_words(progress.line, s_m)}


def driven(odometry: Odometry, stamp_ns: int, route: Polyline) -> Label | None:
    """What the car did in the next three seconds, as a label without words; None near the end of the bag."""
    def later(seconds: float) -> int:
        return stamp_ns + round(seconds * SECOND_NS)

    if later(_FUTURE_S) > odometry.stamps_ns[-1]:
        return None
    pose = odometry.pose(stamp_ns)
    waypoints = np.array([odometry.pose(later(WAYPOINT_STEP_S * (i + 1))).position_m for i in range(WAYPOINTS)])
    ahead = odometry.path_from(stamp_ns)
    reach = ROUTE_STEP_M * np.arange(1.0, ROUTE_POINTS + 1.0)
    path = Polyline(ahead) if len(ahead) > 1 else route
    s_route, _ = route.project(pose.position_m)
    # Beyond where the car was seen to go, the route it was given goes on.
    points = np.where((reach < path.length_m)[:, None] & (len(ahead) > 1), path.at(np.minimum(reach, path.length_m)),
                      route.at(np.minimum(s_route + reach, route.length_m)))
    speeds = np.array([odometry.speed(later(t)) for t in (0.0, 1.0, 2.0, 3.0)])
    yaws = np.unwrap([odometry.pose(later(t)).yaw_rad for t in (0.0, 1.0, 2.0, 3.0)])
    return Label(
        stamp_ns, pose.inverse_apply(waypoints).astype(np.float32), pose.inverse_apply(points).astype(np.float32),
        speeds[1:].astype(np.float32),
        np.array([longitudinal(a, b) for a, b in pairwise(speeds)]),
        np.array([lateral(float(d)) for d in np.diff(yaws)]), UNKNOWN, "", math.inf, "", "",
        np.zeros((0, 7), np.float32))


def prepare_bag(bag: Path, out: Path, topics: Topics,
                lidar_position_ego_m: tuple[float, float, float] = LidarModel().position_ego_m) -> int:
    """The samples of one bag as the folder out/<name of the bag>; returns their number. One that is there stays.

    MessageError names the bag and what is wrong with it.
    """
    path = out / _name_of(bag)
    if path.exists():
        return 0
    moments = list(read_moments(bag, topics))
    try:
        rows = samples_of(moments, lidar_position_ego_m)
    except AutomotError as error:
        raise MessageError("no samples can be made", where=str(bag), got=error) from error
    if not rows:
        return 0
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    labels = Labels(**{name: columns.pop(name) for name in Labels.__slots__})
    write_episode(path, columns, labels)
    return len(labels)


def prepare(bags: Path, out: Path, runner: Runner, progress: Callable[[str], None],
            topics: Topics | None = None) -> int:
    """Samples of every bag in a folder; resumable. Returns how many were written. MessageError names a broken bag."""
    found = sorted(p for p in bags.iterdir() if not p.name.startswith(".") and (
        (p / "metadata.yaml").exists() or p.suffix in (".mcap", ".bag", ".db3"))) if bags.is_dir() else []
    if not found:
        raise MessageError("no bags", where=str(bags), wanted="a folder of bags")
    todo = [p for p in found if not (out / _name_of(p)).exists()]
    total = 0
    work = partial(prepare_bag, out=out, topics=topics or Topics())
    for done, (index, count) in enumerate(runner.over(work, todo), 1):
        if isinstance(count, Lost):
            raise MessageError("bag cannot be prepared", where=str(todo[index]), got=count.why)
        total += count
        progress(f"bag {done}/{len(todo)}  {todo[index].name}  {count} samples  {total} in all")
    return total


def _name_of(bag: Path) -> str:
    """Of a folder the whole name, dots and all."""
    return bag.name if bag.is_dir() else bag.stem
