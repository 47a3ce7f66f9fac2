"""Traffic rules that the ego can break: driving over a red light's line, passing a stop sign without stopping.

After RunningRedLightTest and RunningStopTest of scenario_runner's atomic_criteria.py (MIT); the box of a stop sign is
the one that CARLA's StopSignComponent builds: a square of 0.9 lane widths, its middle 0.45 lane widths before the line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.lights import LightState

STOPPED_MPS = 0.1
LIGHT_REACH_M = 15.0  # a light farther than this from the ego is not looked at
STOP_REACH_M = 4.0  # from the middle of the ego to the middle of a stop sign's box
_LINE_HALF_WIDTHS = 0.6  # a stop line is 1.2 lane widths long
_TAIL_CLOSE, _TAIL_BEYOND_M = 0.8, 1.0  # the tail runs from 0.8 half lengths to 1 m behind the rear bumper
_BOX_HALF_WIDTHS, _BOX_GROWTH = 0.45, 1.2
_BACKWARDS = -0.17  # cosine of 100 degrees, and metres per second
_TICK_S = 0.05
_LOOK_M = 12.0
_AT_LINE_M = 1.0
Floats = NDArray[np.float64]


class LightsLike(Protocol):
    """What this module reads of the lights."""

    @property
    def states(self) -> Mapping[int, LightState]:
        """What each light shows, by signal id."""


class MapLike(Protocol):
    """What this module reads of a road map."""

    @property
    def signals(self) -> Sequence[Any]:
        """Signals with id, kind, lanes (junction lanes ruled) and stop_line (2, 2)."""

    @property
    def lanes(self) -> Sequence[Any]:
        """Driving lanes."""

    def lane_at(self, xy: Floats) -> tuple[int, float, float] | None:
        """Index, arc length and offset of the nearest lane."""


class LineWatch:
    """Watches the ego against the stop line of every approach lane of the lights and stop signs of a map.

    A light is broken while the tail of the ego passes its line and it shows red, whatever it showed when the front
    passed; standing on the line as it turns red counts too, and the same light twice running counts once. A stop sign
    wants a speed below 0.1 m/s at some time between the ego's middle coming within 4 m of the sign's box and leaving
    the box; the breach is noted on leaving.
    """

    def __init__(self, road_map: MapLike) -> None:
        self._map = road_map
        rows = [(signal, lane) for signal in road_map.signals if signal.kind in ("light", "stop")
                for lane in _approaches(road_map, signal)]
        self._ids = [int(signal.id) for signal, _ in rows]
        self._lanes = [road_map.lanes[lane] for _, lane in rows]
        self._is_light = np.array([signal.kind == "light" for signal, _ in rows], dtype=np.bool_)
        yaw = np.array([lane.center.yaw_at(lane.center.length_m) for lane in self._lanes], dtype=np.float64)
        self._forward_L2 = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
        self._end_L2 = np.array([lane.center.points_N2[-1] for lane in self._lanes], dtype=np.float64).reshape(-1, 2)
        self._width_L = np.array([lane.width_m for lane in self._lanes], dtype=np.float64)
        self._checked: tuple[float, float] = (math.inf, math.inf)
        self._quiet_m = 0.0
        self._last_red: int | None = None
        self._last_failed_stop: int | None = None
        self._target: int | None = None
        self._has_stopped = False

    def has_stopped_at(self, signal_id: int) -> bool:
        """Whether the ego, being before or at this stop sign, has stood as it wants. False again once it has left."""
        return self._target == signal_id and self._has_stopped

    def crossed(self, before: Pose2, after: Pose2, front_m: float, speed_mps: float,
                lights: LightsLike) -> list[tuple[int, bool]]:
        """Lines driven over illegally in this tick: (signal id, True for a light, False for a stop sign).

        before, after: pose of the ego's box centre; front_m: from there to the bumper (half the length).
        """
        # No line within reach: nothing to look at until the ego has driven that far.
        if not self._ids or math.hypot(after.x_m - self._checked[0], after.y_m - self._checked[1]) < self._quiet_m:
            return []
        self._checked = (after.x_m, after.y_m)
        d = after.position_m - self._end_L2
        distance = np.hypot(d[:, 0], d[:, 1])
        self._quiet_m = float(distance.min()) - _LOOK_M - front_m
        if self._quiet_m > 0.0 and self._target is None:
            return []
        heads = self._forward_L2 @ after.forward
        broken = [(i, True) for i in self._red_lights(np.flatnonzero(
            self._is_light & (distance <= LIGHT_REACH_M) & (heads > 0.0)), after, front_m, lights)]
        backwards = float((after.position_m - before.position_m) @ after.forward) / _TICK_S < _BACKWARDS
        here = np.flatnonzero(~self._is_light & (distance <= _LOOK_M) & (heads >= _BACKWARDS))
        failed = self._stop_sign(here, after, speed_mps, backwards)
        return broken if failed is None else [*broken, (failed, False)]

    def _red_lights(self, near: Floats | NDArray[np.intp], pose: Pose2, front_m: float,
                    lights: LightsLike) -> Iterator[int]:
        """Ids of lights whose line lies under the tail while they are red."""
        for i in near.tolist():
            signal_id = self._ids[i]
            if signal_id == self._last_red or lights.states[signal_id] is not LightState.RED:
                continue
            close = pose.position_m - _TAIL_CLOSE * front_m * pose.forward
            far = pose.position_m - (front_m + _TAIL_BEYOND_M) * pose.forward
            if self._crosses(i, far, close) and self._on_approach(i, far):
                self._last_red = signal_id
                yield signal_id

    def _crosses(self, i: int, far: Floats, close: Floats) -> bool:
        """Whether the way from far to close meets the line of row `i`."""
        forward, end = self._forward_L2[i], self._end_L2[i]
        behind, beyond = float((far - end) @ forward), float((close - end) @ forward)
        if behind > 0.0 or beyond < 0.0 or beyond - behind < 1e-9:
            return False
        at = far + (close - far) * (-behind / (beyond - behind)) - end
        across = abs(float(at[0] * forward[1] - at[1] * forward[0]))
        return across <= _LINE_HALF_WIDTHS * float(self._width_L[i])

    def _on_approach(self, i: int, point: Floats) -> bool:
        """Whether the lane nearest to a point is the approach lane of row `i`, or one that continues it."""
        found = self._map.lane_at(point)
        if found is None:
            return False
        own = self._lanes[i]
        lane = self._map.lanes[found[0]]
        return found[0] in own.next or (lane.road_id, lane.lane_id) == (own.road_id, own.lane_id)

    def _stop_sign(self, here: NDArray[np.intp], pose: Pose2, speed_mps: float, backwards: bool) -> int | None:
        """Id of the stop sign that was left without a standstill in this tick."""
        affecting = self._affecting(here, pose)
        if self._target is None:
            if not backwards:
                self._target = next(iter(affecting), None)
            return None
        if speed_mps < STOPPED_MPS:
            self._has_stopped = True
        target, stood = self._target, self._has_stopped
        if target in affecting:
            return None
        self._target, self._has_stopped = None, False
        if stood or target == self._last_failed_stop:
            return None
        self._last_failed_stop = target
        return target

    def _affecting(self, here: NDArray[np.intp], pose: Pose2) -> list[int]:
        """Ids of the stop signs whose box the ego is in or within reach of."""
        found = []
        for i in here.tolist():
            width = float(self._width_L[i])
            past = float((pose.position_m - self._end_L2[i]) @ self._forward_L2[i]) + _BOX_HALF_WIDTHS * width
            if -STOP_REACH_M <= past < _BOX_GROWTH * _BOX_HALF_WIDTHS * width and self._on_approach(i, pose.position_m):
                found.append(self._ids[i])
        return found


def _approaches(road_map: MapLike, signal: Any) -> list[int]:
    """Lanes that end at the stop line of a signal."""
    left, right = np.asarray(signal.stop_line, dtype=np.float64)
    return [p for p in _unique(p for lane in signal.lanes for p in road_map.lanes[lane].previous)
            if _distance(road_map.lanes[p].center.points_N2[-1], left, right) < _AT_LINE_M]


def _unique(lanes: Iterable[int]) -> list[int]:
    return sorted(set(lanes))


def _distance(point: Floats, a: Floats, b: Floats) -> float:
    """From a point to the segment a-b, metres."""
    along = float(np.clip((point - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-9), 0.0, 1.0))
    return float(np.hypot(*(point - a - along * (b - a))))
