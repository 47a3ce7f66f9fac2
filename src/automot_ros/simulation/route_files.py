"""Route files of CARLA's leaderboard and of Bench2Drive as embedded drives; `route_writing` makes them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from automot_ros.base.errors import AutomotError, MachineError, MapError
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation import route_xml
from automot_ros.simulation.conditions import Conditions
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.route_xml import TRAFFIC_FIELDS, Points, checked_name, own_number
from automot_ros.simulation.tasks import DriveTask, ScenarioSpec, TrafficConfig, load_map, task_on_map

LOWEST_SEED = 1_000_000
MAX_BYTES = 64 * 2**20
TRIGGER_REACH_M = 6.0
_LEAST_TIME_S, _LEAST_SHARE = 300.0, 0.1  # scenario_runner's RouteTimeoutBehavior: 300 s, and a tenth of the limit


@dataclass(slots=True)
class RouteEntry:
    """One route of a file. Cheap until `build` loads its map, so that a bad route costs nobody but itself.

    kinds: the scenario classes in file order; task: there once `build` has made it; error: why there is none.
    """

    id: str
    town: str
    kinds: tuple[str, ...] = ()
    task: DriveTask | None = None
    error: str | None = None
    maps: Path | None = None
    waypoints_N2: Points = field(default_factory=lambda: np.zeros((0, 2)), repr=False)
    scenarios: tuple[ScenarioSpec, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    own: Mapping[str, str] = field(default_factory=dict)

    def build(self) -> DriveTask:
        """The task, with its map loaded and its route laid over the lanes.

        MapError names the route and says why it cannot be driven; MachineError when this machine reads no maps.
        """
        if self.task is None and self.error is None:
            try:
                self.task = _task(self)
            except MachineError:
                raise
            except AutomotError as error:
                self.error = str(error)
        if self.task is None:
            raise MapError(f"route {self.id} cannot be driven: {self.error}")
        return self.task


def read_routes(path: Path, maps: Path | None) -> list[RouteEntry]:
    """Every route of a file, in its order. MapError when the file is no route file; a bad route is a bad entry.

    maps: folder with OpenDRIVE maps, see `find_map`; None: those of $CARLA_ROOT.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise MapError("route file is too large", where=str(path), got=f"{size} bytes", wanted=f"<= {MAX_BYTES}")
        root = route_xml.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise MapError("cannot read the route file", where=str(path), got=str(error)) from error
    if root.tag != "routes":
        raise MapError("not a route file", where=str(path), got=f"<{root.tag}>", wanted="<routes>")
    entries: list[RouteEntry] = []
    taken: set[str] = set()
    for place, element in enumerate(root.iter("route")):
        given = element.get("id", "")
        entry = RouteEntry(given, element.get("town", ""), maps=maps)
        entry.kinds = tuple(s.get("type", "") for s in element.iterfind("scenarios/scenario"))
        if not given or given in taken:
            entry.id = f"{given}#{place}"
            entry.error = f"route ids must be there and differ: got {given!r}"
        else:
            try:
                entry.waypoints_N2 = route_xml.waypoints(element)
                entry.scenarios, entry.conditions = route_xml.scenarios(element), route_xml.conditions(element)
                entry.own = route_xml.own_values(element)
            except AutomotError as error:
                entry.error = str(error)
        taken.add(entry.id)
        entries.append(entry)
    if not entries:
        raise MapError("a route file without routes", where=str(path))
    return entries


def find_map(town: str, maps: Path | None) -> Path:
    """The OpenDRIVE file of a town.

    In `maps`: TOWN.xodr, TOWN/OpenDrive/TOWN.xodr or OpenDrive/TOWN.xodr; without `maps`, CARLA's under $CARLA_ROOT.
    """
    checked_name(town)
    folder = maps
    if folder is None:
        carla = os.environ.get("CARLA_ROOT", "")
        if not carla:
            raise MapError("no maps", got="neither a folder of maps nor $CARLA_ROOT", wanted=f"one with {town}.xodr")
        folder = Path(carla) / "CarlaUE4" / "Content" / "Carla" / "Maps"
    places = [folder / f"{town}.xodr", folder / town / "OpenDrive" / f"{town}.xodr",
              folder / "OpenDrive" / f"{town}.xodr"]
    for place in places:
        if place.is_file():
            return place
    raise MapError("no OpenDRIVE map of the town", got=town, wanted=" or ".join(str(p) for p in places))


@lru_cache(maxsize=4)
def _map_text(path: Path, _stamp: tuple[int, int]) -> str:
    """One copy of a map's text for all routes on it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MapError("cannot read the map", where=str(path), got=str(error)) from error
    if "<!DOCTYPE" in text:
        raise MapError("document types are not read", where=str(path))
    return text


def _task(entry: RouteEntry) -> DriveTask:
    path = find_map(entry.town, entry.maps)
    status = path.stat()
    xodr = _map_text(path, (status.st_mtime_ns, status.st_size))
    road_map = load_map(entry.town, xodr)
    route = road_map.route_through(entry.waypoints_N2)
    line = Polyline(route)
    for scenario in entry.scenarios:
        away = abs(line.project(scenario.trigger_map.position_m)[1])
        if away > TRIGGER_REACH_M:
            raise MapError("the trigger of a scenario lies off the route", where=scenario.name, got=f"{away:.1f} m",
                           wanted=f"<= {TRIGGER_REACH_M} m")
    own = entry.own
    name = own.get("name") or f"RouteScenario_{entry.id}"  # the latter is what the leaderboard calls it
    seed = int(own_number(own, "seed", stable_seed(entry.town, entry.id)))
    drawn = task_on_map(name, entry.town, xodr, route, seed)
    traffic = TrafficConfig(**{key: int(own_number(own, key, getattr(drawn.traffic, key))) for key in TRAFFIC_FIELDS})
    return replace(drawn, traffic=traffic, time_limit_s=own_number(own, "time_limit_s", _time_limit_s(road_map, route)),
                   scenarios=entry.scenarios, conditions=entry.conditions)


def stable_seed(town: str, route_id: str) -> int:
    """The seed of a route from outside: the same on every machine, and never one that a driver was trained on."""
    return int(stream(zlib.crc32(route_id.encode()), "route file", town).integers(LOWEST_SEED, 2**31))


def _time_limit_s(road_map: RoadMap, route_N2: Points) -> float:
    """The leaderboard's limit for the whole route: 300 s, and the time it takes at a tenth of the speed limit."""
    found = (road_map.lane_at(p) for p in 0.5 * (route_N2[:-1] + route_N2[1:]))
    limits = np.array([road_map.lanes[at[0]].speed_limit_mps if at is not None else np.nan for at in found])
    steps = np.hypot(*np.diff(route_N2, axis=0).T)
    return float(_LEAST_TIME_S + np.nansum(steps / (_LEAST_SHARE * np.maximum(limits, 1.0))))
