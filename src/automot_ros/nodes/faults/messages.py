"""What a fault makes of a topic: pure functions from the messages since the last good one to what is sent instead of
the newest.

`heard` is never empty, its last message is the one that has just come; messages are never changed in place.
"""

from __future__ import annotations

import array
import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Quaternion

SECOND_NS = 1_000_000_000
DELAY_NS = SECOND_NS
STAMP_OFF_NS = 5 * SECOND_NS
CLOCK_OFF_NS = 10 * SECOND_NS
ELSEWHERE_M = 30.0
FAR_AWAY_M = 2000.0
TOO_FAST = 8.0
Effect = Callable[[Sequence[Any]], list[Any]]


def stamp_ns(message: Any) -> int:
    """The stamp of a message with a header, or the time of a clock message."""
    stamp = message.header.stamp if hasattr(message, "header") else message.clock
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def changed(message: Any, **values: Any) -> Any:
    """A copy with other values; the arrays are shared."""
    made = copy.copy(message)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def restamped(message: Any, at_ns: int) -> Any:
    """The same at another time."""
    time = Time(sec=at_ns // SECOND_NS, nanosec=at_ns % SECOND_NS)
    if not hasattr(message, "header"):
        return changed(message, clock=time)
    return changed(message, header=changed(message.header, stamp=time))


def lost(heard: Sequence[Any]) -> list[Any]:
    """Nothing arrives."""
    return []


def frozen(heard: Sequence[Any]) -> list[Any]:
    """The first content for ever, with stamps as fresh as ever."""
    return [restamped(heard[0], stamp_ns(heard[-1]))]


def delayed(heard: Sequence[Any]) -> list[Any]:
    """Everything a second late, with the stamp it was taken at."""
    now = stamp_ns(heard[-1])
    return [m for m in heard if now - stamp_ns(m) >= DELAY_NS][-1:]


def reordered(heard: Sequence[Any]) -> list[Any]:
    """Two at a time, the newer first."""
    return [] if len(heard) % 2 else [heard[-1], heard[-2]]


def duplicated(heard: Sequence[Any]) -> list[Any]:
    """Three times the same."""
    return [heard[-1]] * 3


def wrong_stamps(heard: Sequence[Any]) -> list[Any]:
    """Stamps from the future."""
    return [restamped(heard[-1], stamp_ns(heard[-1]) + STAMP_OFF_NS)]


def wrong_frame(heard: Sequence[Any]) -> list[Any]:
    """In a frame that nobody asked for."""
    return [changed(heard[-1], header=changed(heard[-1].header, frame_id="elsewhere"))]


def image_of_wrong_size(heard: Sequence[Any]) -> list[Any]:
    """A quarter of the picture."""
    m = heard[-1]
    width, height = m.width // 2, m.height // 2
    pixels = array.array("B", bytes(m.data[: 4 * width * height]))
    return [changed(m, width=width, height=height, step=4 * width, data=pixels)]


def image_of_noise(heard: Sequence[Any]) -> list[Any]:
    """Bytes of no known encoding: an image has no NaN."""
    return [changed(heard[-1], encoding="32FC4")]


def points_of_wrong_size(heard: Sequence[Any]) -> list[Any]:
    """Fewer bytes than announced."""
    return [changed(heard[-1], data=heard[-1].data[: len(heard[-1].data) // 2])]


def points_not_finite(heard: Sequence[Any]) -> list[Any]:
    """Every number is NaN."""
    nothing = array.array("f", [math.nan]) * (len(heard[-1].data) // 4)
    return [changed(heard[-1], data=array.array("B", nothing.tobytes()))]


def points_empty(heard: Sequence[Any]) -> list[Any]:
    """A sweep in which nothing came back."""
    return [changed(heard[-1], width=0, row_step=0, data=array.array("B"))]


def odometry_of_wrong_size(heard: Sequence[Any]) -> list[Any]:
    """An orientation that is no rotation."""
    return [_with_pose(heard[-1], orientation=Quaternion(x=0.0, y=0.0, z=0.0, w=2.0))]


def odometry_not_finite(heard: Sequence[Any]) -> list[Any]:
    """A position that is no number, a speed that is infinite."""
    position = changed(heard[-1].pose.pose.position, x=math.nan)
    return [_with_pose(heard[-1], position=position)]


def route_of_wrong_size(heard: Sequence[Any]) -> list[Any]:
    """A route of one point."""
    return [changed(heard[-1], poses=heard[-1].poses[:1])]


def route_not_finite(heard: Sequence[Any]) -> list[Any]:
    """A point in the middle is no number."""
    poses = list(heard[-1].poses)
    poses[len(poses) // 2] = _shifted(poses[len(poses) // 2], math.inf)
    return [changed(heard[-1], poses=poses)]


def route_elsewhere(heard: Sequence[Any]) -> list[Any]:
    """The whole route in another town."""
    return [changed(heard[-1], poses=[_shifted(p, FAR_AWAY_M) for p in heard[-1].poses])]


def context_of_another_model(heard: Sequence[Any]) -> list[Any]:
    """Computed by other weights."""
    return [changed(heard[-1], model_hash="f" * 64)]


def context_of_old_epoch(heard: Sequence[Any]) -> list[Any]:
    """From before the understanding node was started."""
    m = heard[-1]
    return [changed(m, epoch=m.epoch - 1, segment=f"automot_{m.epoch - 1:016x}" if m.segment else "")]


def context_torn(heard: Sequence[Any]) -> list[Any]:
    """Its slot has been written again meanwhile."""
    return [changed(heard[-1], generation=heard[-1].generation + 1)]


def context_corrupted(heard: Sequence[Any]) -> list[Any]:
    """A payload that is not what was announced."""
    return [changed(heard[-1], checksum=heard[-1].checksum ^ 1)]


def context_oversize(heard: Sequence[Any]) -> list[Any]:
    """Claims more than any memory holds."""
    return [changed(heard[-1], tokens=2**31, size=2**62)]


def plan_not_finite(heard: Sequence[Any]) -> list[Any]:
    """NaN where the car should be."""
    return [_with_points(heard[-1], lambda p: changed(p, pose=changed(p.pose, x_m=math.nan)))]


def plan_elsewhere(heard: Sequence[Any]) -> list[Any]:
    """A plan that begins 30 m beside the car."""
    m = _with_points(heard[-1], lambda p: changed(p, pose=changed(p.pose, y_m=p.pose.y_m + ELSEWHERE_M)))
    return [changed(m, path=[changed(p, y=p.y + ELSEWHERE_M) for p in m.path])]


def plan_empty(heard: Sequence[Any]) -> list[Any]:
    """A plan of nothing."""
    return [changed(heard[-1], points=[], path=[])]


def plan_backwards(heard: Sequence[Any]) -> list[Any]:
    """The last point first."""
    return [changed(heard[-1], points=list(reversed(heard[-1].points)))]


def plan_impossible(heard: Sequence[Any]) -> list[Any]:
    """From where the car is, at eight times its speed."""
    m = heard[-1]
    first = m.points[0].pose
    def faster(p: Any) -> Any:
        pose = changed(p.pose, x_m=first.x_m + TOO_FAST * (p.pose.x_m - first.x_m),
                       y_m=first.y_m + TOO_FAST * (p.pose.y_m - first.y_m))
        return changed(p, pose=pose, speed_mps=TOO_FAST * p.speed_mps,
                       acceleration_mps2=TOO_FAST * p.acceleration_mps2)
    return [_with_points(m, faster)]


def clock_ahead(heard: Sequence[Any]) -> list[Any]:
    """The clock jumps ten seconds forwards, the sensors do not."""
    return [restamped(heard[-1], stamp_ns(heard[-1]) + CLOCK_OFF_NS)]


def clock_back(heard: Sequence[Any]) -> list[Any]:
    """The clock jumps ten seconds backwards, as where a bag begins again; the sensors do not."""
    return [restamped(heard[-1], max(0, stamp_ns(heard[-1]) - CLOCK_OFF_NS))]


def _with_pose(odometry: Any, **values: Any) -> Any:
    covered = changed(odometry.pose, pose=changed(odometry.pose.pose, **values))
    return changed(odometry, pose=covered)


def _shifted(stamped: Any, by_m: float) -> Any:
    position = changed(stamped.pose.position, x=stamped.pose.position.x + by_m)
    return changed(stamped, pose=changed(stamped.pose, position=position))


def _with_points(plan: Any, change: Callable[[Any], Any]) -> Any:
    return changed(plan, points=[change(p) for p in plan.points])
