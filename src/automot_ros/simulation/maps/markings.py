"""Paint on the road: lane marks, stop lines, zebra crossings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from automot_ros.simulation.maps.lanes import Strips
from automot_ros.simulation.maps.reader import LaneRow, MapTables, RoadRow, SectionRow
from automot_ros.simulation.maps.signals import Signal
from automot_ros.simulation.maps.surfaces import PAINT_Z_M, Surface, as_surface, ribbon, sparse

DASH_M, DASH_PERIOD_M = 3.0, 7.5
DOUBLE_GAP_M = 0.26
STOP_LINE_M, YIELD_DASH_M, YIELD_PERIOD_M = 0.4, 0.5, 0.8
STRIPE_M, STRIPE_PERIOD_M = 0.5, 1.0
Floats = NDArray[np.float64]


def paint(tables: MapTables, strips: Strips, signals: Iterable[Signal], crosswalks: Iterable[Floats]) -> list[Surface]:
    """All painted surfaces."""
    marks: dict[str, list[Floats]] = {"marking_white": [], "marking_yellow": []}
    for road in tables.roads:
        for place, section in enumerate(road.sections):
            for row in section.lanes.values():
                line = _edge_line(road, place, section, row, strips)
                if line is not None:
                    _marks_of(section, row, line, marks)
    stops = {(s.junction_id, s.approach): s for s in signals}
    return [
        *(as_surface(kind, parts, PAINT_Z_M) for kind, parts in marks.items()),
        as_surface("stop_line", [_stop_line(s) for s in stops.values()], PAINT_Z_M),
        as_surface("crosswalk", [_zebra(corners) for corners in crosswalks], PAINT_Z_M),
    ]


def _edge_line(road: RoadRow, place: int, section: SectionRow, row: LaneRow, strips: Strips) -> Floats | None:
    """The line a lane's marks lie on, along the reference line: its outer edge; for lane 0 the middle of the road."""
    if not any(mark.kind != "none" for mark in row.marks):
        return None
    lane_ids = [row.id] if row.id != 0 else [-1, 1]
    for lane_id in lane_ids:
        strip = strips.get((road.id, place, lane_id))
        if strip is not None:
            outer_is_left = not road.right_hand
            edge = strip.edge(left=outer_is_left if row.id != 0 else not outer_is_left)
            return edge if road.forward(lane_id) else edge[::-1]
    return None


def _marks_of(section: SectionRow, row: LaneRow, line: Floats, marks: dict[str, list[Floats]]) -> None:
    span = section.end_m - section.start_m
    ends = [*(mark.s_m for mark in row.marks[1:]), span]
    for mark, end in zip(row.marks, ends, strict=True):
        words = mark.kind.split()
        sides = [0.0] if len(words) < 2 else [DOUBLE_GAP_M / 2.0, -DOUBLE_GAP_M / 2.0]
        into = marks["marking_yellow" if mark.color == "yellow" else "marking_white"]
        part = _part(line, mark.s_m / span, end / span)
        for word, side in zip(words, sides, strict=False):
            shifted = _shifted(part, side)
            if word == "solid":
                into.append(ribbon(shifted[sparse(shifted)], mark.width_m))
            elif word == "broken":
                into.append(_dashes(shifted, mark.width_m, DASH_M, DASH_PERIOD_M))


def _part(line: Floats, from_share: float, to_share: float) -> Floats:
    at = np.arange(len(line), dtype=np.float64)
    low, high = max(0.0, from_share) * at[-1], min(1.0, to_share) * at[-1]
    keep = np.concatenate([[low], at[(at > low + 1e-3) & (at < high - 1e-3)], [max(high, low + 1e-3)]])
    return np.stack([np.interp(keep, at, line[:, 0]), np.interp(keep, at, line[:, 1])], axis=1)


def _shifted(line: Floats, left_m: float) -> Floats:
    if left_m == 0.0:
        return line
    heading = np.gradient(line, axis=0)
    heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-9)
    return line + left_m * np.stack([-heading[:, 1], heading[:, 0]], axis=1)


def _dashes(line: Floats, width_m: float, dash_m: float, period_m: float) -> Floats:
    """(M, 3, 2) quads of a dashed line."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    starts = np.arange(0.0, s[-1] - 0.5 * dash_m, period_m)
    ends = np.minimum(starts + dash_m, s[-1])
    a, b = (np.stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])], axis=1) for at in (starts, ends))
    along = (b - a) / np.maximum(np.linalg.norm(b - a, axis=1, keepdims=True), 1e-9)
    side = 0.5 * width_m * np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.concatenate([np.stack([a + side, a - side, b - side], axis=1),
                           np.stack([a + side, b - side, b + side], axis=1)])


def _stop_line(signal: Signal) -> Floats:
    """A bar whose far edge is the stop line; teeth where one only gives way."""
    left, right = signal.stop_line
    along = (right - left) / max(float(np.hypot(*(right - left))), 1e-9)
    back = 0.5 * STOP_LINE_M * np.array([along[1], -along[0]])
    bar = np.stack([left + 0.15 * along, right - 0.15 * along]) + back * np.sign(back @ signal.head.forward)
    if signal.kind == "yield":
        return _dashes(bar, STOP_LINE_M, YIELD_DASH_M, YIELD_PERIOD_M)
    return ribbon(bar, STOP_LINE_M)


def _zebra(corners_42: Floats) -> Floats:
    """Stripes in the direction of the cars, one beside the other from kerb to kerb."""
    a, b, c, d = corners_42
    depth = 0.5 * float(np.hypot(*(d - a)) + np.hypot(*(c - b)))
    return _dashes(np.stack([0.5 * (a + d), 0.5 * (b + c)]), depth, STRIPE_M, STRIPE_PERIOD_M)
