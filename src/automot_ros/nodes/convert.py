"""Standard ROS messages to the vocabulary of scene/ and back. Everything from outside is checked before it is used.

Each `x_from_msg` raises MessageError with what, where, got and wanted; none of them trusts a size, a frame or a number.
Large arrays are set as array.array, after construction: the constructor copies element by element, and rclpy checks
every element of anything else.
"""

from __future__ import annotations

import array
import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Quaternion, TransformStamped
from nav_msgs.msg import Odometry, Path
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from automot_ros.base.errors import MessageError
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes.pictures import pixels_from_msg
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, CameraModel, EgoState, PointCloud

MAP_FRAME = "map"
EGO_FRAME = "hero"
FAR_M = 1e7
FAST_MPS = 200.0
MAX_POINTS = 2_000_000
FAR_POINT_M = 1000.0
MAX_ROUTE_POINTS = 100_000
ROUTE_GAP_M = 2.5
_FLOATS: dict[int, np.dtype[np.floating]] = {PointField.FLOAT32: np.dtype("<f4"), PointField.FLOAT64: np.dtype("<f8")}
_PACKED = [(offset, np.dtype("<f4")) for offset in (0, 4, 8, 12)]


def stamp_to_msg(stamp_ns: int) -> Time:
    """Nanoseconds as a ROS time."""
    return Time(sec=stamp_ns // SECOND_NS, nanosec=stamp_ns % SECOND_NS)


def stamp_from_msg(stamp: Time, where: str) -> int:
    """A ROS time as nanoseconds, never negative."""
    if stamp.sec < 0 or stamp.nanosec >= SECOND_NS:
        raise MessageError("impossible time", where=f"{where}.stamp", got=f"{stamp.sec} s {stamp.nanosec} ns",
                           wanted=">= 0 s and < 1e9 ns")
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def header(stamp_ns: int, frame: str) -> Header:
    """A header with the stamp of the input."""
    return Header(stamp=stamp_to_msg(stamp_ns), frame_id=frame)


def finite(value: float, limit: float, where: str) -> float:
    """`value` if it is a number of magnitude up to `limit`."""
    if not (math.isfinite(value) and abs(value) <= limit):
        raise MessageError("number out of bounds", where=where, got=value, wanted=f"-{limit:g}..{limit:g}")
    return float(value)


def wanted_frame(message: Header, frame: str, where: str) -> None:
    """Refuse data in another frame: a wrong frame is a wrong place."""
    if message.frame_id.lstrip("/") != frame:
        raise MessageError("wrong frame", where=f"{where}.header.frame_id", got=repr(message.frame_id[:64]),
                           wanted=frame)


def quaternion_of(yaw_rad: float) -> Quaternion:
    """A rotation about z."""
    return Quaternion(x=0.0, y=0.0, z=math.sin(yaw_rad / 2.0), w=math.cos(yaw_rad / 2.0))


def yaw_of(q: Quaternion, where: str) -> float:
    """Heading of a unit quaternion, radians in [-pi, pi]; roll and pitch are ignored, a non-rotation is refused."""
    norm = math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w)
    if not 0.99 < norm < 1.01:
        raise MessageError("not a rotation", where=f"{where}.orientation", got=f"norm {norm:g}", wanted="1")
    return math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))


def ego_from_msg(message: Odometry) -> EgoState:
    """Odometry in the map frame: pose of the box centre, speed along x, yaw rate."""
    where = "odometry"
    wanted_frame(message.header, MAP_FRAME, where)
    p, twist = message.pose.pose.position, message.twist.twist
    pose = Pose2(finite(p.x, FAR_M, f"{where}.x"), finite(p.y, FAR_M, f"{where}.y"),
                 yaw_of(message.pose.pose.orientation, where))
    return EgoState(stamp_from_msg(message.header.stamp, where), pose,
                    finite(twist.linear.x, FAST_MPS, f"{where}.speed"),
                    finite(twist.angular.z, 100.0, f"{where}.yaw_rate"))


