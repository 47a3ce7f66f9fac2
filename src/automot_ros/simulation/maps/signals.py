"""Lights, stop and yield signs: which connecting lanes they rule, where cars stop, where the head hangs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.reader import MapTables, RoadRow, SignalRow

KINDS = {"1000001": "light", "206": "stop", "205": "yield"}
_SIGN_REACH_M = 50.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A light or sign.

    `lanes` are the junction lanes it rules; `stop_line` (2, 2) runs across the end of the approach lanes, left to right
    for the driver; `approach` numbers the arms of a junction from 0. `head` is the place of the head, its yaw the
    direction it faces (towards the oncoming driver); `head_z_m` its underside.
    """

    id: int
    kind: str
    junction_id: int
    lanes: tuple[int, ...]
    stop_line: NDArray[np.float64]
    approach: int
    head: Pose2
    head_z_m: float


def find_signals(engine: Any, tables: MapTables, lanes: tuple[Lane, ...]) -> tuple[Signal, ...]:
    """All lights, stop and yield signs that rule a junction lane, in file order."""
    roads = {road.id: road for road in tables.roads}
    rows: dict[str, list[SignalRow]] = {}
    for road in tables.roads:
        for row in road.signals:
            if tables.signal_types.get(row.signal_id) in KINDS:
                rows.setdefault(row.signal_id, []).append(row)
    places = {mark.id: mark.transform for mark in engine.get_all_landmarks()} if rows else {}
    arms = _arms(lanes)
    signals: list[Signal] = []
    taken: set[int] = set()
    for signal_id, applied in rows.items():
        ruled = sorted({i for row in applied for i in _ruled(roads[row.road_id], row, lanes)})
        approaches = sorted({p for i in ruled for p in lanes[i].previous})
        if not approaches:
            continue
        first = lanes[approaches[0]]
        same_arm = [p for p in approaches if _arm_key(lanes[p]) == _arm_key(first)]
        junction_id = lanes[ruled[0]].junction_id
        stop_line = _stop_line([lanes[p] for p in same_arm])
        yaw = wrap_angle(first.center.yaw_at(first.center.length_m) + math.pi)
        place = places.get(signal_id)
        middle = stop_line.mean(axis=0)
        head = (Pose2(place.location.x, -place.location.y, yaw) if place is not None
                else Pose2(float(middle[0]), float(middle[1]), yaw))
        number = int(signal_id) if signal_id.isdigit() and int(signal_id) not in taken else 1_000_000 + len(signals)
        taken.add(number)
        signals.append(Signal(number, KINDS[tables.signal_types[signal_id]], junction_id, tuple(ruled), stop_line,
                              arms[junction_id].index(_arm_key(first)), head,
                              float(place.location.z) if place is not None else 0.0))
    return tuple(signals)


def _arm_key(lane: Lane) -> tuple[int, bool]:
    return lane.road_id, lane.lane_id > 0


def _arms(lanes: tuple[Lane, ...]) -> dict[int, list[tuple[int, bool]]]:
    """The arms of each junction in order: roads (and sides) that lead in."""
    arms: dict[int, set[tuple[int, bool]]] = {}
    for lane in lanes:
        if lane.junction_id >= 0:
            arms.setdefault(lane.junction_id, set()).update(_arm_key(lanes[p]) for p in lane.previous)
    return {key: sorted(row) for key, row in arms.items()}


def _ruled(road: RoadRow, row: SignalRow, lanes: tuple[Lane, ...]) -> list[int]:
    """Junction lanes that one signal row applies to: its own road's, or those its road leads into."""
    valid = [lane for lane in lanes if lane.road_id == road.id and _applies(road, row, lane.lane_id)]
    if road.junction_id >= 0:
        return [lane.index for lane in valid]
    to_end = [lane for lane in valid
              if (road.length_m - row.s_m if road.forward(lane.lane_id) else row.s_m) <= _SIGN_REACH_M]
    return [i for lane in to_end for i in lane.next if lanes[i].junction_id >= 0]


def _applies(road: RoadRow, row: SignalRow, lane_id: int) -> bool:
    if row.orientation in ("+", "-") and road.forward(lane_id) != (row.orientation == "+") and road.junction_id < 0:
        return False
    return row.lanes is None or any(low <= lane_id <= high for low, high in row.lanes)


def _stop_line(approaches: list[Lane]) -> NDArray[np.float64]:
    """Left and right end of a line across the ends of lanes that lie side by side."""
    yaw = approaches[0].center.yaw_at(approaches[0].center.length_m)
    left = np.array([-math.sin(yaw), math.cos(yaw)])
    ends = np.array([lane.center.points_N2[-1] for lane in approaches])
    half = np.array([lane.width_m / 2.0 for lane in approaches])
    side = ends @ left
    a, b = int(np.argmax(side)), int(np.argmin(side))
    return np.stack([ends[a] + half[a] * left, ends[b] - half[b] * left])
