"""Plan-view geometry of lines and arcs: the pieces an OpenDRIVE reference line is made of, and how to join two poses.

Right-handed, metres, radians; curvature 1/m, left positive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from automot_ros.base.errors import MapError
from automot_ros.geometry.se2 import Pose2, wrap_angle

_STRAIGHT_RAD = 1e-4
_FILLET_FROM_RAD = math.radians(25.0)


@dataclass(frozen=True, slots=True)
class Segment:
    """A line (curvature 0) or an arc that begins at `start`."""

    start: Pose2
    length_m: float
    curvature: float

    def at(self, s_m: float) -> Pose2:
        """Pose after `s_m` metres."""
        p, k = self.start, self.curvature
        turned = k * s_m
        half = 0.5 * turned
        chord = s_m if abs(half) < 1e-9 else s_m * math.sin(half) / half
        yaw = p.yaw_rad + half
        return Pose2(p.x_m + chord * math.cos(yaw), p.y_m + chord * math.sin(yaw), wrap_angle(p.yaw_rad + turned))

    @property
    def end(self) -> Pose2:
        """Pose at the far end."""
        return self.at(self.length_m)


def offset_right(pose: Pose2, right_m: float, forward_m: float = 0.0) -> Pose2:
    """The pose moved sideways (right positive) and forward, same heading."""
    c, s = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    return Pose2(pose.x_m + forward_m * c + right_m * s, pose.y_m + forward_m * s - right_m * c, pose.yaw_rad)


def reversed_pose(pose: Pose2) -> Pose2:
    """Same place, opposite heading."""
    return Pose2(pose.x_m, pose.y_m, wrap_angle(pose.yaw_rad + math.pi))


def length_of(path: Iterable[Segment]) -> float:
    """Length of a chain of segments."""
    return sum(s.length_m for s in path)


def sharpest(path: Iterable[Segment]) -> float:
    """Largest absolute curvature on a chain."""
    return max(abs(s.curvature) for s in path)


def pose_on(path: Sequence[Segment], s_m: float) -> Pose2:
    """Pose at an arc length of a chain, clamped to its ends."""
    left = max(0.0, s_m)
    for segment in path:
        if left <= segment.length_m:
            return segment.at(left)
        left -= segment.length_m
    return path[-1].end


def join(start: Pose2, end: Pose2) -> list[Segment]:
    """A smooth path (continuous heading) from one pose to the other.

    A corner is line-arc-line with the largest radius that fits; everything else (lane shifts, gentle bends) is a
    biarc. MapError when the poses coincide or the path would turn back.
    """
    along = start.inverse_apply(end.position_m[None])[0]
    if math.hypot(*along) < 1e-3:
        raise MapError("two poses in one place cannot be joined", got=(start, end))
    turn = wrap_angle(end.yaw_rad - start.yaw_rad)
    if abs(turn) < _STRAIGHT_RAD and abs(along[1]) < 1e-4 and along[0] > 0:
        return [Segment(start, float(along[0]), 0.0)]
    corner = _fillet(start, end, turn)
    return corner if corner is not None else _biarc(start, end)


def chain(poses: Sequence[Pose2]) -> list[Segment]:
    """Join a row of poses, each with the next."""
    return [segment for a, b in pairwise(poses) for segment in join(a, b)]


def _fillet(start: Pose2, end: Pose2, turn: float) -> list[Segment] | None:
    """Line-arc-line, or None where the two headings' lines do not cross ahead of `start` and behind `end`."""
    if not _FILLET_FROM_RAD < abs(turn) < math.radians(150.0):
        return None
    dx, dy = end.x_m - start.x_m, end.y_m - start.y_m
    cross = math.sin(turn)
    ahead = (dx * math.sin(end.yaw_rad) - dy * math.cos(end.yaw_rad)) / cross
    behind = (dy * math.cos(start.yaw_rad) - dx * math.sin(start.yaw_rad)) / cross
    if ahead <= 0.5 or behind <= 0.5:
        return None
    tangent = min(ahead, behind)
    curvature = math.copysign(math.tan(abs(turn) / 2.0) / tangent, turn)
    pieces: list[Segment] = []
    at = start
    for length, bend in ((ahead - tangent, 0.0), (turn / curvature, curvature), (behind - tangent, 0.0)):
        if length > 1e-3:
            pieces.append(Segment(at, length, bend))
            at = pieces[-1].end
    return pieces


def _biarc(start: Pose2, end: Pose2) -> list[Segment]:
    vx, vy = end.x_m - start.x_m, end.y_m - start.y_m
    t0, t1 = start.forward, end.forward
    v_t = vx * (t0[0] + t1[0]) + vy * (t0[1] + t1[1])
    v_v = vx * vx + vy * vy
    spread = 2.0 * (1.0 - float(t0 @ t1))
    if spread < 1e-9:
        reach = v_v / (2.0 * v_t) if v_t > 0 else -1.0
    else:
        reach = (-v_t + math.sqrt(v_t * v_t + spread * v_v)) / spread
    if reach <= 0:
        raise MapError("a path would have to turn back", got=(start, end))
    middle = ((start.x_m + end.x_m + reach * (t0[0] - t1[0])) / 2.0,
              (start.y_m + end.y_m + reach * (t0[1] - t1[1])) / 2.0)
    first = _arc_to(start, middle)
    return [first, _arc_to(first.end, (end.x_m, end.y_m))]


def _arc_to(start: Pose2, target: tuple[float, float]) -> Segment:
    """The arc that leaves `start` along its heading and ends at `target`."""
    dx, dy = target[0] - start.x_m, target[1] - start.y_m
    chord = math.hypot(dx, dy)
    angle = wrap_angle(math.atan2(dy, dx) - start.yaw_rad)
    if abs(angle) < 1e-7:
        return Segment(start, chord, 0.0)
    return Segment(start, chord * angle / math.sin(angle), 2.0 * math.sin(angle) / chord)


def offset_path(path: Sequence[Segment], right_m: float) -> list[Segment]:
    """The chain beside a chain, `right_m` to its right, exactly parallel. No arc may be tighter than that."""
    return [Segment(offset_right(s.start, right_m), s.length_m * (1.0 + s.curvature * right_m),
                    s.curvature / (1.0 + s.curvature * right_m)) for s in path]


def reversed_path(path: Sequence[Segment]) -> list[Segment]:
    """The same chain driven the other way."""
    return [Segment(reversed_pose(s.end), s.length_m, -s.curvature) for s in reversed(path)]


def cut(path: Sequence[Segment], from_m: float, to_m: float) -> list[Segment]:
    """The part of a chain between two arc lengths."""
    pieces, s = [], 0.0
    for segment in path:
        low, high = max(from_m - s, 0.0), min(to_m - s, segment.length_m)
        if high - low > 1e-3:
            pieces.append(Segment(segment.at(low), high - low, segment.curvature))
        s += segment.length_m
    return pieces
