"""Drives to learn from, as bags: the messages of a real drive at its topics, and what the expert says to them.

A bag of ours has four looks a second: a PNG of the front camera, the two half sweeps before it, odometry for both, the
route once, and a label for each look. Any other bag with these topics (CARLA's bridge, a car) is read alike; without
labels, its odometry says what the driver did.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError
from automot_ros.data.bags import BagMessage, BagReader, BagWriter, offered_qos
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.decision import Lateral, Longitudinal
from automot_ros.scene.plan import ROUTE_POINTS, WAYPOINTS
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState, PointCloud

BODY_COLUMNS = 7
PACKED = "/compressed"
_POINT_GRID = 256.0
_MOST_PIXELS, _MOST_POINTS, _MOST_BODIES = 4096 * 4096, 2_000_000, 10_000
_FIELDS = ("x", "y", "z", "intensity")
_FLOAT32, _LIGHTS = 7, 4
_CHANNELS = {"rgb8": (0, 1, 2), "bgr8": (2, 1, 0), "rgba8": (0, 1, 2), "bgra8": (2, 1, 0)}


@dataclass(frozen=True, slots=True)
class Topics:
    """Where a bag has what is needed; the defaults are those of the CARLA bridge with our recorder beside it."""

    image: str = f"/carla/hero/rgb_front/image{PACKED}"
    points: str = "/carla/hero/lidar"
    odometry: str = "/carla/hero/odometry"
    route: str = "/carla/hero/waypoints"
    label: str = "/automot/expert"


@dataclass(frozen=True, slots=True)
class Label:
    """One ExpertLabel: see msg/ExpertLabel.msg. bodies_N7: kind, x, y, yaw, length, width, speed."""

    stamp_ns: int
    waypoints_62: NDArray[np.float32]
    route_202: NDArray[np.float32]
    speeds_3: NDArray[np.float32]
    longitudinal_3: NDArray[np.int64]
    lateral_3: NDArray[np.int64]
    light: int
    hazard: str
    hazard_m: float
    report: str
    words: str
    bodies_N7: NDArray[np.float32]


Moment = EgoState | CameraFrame | PointCloud | Route | Label


class EpisodeWriter:
    """Writes one bag of a drive; use as a context manager: it appears whole or not at all."""

    def __init__(self, path: Path, topics: Topics | None = None) -> None:
        self.topics = topics or Topics()
        self._bag = BagWriter(path, compress=True)
        t, latched = self.topics, offered_qos(reliable=True, latched=True, depth=1)
        sensor = offered_qos(reliable=False, latched=False, depth=5)
        for topic, kind, qos in ((t.route, "nav_msgs/msg/Path", latched), (t.odometry, "nav_msgs/msg/Odometry", sensor),
                                 (t.image, "sensor_msgs/msg/CompressedImage", sensor),
                                 (t.points, "sensor_msgs/msg/PointCloud2", sensor),
                                 (t.label, "automot_ros/msg/ExpertLabel", None)):
            self._bag.add_topic(topic, kind, qos)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self._bag.__exit__(*error)

    def write(self, moment: Moment) -> None:
        """Add what was sensed or said, at its own stamp."""
        t = self.topics
        if isinstance(moment, Route):
            topic, message = t.route, self._route(moment)
        elif isinstance(moment, EgoState):
            topic, message = t.odometry, self._odometry(moment)
        elif isinstance(moment, CameraFrame):
            topic, message = t.image, self._image(moment)
        elif isinstance(moment, PointCloud):
            topic, message = t.points, self._points(moment)
        else:
            topic, message = t.label, self._label(moment)
        self._bag.write_decoded(topic, moment.stamp_ns, message)

    def _made(self, kind: str, **fields: Any) -> Any:
        return self._bag.message_class(kind)(**fields)

    def _header(self, stamp_ns: int, frame: str) -> Any:
        stamp = self._made("builtin_interfaces/msg/Time", sec=stamp_ns // SECOND_NS, nanosec=stamp_ns % SECOND_NS)
        return self._made("std_msgs/msg/Header", stamp=stamp, frame_id=frame)

    def _pose(self, pose: Pose2) -> Any:
        return self._made(
            "geometry_msgs/msg/Pose", position=self._vector("Point", pose.x_m, pose.y_m),
            orientation=self._made("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=math.sin(pose.yaw_rad / 2.0),
                                   w=math.cos(pose.yaw_rad / 2.0)))

    def _vector(self, kind: str, x: float, y: float, z: float = 0.0) -> Any:
        return self._made(f"geometry_msgs/msg/{kind}", x=float(x), y=float(y), z=float(z))

    def _odometry(self, ego: EgoState) -> Any:
        unknown = np.zeros(36)
        twist = self._made("geometry_msgs/msg/Twist", linear=self._vector("Vector3", ego.speed_mps, 0.0),
                           angular=self._vector("Vector3", 0.0, 0.0, ego.yaw_rate_radps))
        return self._made(
            "nav_msgs/msg/Odometry", header=self._header(ego.stamp_ns, "map"), child_frame_id="hero",
            pose=self._made("geometry_msgs/msg/PoseWithCovariance", pose=self._pose(ego.pose_map_to_ego),
                            covariance=unknown),
            twist=self._made("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=unknown))

    def _route(self, route: Route) -> Any:
        header = self._header(route.stamp_ns, "map")
        return self._made("nav_msgs/msg/Path", header=header, poses=[
            self._made("geometry_msgs/msg/PoseStamped", header=header, pose=self._pose(Pose2(float(x), float(y), 0.0)))
            for x, y in route.points_map_N2])

    def _image(self, frame: CameraFrame) -> Any:
        done, png = cv2.imencode(".png", np.ascontiguousarray(frame.image_HW3[..., ::-1]),
                                 [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise MessageError("image cannot be packed", where=self.topics.image, got=frame.image_HW3.shape)
        header = self._header(frame.stamp_ns, f"hero/{frame.camera}")
        return self._made("sensor_msgs/msg/CompressedImage", header=header, format="rgb8; png compressed bgr8",
                          data=png.reshape(-1))

    def _points(self, cloud: PointCloud) -> Any:
        # Rounded to 4 mm, finer than any LiDAR: what is left packs to half.
        rounded = np.round(cloud.points_N4 * _POINT_GRID) / _POINT_GRID
        fields = [self._made("sensor_msgs/msg/PointField", name=name, offset=4 * i, datatype=_FLOAT32, count=1)
                  for i, name in enumerate(_FIELDS)]
        data = np.frombuffer(rounded.astype("<f4").tobytes(), np.uint8)
        return self._made("sensor_msgs/msg/PointCloud2", header=self._header(cloud.stamp_ns, "hero/lidar"), height=1,
                          width=len(rounded), fields=fields, is_bigendian=False, point_step=16,
                          row_step=16 * len(rounded), data=data, is_dense=True)

    def _label(self, label: Label) -> Any:
        return self._made(
            "automot_ros/msg/ExpertLabel", header=self._header(label.stamp_ns, "hero"),
            waypoints=label.waypoints_62.reshape(-1), route=label.route_202.reshape(-1), speeds=label.speeds_3,
            longitudinal=label.longitudinal_3.astype(np.uint8), lateral=label.lateral_3.astype(np.uint8),
            light=label.light, hazard=label.hazard, hazard_m=float(label.hazard_m), report=label.report,
            words=label.words, bodies=label.bodies_N7.reshape(-1))


def read_moments(path: Path, topics: Topics | None = None) -> Iterator[Moment]:
    """Everything of a bag that can be learned from, in the order of recording. Images may be packed or not.

    Raises MessageError naming bag, topic and what is wrong; a topic that is missing is one of them, labels excepted.
    """
    t = topics or Topics()
    with BagReader(path) as bag:
        there = bag.topics
        if t.image not in there and t.image.removesuffix(PACKED) in there:
            t = replace(t, image=t.image.removesuffix(PACKED))
        missing = [name for name in (t.image, t.points, t.odometry, t.route) if name not in there]
        if missing:
            raise MessageError("topics missing", where=str(path), got=", ".join(there), wanted=", ".join(missing))
        for message in bag.messages([name for name in (t.image, t.points, t.odometry, t.route, t.label)
                                     if name in there]):
            yield _moment(message, path, t)


def _moment(message: BagMessage, path: Path, topics: Topics) -> Moment:
    m, where = message.message, f"{path} {message.topic}"
    stamp_ns = int(m.header.stamp.sec) * SECOND_NS + int(m.header.stamp.nanosec)
    if message.topic == topics.odometry:
        p, w = m.pose.pose.position, m.pose.pose.orientation
        yaw = math.atan2(2.0 * (w.w * w.z + w.x * w.y), 1.0 - 2.0 * (w.y * w.y + w.z * w.z))
        numbers = (p.x, p.y, yaw, m.twist.twist.linear.x, m.twist.twist.angular.z)
        if not all(map(math.isfinite, numbers)):
            raise MessageError("number not finite", where=where, got=numbers)
        return EgoState(stamp_ns, Pose2(p.x, p.y, yaw), numbers[3], numbers[4])
    if message.topic == topics.image:
        return CameraFrame(stamp_ns, "rgb_front", _picture(m, where))
    if message.topic == topics.points:
        return PointCloud(stamp_ns, _cloud(m, where))
    if message.topic == topics.route:
        return Route(stamp_ns, np.array([[p.pose.position.x, p.pose.position.y] for p in m.poses], np.float64))
    return _said(m, stamp_ns, where)


def _picture(m: Any, where: str) -> NDArray[np.uint8]:
    """RGB from an Image or a CompressedImage."""
    if hasattr(m, "format"):
        try:
            image = cv2.imdecode(np.frombuffer(m.data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:  # no bytes at all, or more pixels than it takes
            image = None
        if image is None:
            raise MessageError("image cannot be unpacked", where=where, got=m.format[:40], wanted="png or jpeg")
        return np.ascontiguousarray(image[..., ::-1])
    order = _CHANNELS.get(m.encoding)
    channels = len(m.encoding.removesuffix("8"))
    if order is None or m.width * m.height > _MOST_PIXELS or m.step < channels * m.width or (
            len(m.data) != m.step * m.height):
        raise MessageError("image not readable", where=where, got=f"{m.encoding[:20]} {m.width} x {m.height}",
                           wanted=" | ".join(_CHANNELS))
    rows = np.frombuffer(m.data, np.uint8).reshape(m.height, m.step)[:, : channels * m.width]
    return np.ascontiguousarray(rows.reshape(m.height, m.width, channels)[..., order])


def _cloud(m: Any, where: str) -> NDArray[np.float32]:
    """(N, 4) x, y, z, intensity; finite rows only."""
    count, step = m.width * m.height, m.point_step
    offsets = {f.name: f.offset for f in m.fields if f.datatype == _FLOAT32}
    if any(name not in offsets for name in _FIELDS[:3]) or m.is_bigendian or count > _MOST_POINTS or (
            len(m.data) != count * step) or any(o + 4 > step for o in offsets.values()):
        raise MessageError("points not readable", where=where, got=f"{sorted(offsets)}, {len(m.data)} bytes",
                           wanted="x, y, z as float32, little-endian, whole")
    raw = np.frombuffer(m.data, np.uint8).reshape(count, step)
    points = np.zeros((count, 4), np.float32)
    for i, name in enumerate(_FIELDS):
        if name in offsets:
            points[:, i] = raw[:, offsets[name] : offsets[name] + 4].copy().view("<f4")[:, 0]
    return points[np.isfinite(points[:, :3]).all(axis=1)]


def _said(m: Any, stamp_ns: int, where: str) -> Label:
    whole = len(m.bodies) % BODY_COLUMNS == 0 and len(m.bodies) <= BODY_COLUMNS * _MOST_BODIES
    finite = not math.isnan(m.hazard_m) and all(
        np.isfinite(n).all() for n in (m.waypoints, m.route, m.speeds, m.bodies))
    known = (m.longitudinal.max() < len(Longitudinal) and m.lateral.max() < len(Lateral) and m.light < _LIGHTS
             and np.isin(m.bodies[::BODY_COLUMNS], list(BodyKind)).all())
    if not (whole and finite and known):
        raise MessageError("label not readable", where=where, wanted="finite numbers, bodies in rows of 7, known kinds",
                           got=f"{len(m.bodies)} numbers of bodies, light {m.light}, meta-actions "
                               f"{m.longitudinal.tolist()} {m.lateral.tolist()}")
    return Label(stamp_ns, m.waypoints.reshape(WAYPOINTS, 2), m.route.reshape(ROUTE_POINTS, 2), m.speeds,
                 m.longitudinal.astype(np.int64), m.lateral.astype(np.int64), int(m.light), m.hazard,
                 float(m.hazard_m), m.report, m.words, m.bodies.reshape(-1, BODY_COLUMNS))
