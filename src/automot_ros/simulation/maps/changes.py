"""The line of a row of lanes with its lane changes.

Maps cut roads into lane sections wherever anything changes, often every few metres. A lane change therefore runs along
the whole stretch on which the lanes it leaves and the lanes it reaches lie side by side, whatever it is cut into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.lanes import Lane

CHANGE_M = 32.0
CHANGE_LEAST_M = 8.0
_STEP_M = 0.2
_BEND_M = 15.0
_GENTLE_M = 24.0  # where there is room, a change is rather moved than made shorter than this
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leg:
    """A lane of a route. Where the next leg's lane is reached sideways, `change_at_m` is the middle of that move."""

    lane: int
    change_at_m: float | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """Lanes that follow one another, as one line; from_m holds where on it each begins.

    first, last: places in `lanes` of the route's own; those outside lie beside the runs before and after.
    """

    lanes: tuple[int, ...]
    first: int
    last: int
    line: Polyline
    from_m: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Beside:
    """Pairs (lane left, lane reached) side by side round a change, in driving order; the route changes at `pivot`."""

    pairs: tuple[tuple[int, int], ...]
    pivot: int


def assemble(lanes: Sequence[Lane], legs: Sequence[Leg], start_s_m: float, end_s_m: float | None) -> Points:
    """Centre-line points of a row of legs, lane changes blended; not yet evenly spaced.

    MapError when two lanes do not connect or a lane change has no room.
    """
    rows, middles = _rows(lanes, legs)
    beside = [_beside(lanes, before, after) for before, after in pairwise(rows)]
    runs = [_run(lanes, row, before, after)
            for row, before, after in zip(rows, [None, *beside], [*beside, None], strict=True)]
    end_m = lanes[legs[-1].lane].center.length_m if end_s_m is None else end_s_m
    s = runs[0].from_m[runs[0].first] + start_s_m
    pieces: list[Points] = []
    for k, stretch in enumerate(beside):
        a, b = runs[k], runs[k + 1]
        low, high = _room(lanes, a, a.last - stretch.pivot, [left for left, _ in stretch.pairs])
        low = max(low, s)
        final = k + 1 == len(beside)
        place = stretch.pivot + len(rows[k + 1]) - 1
        if place < len(stretch.pairs):  # the goal, or the next change, lies beside this stretch: be done before it
            left, there = (lanes[i].center for i in stretch.pairs[place])
            at_m = left.project(there.at(end_m if final else middles[k + 1]))[0]
            ahead = a.from_m[a.last - stretch.pivot + place] + at_m
            high = min(high, ahead if final else max(ahead, low + _GENTLE_M))
        leave, reach = _window(low, high, a.from_m[a.last] + middles[k], rows[k][-1])
        pieces.append(cut(a.line, s, leave))
        part, s = _change(a.line, b.line, leave, reach,
                          _room(lanes, b, b.first - stretch.pivot, [right for _, right in stretch.pairs]))
        pieces.append(part)
    goal = runs[-1].from_m[runs[-1].last] + end_m
    pieces.append(cut(runs[-1].line, min(s, goal), goal))
    return np.concatenate(pieces)


def _rows(lanes: Sequence[Lane], legs: Sequence[Leg]) -> tuple[list[list[int]], list[float]]:
    """Lanes by run, and for each change between two runs its middle on the last lane of the first."""
    rows, middles = [[legs[0].lane]], []
    for leg, after in pairwise(legs):
        here = lanes[leg.lane]
        if leg.change_at_m is None and after.lane in here.next:
            rows[-1].append(after.lane)
        elif leg.change_at_m is not None and after.lane in (here.left, here.right):
            middles.append(leg.change_at_m)
            rows.append([after.lane])
        else:
            raise MapError("lanes of a route do not connect", where=f"lanes {leg.lane} -> {after.lane}")
    return rows, middles


