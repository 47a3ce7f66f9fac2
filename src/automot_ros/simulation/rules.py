"""Traffic rules that the ego can break: driving over a red light's line, passing a stop sign without stopping."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.lights import Lights, LightState
from automot_ros.simulation.maps.road_map import RoadMap

STOPPED_MPS = 0.1
STOP_ZONE_M = 5.0
_WIDER = 0.1
_SAME_WAY = 0.5
_TURNING_M = 5.0  # the bumper may move this much more than the box centre


class LineWatch:
    """Watches the ego's front bumper against every stop line of lights and stop signs of a map."""

    def __init__(self, road_map: RoadMap) -> None:
        kept = [s for s in road_map.signals if s.kind in ("light", "stop")]
        self._ids = [s.id for s in kept]
        self._is_light = np.array([s.kind == "light" for s in kept], dtype=np.bool_)
        lines = np.array([np.asarray(s.stop_line, dtype=np.float64) for s in kept]).reshape(-1, 2, 2)
        self._middle_N2 = lines.mean(axis=1)
        half = 0.5 * (lines[:, 1] - lines[:, 0])
        self._half_m = np.hypot(half[:, 0], half[:, 1]) * (1.0 + _WIDER)
        # Lines run left to right for the driver: driving over them goes along (-right_y, right_x).
        along = np.stack([-half[:, 1], half[:, 0]], axis=1)
        self._forward_N2 = along / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
        self._stopped_at: set[int] = set()
        self._checked: tuple[float, float] = (math.inf, math.inf)
        self._quiet_m = 0.0

    def crossed(self, before: Pose2, after: Pose2, front_m: float, speed_mps: float,
                lights: Lights) -> list[tuple[int, bool]]:
        """Lines driven over illegally in this tick: (signal id, True for a light, False for a stop sign).

        before, after: pose of the ego's box centre; front_m: from there to the bumper.
        """
        if not self._ids:
            return []
        # No line within reach: nothing to look at until the ego has driven that far.
        if math.hypot(after.x_m - self._checked[0], after.y_m - self._checked[1]) < self._quiet_m:
            return []
        self._checked = (after.x_m, after.y_m)
        a = before.position_m + front_m * before.forward
        b = after.position_m + front_m * after.forward
        da, db = self._beyond(a), self._beyond(b)
        d = b - self._middle_N2
        self._quiet_m = float(np.min(np.hypot(d[:, 0], d[:, 1]) - self._half_m)) - STOP_ZONE_M - _TURNING_M
        across = np.abs(d[:, 0] * self._forward_N2[:, 1] - d[:, 1] * self._forward_N2[:, 0])
        inside = (across < self._half_m) & (self._forward_N2 @ after.forward > _SAME_WAY)
        if speed_mps < STOPPED_MPS:
            for i in np.flatnonzero(inside & ~self._is_light & (db > -STOP_ZONE_M) & (db <= 0.0)):
                self._stopped_at.add(int(i))
        broken = []
        for i in np.flatnonzero(inside & (da <= 0.0) & (db > 0.0)):
            if self._is_light[i]:
                if lights.states[self._ids[i]] is LightState.RED:
                    broken.append((self._ids[i], True))
            elif int(i) not in self._stopped_at:
                broken.append((self._ids[i], False))
            self._stopped_at.discard(int(i))
        return broken

    def _beyond(self, point_2: NDArray[np.float64]) -> NDArray[np.float64]:
        """Signed distance of a point beyond each line, metres."""
        beyond: NDArray[np.float64] = np.einsum("ij,ij->i", point_2 - self._middle_N2, self._forward_N2)
        return beyond
