"""What lies around a route: its lanes, the lanes beside them, oncoming lanes, and the ways through a junction."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.junctions import Junctions, Passage
from automot_ros.simulation.maps.road_map import Lane, RoadMap

Floats = NDArray[np.float64]
_SEEK_M = 12.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a junction. entry and exit: lanes outside; lanes: the connecting lanes in order.

    side: where its arm lies for the ego's approach ("own", "left", "right", "opposite"); turn_rad: left positive.
    """

    entry: int
    lanes: tuple[int, ...]
    exit: int
    side: str
    turn_rad: float


class Surroundings:
    """Questions about the neighbourhood of one route."""

    def __init__(self, road_map: RoadMap, junctions: Junctions, line: Polyline, passages: tuple[Passage, ...]) -> None:
        self.map, self.junctions, self.line, self.passages = road_map, junctions, line, passages

    def lane(self, s_m: float) -> Lane:
        """The lane of the route at an arc length. MapError where the route leaves the road."""
        found = self.map.lane_along(self.line.at(s_m), self.line.yaw_at(s_m))
        if found is None:
            raise MapError("the route is not on a lane", where=f"route at {s_m:.1f} m", got="no lane within 3 m")
        return self.map.lanes[found[0]]

    def lanes_between(self, from_m: float, to_m: float) -> set[int]:
        """Lanes of the route between two arc lengths."""
        return {self.lane(float(s)).index
                for s in np.arange(max(0.0, from_m), min(to_m, self.line.length_m), 4.0)}

    def beside(self, pose: Pose2, left: bool, same_way: bool) -> tuple[int, float] | None:
        """The nearest driving lane to one side of a place: index and its distance (m, centre to place).

        same_way: whether it runs as the pose looks, or against it.
        """
        yaw = pose.yaw_rad if same_way else pose.yaw_rad + math.pi
        side = np.array([-math.sin(pose.yaw_rad), math.cos(pose.yaw_rad)]) * (1.0 if left else -1.0)
        for reach in np.arange(2.0, _SEEK_M, 0.5):
            found = self.map.lane_along(pose.position_m + float(reach) * side, yaw, 0.6)
            if found is not None:
                centre = self.map.lanes[found[0]].center.at(found[1])
                return found[0], float((centre - pose.position_m) @ side)
        return None

    def opposite(self, s_m: float) -> tuple[int, float] | None:
        """The nearest oncoming lane left of the route, with its distance; None where there is none within 12 m."""
        return self.beside(self._pose(s_m), True, False)

    def same_way(self, s_m: float, left: bool) -> int | None:
        """The neighbouring lane of the route that runs the same way, by the map's own word."""
        lane = self.lane(s_m)
        return lane.left if left else lane.right

    def parking(self, s_m: float, left: bool = False) -> tuple[float, float] | None:
        """The parking lane on one side: distance (m) from the route to its centre, and its width; None without one."""
        return self._strip("parking", s_m, left, 9.0 if left else 6.0)

    def sidewalk(self, s_m: float, left: bool = False) -> float | None:
        """Distance (m) from the route to the centre of the sidewalk on one side; None where there is none."""
        found = self._strip("sidewalk", s_m, left, 16.0 if left else 12.0)
        return None if found is None else found[0]

    def sidewalk_right(self, s_m: float) -> float | None:
        """Distance (m) from the route to the centre of a sidewalk on its right; None where there is none."""
        return self.sidewalk(s_m)

    def kerb_right_m(self, s_m: float) -> float:
        """Distance (m) from the route to the outer edge of the rightmost driving lane that runs the same way."""
        lane = self.lane(s_m)
        reach = 0.5 * lane.width_m
        while lane.right is not None:
            lane = self.map.lanes[lane.right]
            reach += lane.width_m
        return reach

    def junction_after(self, s_m: float, least_m: float = 0.0) -> Passage:
        """The first passage of the route that begins behind an arc length. MapError where none comes."""
        for way in self.passages:
            if way.begin_m >= s_m + least_m:
                return way
        raise MapError("no junction on the route", where=f"behind {s_m:.1f} m")

    def ways(self, passage: Passage) -> list[Way]:
        """All ways through the junction of a passage, seen from the ego's approach; its own arm's included."""
        lanes = self.map.lanes
        approach = self.line.yaw_at(max(0.0, passage.begin_m - 1.0))
        found = []
        for first in self.map.junctions[passage.junction_id].lanes:
            for entry in lanes[first].previous:
                if lanes[entry].junction_id == passage.junction_id:
                    continue
                for chain, leave in self._chains([first], passage.junction_id):
                    begin = lanes[first].center.yaw_at(0.0)
                    end = lanes[chain[-1]].center
                    turn = wrap_angle(end.yaw_at(end.length_m) - begin)
                    found.append(Way(entry, tuple(chain), leave, _side(wrap_angle(begin - approach)), turn))
        return found

    def _chains(self, chain: list[int], junction_id: int) -> Iterable[tuple[list[int], int]]:
        for after in self.map.lanes[chain[-1]].next:
            if self.map.lanes[after].junction_id == junction_id:
                if len(chain) < 6 and after not in chain:
                    yield from self._chains([*chain, after], junction_id)
            else:
                yield chain, after

    def conflicting(self, way: Way, passage: Passage) -> bool:
        """Whether a way and the ego's passage cross or merge."""
        return self.junctions.exclude(way.lanes, passage.lanes)

    def crossing(self, way: Way, passage: Passage) -> Floats:
        """(2,) where the centre lines of a way and of the ego's passage come nearest."""
        own = self.line.at(np.arange(passage.begin_m, passage.end_m, 0.5))
        other = np.concatenate([self.map.lanes[i].center.points_N2 for i in way.lanes])
        d = np.hypot(own[:, None, 0] - other[None, :, 0], own[:, None, 1] - other[None, :, 1])
        point: Floats = own[int(np.argmin(d.min(axis=1)))]
        return point

    def path(self, lanes: Sequence[int]) -> Polyline:
        """The centre line over connected lanes."""
        return Polyline(np.concatenate([self.map.lanes[i].center.points_N2 for i in lanes]))

    def way_path(self, way: Way, before_m: float, after_m: float) -> tuple[Polyline, float]:
        """The path of a way from `before_m` before the junction to `after_m` behind it, as far as the map goes.

        Returns the path and the arc length on it at which the junction begins.
        """
        lead = self.upstream(way.entry, before_m)
        inside = np.concatenate([self.map.lanes[i].center.points_N2 for i in way.lanes])
        tail = self.downstream(way.exit, after_m)
        path = Polyline(np.concatenate([lead.points_N2, inside, tail.points_N2]))
        return path, path.project(inside[0])[0]

    def through(self, lane: int, s_m: float, before_m: float, after_m: float) -> Polyline:
        """The path from `before_m` before a place on a lane to `after_m` behind it, as far as the map goes."""
        behind = before_m - s_m
        start_s = max(0.0, s_m - before_m)
        tail = self.downstream(lane, after_m + s_m - start_s, start_s)
        if behind <= 1.0 or not self.map.lanes[lane].previous:
            return tail
        first = min(self.map.lanes[lane].previous, key=lambda i: abs(_bend(self.map.lanes[i])))
        return Polyline(np.concatenate([self.upstream(first, behind).points_N2, tail.points_N2]))

    def in_block(self, lane: int, s_m: float, before_m: float, after_m: float) -> tuple[Polyline, list[int]]:
        """The path from `before_m` before a place on a lane to `after_m` behind it, cut at junctions, and its lanes."""
        chain, begin, end = [lane], s_m - before_m, s_m + after_m
        while begin < 0.0 and (more := self._plain(self.map.lanes[chain[0]].previous, chain)) is not None:
            chain.insert(0, more)
            begin, end = (v + self.map.lanes[more].center.length_m for v in (begin, end))
        while end > (length := sum(self.map.lanes[i].center.length_m for i in chain)) and (
                more := self._plain(self.map.lanes[chain[-1]].next, chain)) is not None:
            chain.append(more)
        path = self.path(chain)
        begin, end = max(begin, 0.0), min(end, length)
        return Polyline(path.at(np.append(np.arange(begin, end - 0.5, 1.0), end))), chain

    def _plain(self, lanes: Sequence[int], taken: list[int]) -> int | None:
        free = [i for i in lanes if self.map.lanes[i].junction_id < 0 and i not in taken]
        return min(free, key=lambda i: abs(_bend(self.map.lanes[i]))) if free else None

    def downstream(self, lane: int, length_m: float, from_s_m: float = 0.0) -> Polyline:
        """The path from a place on a lane on, going as straight as possible, cut to `length_m`."""
        line = self.map.lanes[lane].center
        parts = [line.at(np.append(np.arange(from_s_m, line.length_m, 1.0), line.length_m))]
        left = length_m - (line.length_m - from_s_m)
        at = lane
        while left > 0.0 and self.map.lanes[at].next:
            at = min(self.map.lanes[at].next, key=lambda i: abs(_bend(self.map.lanes[i])))
            parts.append(self.map.lanes[at].center.points_N2)
            left -= self.map.lanes[at].center.length_m
        path = Polyline(np.concatenate(parts))
        return Polyline(path.at(np.append(np.arange(0.0, min(length_m, path.length_m), 1.0),
                                          min(length_m, path.length_m))))

    def upstream(self, lane: int, length_m: float) -> Polyline:
        """The path of `length_m` that ends at the end of a lane, coming as straight as possible."""
        parts = [self.map.lanes[lane].center.points_N2]
        got, at = self.map.lanes[lane].center.length_m, lane
        while got < length_m and self.map.lanes[at].previous:
            at = min(self.map.lanes[at].previous, key=lambda i: abs(_bend(self.map.lanes[i])))
            parts.insert(0, self.map.lanes[at].center.points_N2)
            got += self.map.lanes[at].center.length_m
        path = Polyline(np.concatenate(parts))
        begin = max(0.0, path.length_m - length_m)
        return Polyline(path.at(np.append(np.arange(begin, path.length_m, 1.0), path.length_m)))

    def around_junction(self, passage: Passage) -> set[int]:
        """The junction's lanes and those that lead into it: closed, they keep background traffic away from it."""
        inside = set(self.map.junctions[passage.junction_id].lanes)
        return inside | {e for i in inside for e in self.map.lanes[i].previous if e not in inside}

    def _pose(self, s_m: float) -> Pose2:
        x, y = self.line.at(s_m)
        return Pose2(float(x), float(y), self.line.yaw_at(s_m))

    def _strip(self, kind: str, s_m: float, left: bool, reach_m: float) -> tuple[float, float] | None:
        """The nearest strip of a kind beside the route: distance to its centre, and its width there."""
        pose = self._pose(s_m)
        side = 1.0 if left else -1.0
        best: tuple[float, float] | None = None
        for strip in self.map.strips.values():
            if strip.kind != kind:
                continue
            local = pose.inverse_apply(strip.center_N2)
            off = side * local[:, 1]
            close = np.flatnonzero((np.abs(local[:, 0]) < 2.0) & (off > 1.0) & (off < reach_m))
            if len(close):
                k = int(close[np.argmin(np.abs(local[close, 0]))])
                if best is None or off[k] < best[0]:
                    best = float(off[k]), float(strip.width_N[k])
        return best


def _side(turned_rad: float) -> str:
    """Where traffic heading `turned_rad` from the ego's heading comes from."""
    if abs(turned_rad) < math.pi / 4.0:
        return "own"
    if abs(turned_rad) > 3.0 * math.pi / 4.0:
        return "opposite"
    return "right" if turned_rad > 0.0 else "left"


def _bend(lane: Lane) -> float:
    return lane.center.yaw_at(lane.center.length_m) - lane.center.yaw_at(0.0)