def ego_to_msg(ego: EgoState) -> Odometry:
    """As the CARLA bridge sends it: header map, child the role name, twist in the body frame."""
    message = Odometry(header=header(ego.stamp_ns, MAP_FRAME), child_frame_id=EGO_FRAME)
    message.pose.pose.position.x, message.pose.pose.position.y = ego.pose_map_to_ego.x_m, ego.pose_map_to_ego.y_m
    message.pose.pose.orientation = quaternion_of(ego.pose_map_to_ego.yaw_rad)
    message.twist.twist.linear.x, message.twist.twist.angular.z = ego.speed_mps, ego.yaw_rate_radps
    return message


def camera_from_msg(message: Image, model: CameraModel) -> CameraFrame:
    """An 8-bit image of the size of `model` as RGB."""
    where = f"image {model.name}"
    image_HW3 = pixels_from_msg(message, (model.width_px, model.height_px), where)
    return CameraFrame(stamp_from_msg(message.header.stamp, where), model.name, image_HW3)


def camera_to_msg(frame: CameraFrame) -> Image:
    """As the CARLA bridge sends it: bgra8, frame `<role>/<camera>`."""
    height, width = frame.image_HW3.shape[:2]
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[:, :, 3] = 255
    for channel in range(3):  # three strided copies take a third of the time of one reversed one
        pixels[:, :, channel] = frame.image_HW3[:, :, 2 - channel]
    message = Image(header=header(frame.stamp_ns, f"{EGO_FRAME}/{frame.camera}"), height=height, width=width,
                    encoding="bgra8", is_bigendian=0, step=4 * width)
    message.data = byte_array(pixels)
    return message


def camera_info(model: CameraModel, stamp_ns: int) -> CameraInfo:
    """Pinhole without distortion."""
    f, cx, cy = model.focal_px, model.width_px / 2.0, model.height_px / 2.0
    return CameraInfo(header=header(stamp_ns, f"{EGO_FRAME}/{model.name}"), height=model.height_px,
                      width=model.width_px, distortion_model="plumb_bob", d=[0.0] * 5,
                      k=[f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0],
                      r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
                      p=[f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0])


def points_from_msg(message: PointCloud2) -> PointCloud:
    """x, y, z (and intensity where there is one) as float32; points that are not finite or beyond 1 km are left out.

    Fields are float32 or float64 at any offset, among any others; organised clouds may have padded rows. A cloud of
    which nothing is left is refused.
    """
    where = "points"
    count = message.width * message.height
    if count > MAX_POINTS:
        raise MessageError("too many points", where=where, got=count, wanted=f"<= {MAX_POINTS}")
    if message.is_bigendian:
        raise MessageError("wrong byte order", where=where, got="big-endian", wanted="little-endian")
    places: dict[str, tuple[int, np.dtype[np.floating]]] = {
        f.name: (f.offset, _FLOATS[f.datatype]) for f in message.fields if f.datatype in _FLOATS and f.count <= 1}
    missing = [n for n in ("x", "y", "z") if n not in places]
    if missing:
        raise MessageError("field missing", where=where,
                           got=[f"{f.name[:16]}:{f.datatype}" for f in message.fields[:16]],
                           wanted="x, y, z as float32 or float64")
    step = message.point_step
    names = [n for n in ("x", "y", "z", "intensity") if n in places]
    row = message.width * step if message.height <= 1 else message.row_step
    if (row < message.width * step or len(message.data) != message.height * row
            or any(offset + kind.itemsize > step for offset, kind in (places[n] for n in names))):
        raise MessageError("wrong amount of data", where=where,
                           got=f"{len(message.data)} bytes, point step {step}, row step {message.row_step}",
                           wanted=f"{message.height} rows of {message.width} points")
    stamp_ns = stamp_from_msg(message.header.stamp, where)
    if count == 0:
        return PointCloud(stamp_ns, np.zeros((0, 4), np.float32))
    if step == 16 and row == 16 * message.width and [places[n] for n in names] == _PACKED:
        points_N4 = np.frombuffer(message.data, "<f4").reshape(count, 4).astype(np.float32)
    else:
        rows = np.frombuffer(message.data, np.uint8).reshape(message.height, row)
        raw = rows[:, : message.width * step].reshape(count, step)
        points_N4 = np.zeros((count, 4), np.float32)
        for column, name in enumerate(names):
            offset, kind = places[name]
            values = raw[:, offset : offset + kind.itemsize].copy().view(kind)[:, 0]
            with np.errstate(over="ignore"):  # a float64 that is no float32 becomes infinite and is left out
                points_N4[:, column] = values
    finite_N = np.isfinite(points_N4[:, 3])
    if not (np.abs(points_N4[:, :3]).max() < FAR_POINT_M and finite_N.all()):  # a NaN is below nothing
        with np.errstate(invalid="ignore"):
            points_N4 = points_N4[(np.abs(points_N4[:, :3]) < FAR_POINT_M).all(axis=1) & finite_N]
        if not len(points_N4):  # an empty road looks like this too: nobody may take it for one
            raise MessageError("not finite", where=where, got=f"none of {count} points", wanted="numbers")
    return PointCloud(stamp_ns, points_N4)


