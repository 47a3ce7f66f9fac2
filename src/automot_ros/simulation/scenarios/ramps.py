"""Where ramps join a road and leave it: found by how lanes connect, for drives on generated highways."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.road_map import RoadMap

_STRAIGHT_RAD = 0.35


@dataclass(frozen=True, slots=True)
class Join:
    """An on-ramp that becomes the outermost lane. All lane indices; `inner` and `through_inner` lie in the junction.

    ramp -> inner -> extra, and beside them through_before -> through_inner -> through, with `extra` right of `through`.
    """

    ramp: int
    inner: int
    extra: int
    through_before: int
    through_inner: int
    through: int


@dataclass(frozen=True, slots=True)
class Exit:
    """An outermost lane that becomes an exit ramp: slow -> inner -> ramp, beside through -> through_inner -> onward."""

    slow: int
    inner: int
    ramp: int
    through: int
    through_inner: int
    onward: int


def joins(road_map: RoadMap) -> list[Join]:
    """All on-ramps of a map that get a lane of their own."""
    lanes, found = road_map.lanes, []
    for extra in lanes:
        if extra.junction_id >= 0 or extra.left is None or extra.right is not None:
            continue
        before = _back(road_map, extra.left)
        own = _back(road_map, extra.index)
        if before is None or own is None or own[1] in (before[1], lanes[before[1]].right):
            continue
        if lanes[own[0]].junction_id == lanes[before[0]].junction_id and abs(_bend(lanes[own[0]])) < _STRAIGHT_RAD:
            found.append(Join(own[1], own[0], extra.index, before[1], before[0], extra.left))
    return found


def exits(road_map: RoadMap) -> list[Exit]:
    """All exit ramps of a map that have a lane of their own before them."""
    lanes, found = road_map.lanes, []
    for slow in lanes:
        if slow.junction_id >= 0 or slow.left is None or slow.right is not None:
            continue
        on, own = _forth(road_map, slow.left), _forth(road_map, slow.index)
        if on is None or own is None or own[1] in (on[1], lanes[on[1]].right):
            continue
        if lanes[own[0]].junction_id == lanes[on[0]].junction_id and abs(_bend(lanes[own[0]])) < _STRAIGHT_RAD:
            found.append(Exit(slow.index, own[0], own[1], slow.left, on[0], on[1]))
    return found


def _back(road_map: RoadMap, lane: int) -> tuple[int, int] | None:
    """The only lane in a junction that leads into a lane, and the one before that."""
    inner = road_map.lanes[lane].previous
    if len(inner) != 1 or road_map.lanes[inner[0]].junction_id < 0 or len(road_map.lanes[inner[0]].previous) != 1:
        return None
    return inner[0], road_map.lanes[inner[0]].previous[0]


def _forth(road_map: RoadMap, lane: int) -> tuple[int, int] | None:
    """The only lane in a junction that a lane leads into, and the one behind that."""
    inner = road_map.lanes[lane].next
    if len(inner) != 1 or road_map.lanes[inner[0]].junction_id < 0 or len(road_map.lanes[inner[0]].next) != 1:
        return None
    return inner[0], road_map.lanes[inner[0]].next[0]


def _bend(lane: Lane) -> float:
    return lane.center.yaw_at(lane.center.length_m) - lane.center.yaw_at(0.0)
