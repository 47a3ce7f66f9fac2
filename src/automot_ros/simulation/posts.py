"""Posts beside the road: light heads before and behind a junction, stop-sign plates; and which lamp burns.

A head faces its approach: three lamps 0.7 m across, red on top, on a dark housing about 5 m up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.maps.road_map import RoadMap, Signal
from automot_ros.simulation.scenery import BoxList

Floats = NDArray[np.float64]

POSTS_FIRST_ID = 50_000
LAMPS_FIRST_ID = 60_000
REACH_M = 90.0
LAMP_M = 0.7
_BOTTOM_M = 3.8
_PITCH_M = 0.82
_HOUSING = (0.35, 1.0, 3 * _PITCH_M + 0.2)
_DARK_RED, _DARK_YELLOW, _DARK_GREEN = (46, 8, 8), (44, 36, 6), (6, 40, 16)
_LIT = {LightState.RED: (255, 40, 28), LightState.YELLOW: (255, 200, 20), LightState.GREEN: (40, 255, 90)}
_ORDER = (LightState.RED, LightState.YELLOW, LightState.GREEN)
_STEEL, _HOUSE, _SIGN_RED, _SIGN_YELLOW = (96, 98, 100), (22, 22, 24), (196, 24, 30), (230, 190, 40)


class Posts:
    """Posts, housings and plates as static boxes, and the lamps, whose colours follow the lights."""

    def __init__(self, road_map: RoadMap, route: Polyline) -> None:
        static, lamps = BoxList(POSTS_FIRST_ID), BoxList(LAMPS_FIRST_ID)
        self._lamp_signal: list[int] = []
        self._lamp_state: list[LightState] = []
        coarse = route.points_N2[::4]
        done: set[tuple[int, int, str]] = set()
        for signal in road_map.signals:
            middle = np.asarray(signal.stop_line, dtype=np.float64).mean(axis=0)
            key = (signal.junction_id, signal.approach, signal.kind)
            if key in done or float(np.min(np.hypot(*(coarse - middle).T))) > REACH_M:
                continue
            done.add(key)
            self._near_side(road_map, signal, static, lamps)
            if signal.kind == "light":
                self._far_side(road_map, signal, static, lamps)
        self.static = static.boxes()
        self._lamps = lamps.boxes()
        self._shown: Mapping[int, LightState] = {}

    def lamps(self, states: Mapping[int, LightState]) -> Boxes:
        """All lamps; those that burn are bright and emissive, the others dark."""
        if states is not self._shown and len(self._lamps):
            lit = np.array([states[i] is s for i, s in zip(self._lamp_signal, self._lamp_state, strict=True)])
            dark = {LightState.RED: _DARK_RED, LightState.YELLOW: _DARK_YELLOW, LightState.GREEN: _DARK_GREEN}
            shown = zip(lit, self._lamp_state, strict=True)
            color = np.array([_LIT[s] if on else dark[s] for on, s in shown], np.uint8)
            b = self._lamps
            self._lamps = Boxes(b.ids_N, b.kinds_N, b.xy_N2, b.base_z_N, b.yaw_N, b.sizes_N3, b.speed_N, color, lit)
            self._shown = states
        return self._lamps

    def _near_side(self, road_map: RoadMap, signal: Signal, static: BoxList, lamps: BoxList) -> None:
        """Right of the stop line, at the first place that is no lane."""
        left, right = np.asarray(signal.stop_line, dtype=np.float64)
        side = (right - left) / np.hypot(*(right - left))
        ahead = np.array([-side[1], side[0]])
        foot = _off_road(road_map, right + 0.8 * side, side, 8.0)
        yaw = math.atan2(-ahead[1], -ahead[0])
        if signal.kind == "light":
            static.add(BodyKind.POLE, foot + 0.3 * ahead, yaw, (0.18, 0.18, _BOTTOM_M + _HOUSING[2]), _STEEL)
            self._head(signal, foot, yaw, static, lamps)
            return
        static.add(BodyKind.POLE, foot + 0.1 * ahead, yaw, (0.1, 0.1, 2.9), _STEEL)
        color = _SIGN_RED if signal.kind == "stop" else _SIGN_YELLOW
        static.add(BodyKind.POLE, foot, yaw, (0.06, 0.8, 0.8), color, 2.1)

    def _far_side(self, road_map: RoadMap, signal: Signal, static: BoxList, lamps: BoxList) -> None:
        """Across the junction on the line of the approach, hung from an arm where that is over a road."""
        left, right = np.asarray(signal.stop_line, dtype=np.float64)
        side = (right - left) / np.hypot(*(right - left))
        ahead = np.array([-side[1], side[0]])
        ways = [road_map.lanes[i].center.points_N2 for i in road_map.junctions[signal.junction_id].lanes]
        middle = 0.5 * (left + right)
        depth = max(float(np.max((w - middle) @ ahead)) for w in ways) + 2.0
        hang = right + depth * ahead - 0.5 * side
        foot = _off_road(road_map, hang + 0.3 * ahead, side, 14.0)
        yaw = math.atan2(-ahead[1], -ahead[0])
        top = _BOTTOM_M + _HOUSING[2]
        static.add(BodyKind.POLE, foot, yaw, (0.22, 0.22, top + 0.2), _STEEL)
        arm = foot - (hang + 0.3 * ahead)
        reach = float(np.hypot(*arm))
        if reach > 0.3:
            static.add(BodyKind.POLE, hang + 0.3 * ahead + 0.5 * arm, math.atan2(arm[1], arm[0]), (reach, 0.16, 0.16),
                       _STEEL, top)
        self._head(signal, hang, yaw, static, lamps)

    def _head(self, signal: Signal, xy: Floats, yaw: float, static: BoxList, lamps: BoxList) -> None:
        """Housing with its front at `xy`, lamps just before it."""
        face = np.array([math.cos(yaw), math.sin(yaw)])
        static.add(BodyKind.LIGHT_HOUSING, xy, yaw, _HOUSING, _HOUSE, _BOTTOM_M)
        for row, state in enumerate(_ORDER):
            bottom = _BOTTOM_M + 0.16 + (2 - row) * _PITCH_M
            lamps.add(BodyKind.LAMP, xy + (0.5 * _HOUSING[0] + 0.05) * face, yaw, (0.1, LAMP_M, LAMP_M), (40, 40, 40),
                      bottom)
            self._lamp_signal.append(signal.id)
            self._lamp_state.append(state)


def _off_road(road_map: RoadMap, xy: Floats, side: Floats, reach_m: float) -> Floats:
    """The first point from `xy` along `side` (then against it) that no vehicle may drive on; `xy` if there is none."""
    steps = np.arange(0.0, reach_m, 0.5)
    for direction in (side, -side):
        line = xy + steps[:, None] * direction
        free = np.flatnonzero(~road_map.drivable(line))
        if len(free):
            found: Floats = line[int(free[0])]
            return found
    return xy
