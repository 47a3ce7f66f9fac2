"""From a goal, or from a row of GNSS points, to a route over the lanes of a map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ConfigError, MapError
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import EgoState
from automot_ros.simulation.maps.geodesy import GeoReference
from automot_ros.simulation.maps.road_map import RoadMap

LARGEST_BYTES, MOST_POINTS = 1 << 20, 10_000
ASIDE_M = 8.0  # a click beside the road means the lane next to it


class Wayfinder:
    """Knows the map and where the car is; routes begin at the car."""

    def __init__(self) -> None:
        self._map: RoadMap | None = None
        self._xodr = ""
        self._ego: EgoState | None = None

    def observe_map(self, name: str, xodr_text: str) -> None:
        """The streets; MapError where they cannot be read."""
        if xodr_text and xodr_text != self._xodr:
            self._map, self._xodr = RoadMap(name, xodr_text), xodr_text

    def observe_ego(self, ego: EgoState) -> None:
        """Where the car is."""
        self._ego = ego

    def to_goal(self, goal_xy: NDArray[np.float64]) -> Route:
        """The way over the lanes from the car to a place in the map. MapError where there is none."""
        ego, road = self._ready()
        begin = road.lane_along(ego.pose_map_to_ego.position_m, ego.pose_map_to_ego.yaw_rad, ASIDE_M)
        if begin is None:
            raise MapError("the car stands on no lane", got=np.round(ego.pose_map_to_ego.position_m, 1).tolist())
        near = road.lanes_near(goal_xy, ASIDE_M)
        if not near:
            raise MapError("the goal lies on no lane", got=np.round(goal_xy, 1).tolist())
        # Of the lanes at the goal the first that can be reached: a click is not exact to a lane.
        for lane, s_m, _ in sorted(near, key=lambda row: abs(row[2])):
            ends = [road.lanes[i].center.at(np.array([s]))[0] for i, s in ((begin[0], begin[1]), (lane, s_m))]
            try:
                return Route(ego.stamp_ns, road.route_through(np.array(ends)))
            except MapError as error:
                refused = error
        raise refused

    def through_gnss(self, lat_lon_deg_N2: NDArray[np.float64]) -> Route:
        """The way over the lanes along GNSS points, from the one nearest to the car."""
        ego, road = self._ready()
        points = GeoReference(self._xodr).metres(lat_lon_deg_N2)
        nearest = int(np.hypot(*(points - ego.pose_map_to_ego.position_m).T).argmin())
        return Route(ego.stamp_ns, road.route_through(points[min(nearest, len(points) - 2):]))

    def _ready(self) -> tuple[EgoState, RoadMap]:
        if self._map is None:
            raise MapError("no map yet", wanted="an OpenDRIVE map: the parameter map, or ~/input/world_info")
        if self._ego is None:
            raise MapError("no odometry yet")
        return self._ego, self._map


def read_gnss_points(path: Path) -> NDArray[np.float64]:
    """(N, 2) latitude and longitude of a text file, a point a line: degrees, a comma between. # begins a comment."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError("file is too large", where=str(path), got=path.stat().st_size, wanted=LARGEST_BYTES)
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("file cannot be read", where=str(path), got=str(error), wanted="a text file") from error
    points = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        try:
            lat, lon = (float(word) for word in words.split(","))
        except ValueError as error:
            raise ConfigError("not a point", where=f"{path}:{number}", got=line[:80],
                              wanted="latitude, longitude") from error
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            raise ConfigError("not a place on earth", where=f"{path}:{number}", got=line[:80],
                              wanted="-90..90, -180..180")
        points.append((lat, lon))
    if not 2 <= len(points) <= MOST_POINTS:
        raise ConfigError("not a route", where=str(path), got=f"{len(points)} points", wanted=f"2..{MOST_POINTS}")
    return np.array(points)