def _beside(lanes: Sequence[Lane], before: list[int], after: list[int]) -> _Beside:
    """The stretch round a change on which both rows of lanes have a neighbour; no junction, no farther than needed."""
    to_left = lanes[before[-1]].left == after[0]
    pairs = [(before[-1], after[0])]
    length = 0.0
    for here in before[-2::-1]:
        there = lanes[here].left if to_left else lanes[here].right
        if there is None or lanes[here].junction_id >= 0 or pairs[0][1] not in lanes[there].next or length > CHANGE_M:
            break
        pairs.insert(0, (here, there))
        length += lanes[here].center.length_m
    pivot, length = len(pairs) - 1, 0.0
    for there in after[1:]:
        beyond = lanes[there].right if to_left else lanes[there].left
        if (beyond is None or lanes[there].junction_id >= 0 or beyond not in lanes[pairs[-1][0]].next
                or length > CHANGE_M):
            break
        pairs.append((beyond, there))
        length += lanes[there].center.length_m
    return _Beside(tuple(pairs), pivot)


def _run(lanes: Sequence[Lane], own: list[int], before: _Beside | None, after: _Beside | None) -> _Run:
    ahead = [] if before is None else [there for _, there in before.pairs[: before.pivot]]
    behind = [] if after is None else [here for here, _ in after.pairs[after.pivot + 1 :]]
    row = (*ahead, *own, *behind)
    lines = [lanes[i].center for i in row]
    gaps = [float(np.hypot(*(b.points_N2[0] - a.points_N2[-1]))) for a, b in pairwise(lines)]
    from_m = np.concatenate([[0.0], np.cumsum([a.length_m + gap for a, gap in zip(lines[:-1], gaps, strict=True)])])
    return _Run(row, len(ahead), len(ahead) + len(own) - 1, Polyline(_joined(lines)), tuple(from_m.tolist()))


def _joined(lines: list[Polyline]) -> Points:
    """The points of lanes in a row; where two do not quite meet (some maps shift lanes between sections), both bend."""
    bent = [line.points_N2 for line in lines]
    for k, (a, b) in enumerate(pairwise(lines)):
        apart = b.points_N2[0] - a.points_N2[-1]
        if np.hypot(*apart) > _STEP_M:
            reach = min(_BEND_M, a.length_m, b.length_m)
            for place, from_joint, share in ((k, a.length_m - a.s_N, 0.5), (k + 1, b.s_N, -0.5)):
                near = np.clip(1.0 - from_joint / reach, 0.0, 1.0)
                bent[place] = bent[place] + share * (near * near * (3.0 - 2.0 * near))[:, None] * apart
    return np.concatenate(bent)


def _room(lanes: Sequence[Lane], run: _Run, first: int, row: list[int]) -> tuple[float, float]:
    """Where on a run's line a row of its lanes begins and ends, given the place of the first."""
    return run.from_m[first], run.from_m[first + len(row) - 1] + lanes[row[-1]].center.length_m


def _window(low_m: float, high_m: float, middle_m: float, lane: int) -> tuple[float, float]:
    """From where to where a lane is changed: about the wanted place, as gently as the room allows."""
    room = high_m - low_m
    if room < CHANGE_LEAST_M:
        raise MapError("no room to change lanes", where=f"lane {lane}", got=f"{room:.1f} m",
                       wanted=f">= {CHANGE_LEAST_M} m")
    margin = 0.5 * min(_GENTLE_M, room)
    middle = min(max(middle_m, low_m + margin), high_m - margin)
    half = min(0.5 * CHANGE_M, middle - low_m, high_m - middle)
    return middle - half, middle + half


def _change(a: Polyline, b: Polyline, leave_m: float, reach_m: float, on_b: tuple[float, float]) -> tuple[
        Points, float]:
    """Points of a lane change from `a` (between two arc lengths) onto `b`, and the arc length on `b` where it ends."""
    w = np.linspace(0.0, 1.0, max(3, int(reach_m - leave_m) + 1))
    begin, end = b.project(a.at(leave_m), *on_b)[0], b.project(a.at(reach_m), *on_b)[0]
    blend = (w * w * w * (10.0 - 15.0 * w + 6.0 * w * w))[:, None]
    return (1.0 - blend) * a.at(leave_m + w * (reach_m - leave_m)) + blend * b.at(begin + w * (end - begin)), end


def cut(line: Polyline, s0_m: float, s1_m: float) -> Points:
    """The points of a polyline between two arc lengths, both ends included."""
    inside = (line.s_N > s0_m + 1e-3) & (line.s_N < s1_m - 1e-3)
    return np.concatenate([line.at(s0_m)[None], line.points_N2[inside], line.at(s1_m)[None]])
