"""RoadMap: the one view of an OpenDRIVE map that the simulator uses; right-handed, numpy, through carla.Map."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from automot_ros.base.errors import AutomotError, MachineError, MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import wrap_angle
from automot_ros.simulation.maps import routing
from automot_ros.simulation.maps.lanes import Junction, Lane, Strip, Strips, driving_lanes, find_junctions, sample
from automot_ros.simulation.maps.markings import paint
from automot_ros.simulation.maps.matching import Candidate, route_through
from automot_ros.simulation.maps.reader import read
from automot_ros.simulation.maps.signals import Signal, find_signals
from automot_ros.simulation.maps.surfaces import PavedGrid, Surface, ground, junction_fill

LANE_REACH_M = 8.0
_CANDIDATE_REACH_M = 5.0
Points = NDArray[np.float64]


class RoadMap:
    """Lanes, junctions and signals of a map; everything else is made when first asked for.

    The text is OpenDRIVE; a broken one raises MapError. Coordinates are OpenDRIVE's (x east, y north), metres.
    """

    def __init__(self, name: str, xodr_text: str) -> None:
        self.name = name
        self.tables = read(name, xodr_text)
        self.lanes: tuple[Lane, ...]
        self.signals: tuple[Signal, ...]
        try:
            self.engine = _engine(name, self.tables.text)
            self.lanes, self._driving = driving_lanes(name, self.engine, self.tables)
            self.signals = find_signals(self.engine, self.tables, self.lanes)
        except AutomotError:
            raise
        except (RuntimeError, LookupError, ArithmeticError, TypeError, ValueError) as error:
            raise MapError("carla.Map cannot read the map", where=name, got=repr(error)) from error
        lights = frozenset(s.junction_id for s in self.signals if s.kind == "light")
        self.junctions: dict[int, Junction] = find_junctions(self.lanes, lights)

    @classmethod
    def from_file(cls, path: Path | str) -> RoadMap:
        """Load an .xodr file; the map is named after the file."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MapError("cannot read the map", where=str(path), got=str(error)) from error
        return cls(path.stem, text)

    @cached_property
    def strips(self) -> Strips:
        """Every lane with a width, of any kind, by (road, section, lane)."""
        strips = dict(self._driving)
        for road in self.tables.roads:
            for place, section in enumerate(road.sections):
                for lane_id, row in section.lanes.items():
                    key = (road.id, place, lane_id)
                    if lane_id != 0 and key not in strips and row.kind != "none":
                        strip = sample(self.engine, road, section, lane_id)
                        if strip is not None:
                            strips[key] = strip
        return strips

    @cached_property
    def sidewalks(self) -> tuple[Polyline, ...]:
        """Centre lines of sidewalks, in the direction of the neighbouring lane."""
        return self._lines("sidewalk")

    @cached_property
    def parking(self) -> tuple[Polyline, ...]:
        """Centre lines of parking lanes, in the direction of the neighbouring lane."""
        return self._lines("parking")

    def _lines(self, kind: str) -> tuple[Polyline, ...]:
        found = (strip.center_N2 for strip in self.strips.values() if strip.kind == kind)
        return tuple(Polyline(p) for p in found if len(p) > 1 and np.hypot(*np.ptp(p, axis=0)) > 0.5)

    @cached_property
    def crosswalks(self) -> tuple[Points, ...]:
        """(4, 2) rectangles; people walk along the sides 0 -> 1 and 3 -> 2 (the long ones)."""
        corners = [(p.x, -p.y) for p in self.engine.get_crosswalks()]
        found, start = [], 0
        for i in range(1, len(corners)):
            if i > start and np.hypot(corners[i][0] - corners[start][0], corners[i][1] - corners[start][1]) < 1e-3:
                if i - start >= 3:
                    found.append(_rectangle(np.array(corners[start:i])))
                start = i + 1
        return tuple(found)

    @cached_property
    def _samples(self) -> tuple[cKDTree, NDArray[np.int64], NDArray[np.float64]]:
        """Tree over all centre-line points, and for each point its lane and arc length."""
        lines = [lane.center for lane in self.lanes]
        owner = np.concatenate([np.full(len(line.points_N2), i) for i, line in enumerate(lines)])
        return cKDTree(np.concatenate([line.points_N2 for line in lines])), owner, np.concatenate(
            [line.s_N for line in lines])

    @cached_property
    def _fill(self) -> list[Points]:
        return junction_fill(self.tables, self.lanes, self.strips)

    def surfaces(self) -> list[Surface]:
        """Everything on the ground as coloured triangles, for the camera; grass, road, sidewalks, then paint."""
        return [*ground(self.strips, self._fill), *paint(self.tables, self.strips, self.signals, self.crosswalks)]

    @cached_property
    def _paved(self) -> PavedGrid:
        return PavedGrid(self.strips, self._fill)

    def drivable(self, xy_N2: Points) -> NDArray[np.bool_]:
        """(N,) whether points lie on a driving or parking lane or in a junction, to about 0.2 m."""
        return self._paved(xy_N2)

    def lane_at(self, xy: Points) -> tuple[int, float, float] | None:
        """Nearest driving lane: index, arc length, offset (left positive); None farther than 8 m from any."""
        tree, owner, s_of = self._samples
        point = np.asarray(xy, dtype=np.float64)
        distance, place = tree.query(point, distance_upper_bound=LANE_REACH_M + 1.0)
        if not np.isfinite(distance):
            return None
        index, near_s = int(owner[place]), float(s_of[place])
        s, lateral = self.lanes[index].center.project(point, near_s - 2.0, near_s + 2.0)
        return (index, s, lateral) if abs(lateral) <= LANE_REACH_M else None

    def lanes_near(self, xy: Points, reach_m: float) -> list[tuple[int, float, float]]:
        """Every driving lane whose centre passes within `reach_m` of a point: index, arc length, offset."""
        tree, owner, s_of = self._samples
        point = np.asarray(xy, dtype=np.float64)
        places: dict[int, float] = {}
        hits = np.array(tree.query_ball_point(point, reach_m + 0.6), dtype=int)
        for place in hits[np.argsort(np.hypot(*(tree.data[hits] - point).T), kind="stable")].tolist():
            places.setdefault(int(owner[place]), float(s_of[place]))
        found = [(index, *self.lanes[index].center.project(point, s - 2.0, s + 2.0)) for index, s in places.items()]
        return [f for f in found if abs(f[2]) <= reach_m]

    def lane_along(self, xy: Points, yaw_rad: float, reach_m: float = 3.0) -> tuple[int, float, float] | None:
        """The nearest of these that runs within a radian of `yaw_rad`; None where none does."""
        found: tuple[int, float, float] | None = None
        for index, s, lateral in self.lanes_near(xy, reach_m):
            turned = abs(wrap_angle(self.lanes[index].center.yaw_at(s) - yaw_rad))
            if turned < 1.0 and (found is None or abs(lateral) < abs(found[2]) - 0.05):
                found = (index, s, lateral)
        return found

    def _candidates(self, point_2: Points) -> list[Candidate]:
        """Places on lanes that a route point may mean: inside the lane, or up to 2 m beside the nearest one."""
        tree, owner, s_of = self._samples
        places: dict[int, float] = {}
        hits = np.array(tree.query_ball_point(point_2, _CANDIDATE_REACH_M), dtype=int)
        for place in hits[np.argsort(np.hypot(*(tree.data[hits] - point_2).T), kind="stable")].tolist():
            places.setdefault(int(owner[place]), float(s_of[place]))
        found = []
        for index, near_s in places.items():
            s, lateral = self.lanes[index].center.project(point_2, near_s - 2.0, near_s + 2.0)
            if abs(lateral) <= 0.5 * self.lanes[index].width_m + 0.3:
                found.append(Candidate(index, s, lateral))
        if not found:
            nearest = self.lane_at(point_2)
            if nearest is not None and abs(nearest[2]) <= 0.5 * self.lanes[nearest[0]].width_m + 2.0:
                found = [Candidate(*nearest)]
        return sorted(found, key=lambda c: (abs(c.lateral_m), c.lane))[:8]

    def random_route(self, rng: np.random.Generator, length_m: float, start_lane: int | None = None) -> list[int]:
        """Lanes of a random drive, see `routing.random_route`."""
        return routing.random_route(self.lanes, rng, length_m, start_lane)

    def route_points(self, lane_indices: list[int], start_s_m: float = 0.0, length_m: float | None = None) -> Points:
        """(N, 2) smooth points 1 m apart along lanes, see `routing.route_points`."""
        return routing.route_points(self.lanes, lane_indices, start_s_m, length_m)

    def route_through(self, points_N2: Points) -> Points:
        """(M, 2) dense route over the lanes through sparse map points, see `matching.route_through`."""
        return route_through(self.lanes, self._candidates, points_N2)


def _engine(name: str, text: str) -> Any:
    try:
        import carla
    except ImportError as error:
        raise MachineError("the map engine is missing", got=str(error), wanted="pip install carla==0.9.16") from error
    return carla.Map(name, text)


def _rectangle(corners_N2: Points) -> Points:
    """The corners themselves when there are four, else the box round them along their longest direction."""
    if len(corners_N2) != 4:
        middle = corners_N2.mean(axis=0)
        axes = np.linalg.svd(corners_N2 - middle, full_matrices=False)[2]
        uv = (corners_N2 - middle) @ axes.T
        (u0, v0), (u1, v1) = uv.min(axis=0), uv.max(axis=0)
        corners_N2 = middle + np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]]) @ axes
    if np.hypot(*(corners_N2[1] - corners_N2[0])) < np.hypot(*(corners_N2[2] - corners_N2[1])):
        corners_N2 = np.roll(corners_N2, -1, axis=0)
    return corners_N2


__all__ = ["Junction", "Lane", "RoadMap", "Signal", "Strip", "Surface"]