def points_to_msg(cloud: PointCloud, frame: str = f"{EGO_FRAME}/lidar") -> PointCloud2:
    """As the CARLA bridge sends it: x, y, z, intensity, 16 bytes a point."""
    count = len(cloud.points_N4)
    fields = [PointField(name=n, offset=4 * i, datatype=PointField.FLOAT32, count=1)
              for i, n in enumerate(("x", "y", "z", "intensity"))]
    message = PointCloud2(header=header(cloud.stamp_ns, frame), height=1, width=count, fields=fields,
                          is_bigendian=False, point_step=16, row_step=16 * count, is_dense=True)
    message.data = byte_array(cloud.points_N4.astype("<f4", copy=False))
    return message


def route_from_msg(message: Path) -> Route:
    """A path in the map with points at most 2.5 m apart."""
    where = "route"
    wanted_frame(message.header, MAP_FRAME, where)
    if not 2 <= len(message.poses) <= MAX_ROUTE_POINTS:
        raise MessageError("not a route", where=where, got=f"{len(message.poses)} points",
                           wanted=f"2..{MAX_ROUTE_POINTS}")
    points_N2 = np.array([[p.pose.position.x, p.pose.position.y] for p in message.poses])
    if not (np.isfinite(points_N2).all() and np.abs(points_N2).max() < FAR_M):
        raise MessageError("number out of bounds", where=where, got="NaN or far away",
                           wanted=f"-{FAR_M:g}..{FAR_M:g} m")
    gaps = np.hypot(*np.diff(points_N2, axis=0).T)
    if gaps.max() > ROUTE_GAP_M or gaps.sum() < 1.0:
        raise MessageError("not a route", where=where, got=f"{gaps.sum():.1f} m long, widest gap {gaps.max():.1f} m",
                           wanted=f"> 1 m long, gaps <= {ROUTE_GAP_M} m")
    return Route(stamp_from_msg(message.header.stamp, where), points_N2)


def path_to_msg(points_N2: NDArray[np.float64], stamp_ns: int, frame: str = MAP_FRAME) -> Path:
    """Points as nav_msgs/Path, headings along the path."""
    message = Path(header=header(stamp_ns, frame))
    steps = np.diff(points_N2, axis=0, append=points_N2[-1:] * 2 - points_N2[-2:-1])
    for (x, y), (dx, dy) in zip(points_N2.tolist(), steps.tolist(), strict=True):
        pose = PoseStamped(header=message.header)
        pose.pose.position.x, pose.pose.position.y = x, y
        pose.pose.orientation = quaternion_of(math.atan2(dy, dx))
        message.poses.append(pose)
    return message


def transform_to_msg(pose: Pose2, stamp_ns: int, parent: str, child: str, z_m: float = 0.0) -> TransformStamped:
    """pose_parent_to_child for /tf."""
    message = TransformStamped(header=header(stamp_ns, parent), child_frame_id=child)
    message.transform.translation.x, message.transform.translation.y = pose.x_m, pose.y_m
    message.transform.translation.z = z_m
    message.transform.rotation = quaternion_of(pose.yaw_rad)
    return message


def byte_array(values: NDArray[np.generic]) -> array.array[int]:
    """The bytes of an array as rclpy takes them without looking at each."""
    out = array.array("B")
    out.frombytes(np.ascontiguousarray(values).data.cast("B") if values.size else b"")
    return out
