"""Where others may be in the next seconds: along every lane they may take, at their present speed; people straight on.

Suffixes: M bodies, H hypotheses, K instants, C circles of a body.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import wrap_angle
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.maps.road_map import RoadMap

Floats = NDArray[np.float64]

STEP_S = 0.25
HORIZON_S = 9.0
TIMES_K: Floats = np.arange(0.0, HORIZON_S + 1e-9, STEP_S)
WHEELED = (BodyKind.CAR, BodyKind.TRUCK, BodyKind.EMERGENCY, BodyKind.BICYCLE)
MOVING_MPS = 0.3
_WALKER_S, _FREE_S = 4.0, 3.0
_ON_LANE_M, _ALONG_RAD = 1.3, 0.5
_MOVED_M = 2.0
_AWAY_M = 1e6


@dataclass(frozen=True, slots=True)
class Tracks:
    """Predicted places of H hypotheses. body_H: index of the box; xy_HK2 centres; yaw_HK; speed_H in m/s; lane_H: the
    lane it is on now, -1 for none.
    """

    body_H: NDArray[np.int64]
    xy_HK2: Floats
    yaw_HK: Floats
    speed_H: Floats
    lane_H: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.body_H)


class Predictor:
    """Predicts on one map. Remembers which lane a body was last found on, only to look it up less often."""

    def __init__(self, road_map: RoadMap) -> None:
        self._map = road_map
        self._branches: dict[int, list[tuple[Floats, Floats]]] = {}
        self._lane_of: dict[int, tuple[float, float, float, list[tuple[int, float, float]]]] = {}

    def tracks(self, boxes: Boxes, index: NDArray[np.int64]) -> Tracks:
        """Hypotheses for the moving ones of the boxes at `index`."""
        body: list[int] = []
        xy: list[Floats] = []
        yaw: list[Floats] = []
        lanes: list[int] = []
        for i in index[boxes.speed_N[index] > MOVING_MPS]:
            kind, speed = int(boxes.kinds_N[i]), float(boxes.speed_N[i])
            found = self._lanes(boxes, int(i)) if kind in WHEELED else []
            for lane, s, off in found:
                for points, heading in self._ahead(lane):
                    at = np.minimum(s + speed * TIMES_K, len(points) - 1.001)
                    low = at.astype(np.int64)
                    f = (at - low)[:, None]
                    h = heading[low]
                    place = points[low] * (1.0 - f) + points[low + 1] * f
                    xy.append(place + off * np.stack([-np.sin(h), np.cos(h)], axis=1))
                    yaw.append(h)
                    body.append(int(i))
                    lanes.append(lane)
            if not found:
                h0 = float(boxes.yaw_N[i])
                place = boxes.xy_N2[i] + np.outer(speed * TIMES_K, (math.cos(h0), math.sin(h0)))
                place[(_WALKER_S if kind == BodyKind.WALKER else _FREE_S) < TIMES_K] = _AWAY_M
                xy.append(place)
                yaw.append(np.full(len(TIMES_K), h0))
                body.append(int(i))
                lanes.append(-1)
        n = len(body)
        return Tracks(np.array(body, np.int64), np.array(xy).reshape(n, len(TIMES_K), 2),
                      np.array(yaw).reshape(n, len(TIMES_K)), boxes.speed_N[np.array(body, np.int64)],
                      np.array(lanes, np.int64))

    def _lanes(self, boxes: Boxes, i: int) -> list[tuple[int, float, float]]:
        """Lanes a body may be following: (lane, arc length, offset); none where it drives across them."""
        x, y, yaw = float(boxes.xy_N2[i, 0]), float(boxes.xy_N2[i, 1]), float(boxes.yaw_N[i])
        known = self._lane_of.get(int(boxes.ids_N[i]))
        point = np.array([x, y])
        if known is not None and math.hypot(x - known[0], y - known[1]) < _MOVED_M and abs(yaw - known[2]) < 0.3:
            moved = (x - known[0]) * math.cos(yaw) + (y - known[1]) * math.sin(yaw)
            return [(lane, s + moved, off) for lane, s, off in known[3]]
        fits = [f for f in self._map.lanes_near(point, _ON_LANE_M) if self._fits(*f, yaw)]
        fits.sort(key=lambda f: abs(f[2]))
        # Nearly as near counts, too: where ways fork one cannot tell yet.
        fits = [f for f in fits if abs(f[2]) < abs(fits[0][2]) + 0.5][:3]
        self._lane_of[int(boxes.ids_N[i])] = (x, y, yaw, fits)
        return fits

    def _fits(self, lane: int, s_m: float, off_m: float, yaw: float) -> bool:
        along = abs(wrap_angle(self._map.lanes[lane].center.yaw_at(s_m) - yaw)) < _ALONG_RAD
        return along and abs(off_m) < _ON_LANE_M

    def _ahead(self, lane: int) -> list[tuple[Floats, Floats]]:
        """Points a metre apart, and headings, of every way on from the begin of a lane; the last goes straight on."""
        if lane not in self._branches:
            lanes = self._map.lanes
            ways = [[lane]]
            for _ in range(8):
                longer = []
                for way in ways:
                    options = lanes[way[-1]].next
                    if sum(lanes[i].center.length_m for i in way[1:]) > 150.0 or not options or len(way) > 7:
                        longer.append(way)
                        continue
                    # All ways at the first fork, later ones go as straight as they can.
                    forked = any(len(lanes[i].next) > 1 for i in way[:-1])
                    taken = options if not forked else (min(options, key=lambda i: abs(_bend(lanes[i].center))),)
                    longer += [[*way, i] for i in taken]
                if longer == ways:
                    break
                ways = longer
            made = []
            for way in ways:
                line = Polyline(np.concatenate([lanes[i].center.points_N2 for i in way])).resampled(1.0)
                p = line.points_N2
                tail = p[-1] + np.outer(np.arange(1.0, 60.0), (p[-1] - p[-2]) / np.hypot(*(p[-1] - p[-2])))
                p = np.concatenate([p, tail])
                step = np.diff(p, axis=0)
                heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
                made.append((p, np.append(heading, heading[-1])))
            self._branches[lane] = made
        return self._branches[lane]


def circles(xy_HK2: Floats, yaw_HK: Floats, half_length_H: Floats, half_width_H: Floats) -> tuple[Floats, Floats]:
    """Three circles that cover each body: centres (H, K, 3, 2) and radii (H,)."""
    spine = np.maximum(half_length_H - half_width_H, 0.0)
    along = np.stack([np.cos(yaw_HK), np.sin(yaw_HK)], axis=-1)
    at = spine[:, None] * np.array([-1.0, 0.0, 1.0])[None]
    return xy_HK2[:, :, None, :] + at[:, None, :, None] * along[:, :, None, :], half_width_H


def _bend(line: Polyline) -> float:
    return line.yaw_at(line.length_m) - line.yaw_at(0.0)
