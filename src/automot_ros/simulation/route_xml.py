"""The leaderboard's route format, element by element: what its XML says, as plain values of ours.

The format is what `leaderboard/utils/route_parser.py` of CARLA's leaderboard reads. Its frame is left-handed: y and yaw
are negated here (and in `route_writing`), nowhere else.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.conditions import Conditions
from automot_ros.simulation.tasks import ScenarioSpec

OWN = "automot"  # our element in a route, for what the format has no place for
SENSOR_FIELDS = ("camera_jitter_deg", "lidar_dropout", "sensor_latency_ticks")
TRAFFIC_FIELDS = ("vehicles", "parked", "walkers")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+.-]{0,99}")
_MOST = 2**53  # whole numbers above it are not told apart
_BASE_WEATHER = {"sun_altitude_angle": 70.0, "cloudiness": 50.0}  # what the leaderboard fills gaps with
Points = NDArray[np.float64]


def checked_name(town: str) -> str:
    """The name, where it can only ever be a file in the folder that it is looked for in."""
    if not _NAME.fullmatch(town) or ".." in town:
        raise MapError("not the name of a town", got=f"{town[:100]!r}", wanted="letters, digits, _ + - and single dots")
    return town


class _NoDoctype(ET.TreeBuilder):
    """Entities can only be declared in a document type: without one, nothing expands."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called by the parser where a document type begins."""
        raise MapError("document types are not read", got=f"<!DOCTYPE {name[:40]}")


def parse(data: bytes, where: str) -> ET.Element:
    """The root of an XML document that declares no entities; MapError otherwise."""
    parser = ET.XMLParser(target=_NoDoctype())
    try:
        parser.feed(data)
        root: ET.Element = parser.close()
    except (ET.ParseError, LookupError, ValueError) as error:
        raise MapError("not usable XML", where=where, got=str(error), wanted="a route file") from error
    return root


def waypoints(route: ET.Element) -> Points:
    """(N, 2) right-handed map points of a route, N >= 2."""
    points = np.array([_place(p) for p in route.iterfind("waypoints/position")]).reshape(-1, 2)
    if len(points) < 2:
        raise MapError("too few waypoints", got=len(points), wanted=">= 2")
    return points


def scenarios(route: ET.Element) -> tuple[ScenarioSpec, ...]:
    """The scenarios of a route in file order, each child's attributes kept as they are."""
    found: list[ScenarioSpec] = []
    for element in route.iterfind("scenarios/scenario"):
        found.append(_scenario(element, {s.name for s in found}))
    return tuple(found)


def _scenario(element: ET.Element, taken: set[str]) -> ScenarioSpec:
    kind = element.get("type", "")
    if not kind:
        raise MapError("a scenario without a type", got=sorted(element.attrib), wanted="name and type")
    name = element.get("name") or kind
    name = next(n for k in range(len(taken) + 1) if (n := f"{name}#{k + 1}" if k else name) not in taken)
    trigger = element.find("trigger_point")
    if trigger is None:
        raise MapError("a scenario without a trigger point", where=name, wanted="<trigger_point x y yaw>")
    yaw = wrap_angle(-math.radians(_number(trigger, "yaw", 0.0)))
    parameters: dict[str, dict[str, str]] = {}
    for child in element:
        if child is not trigger:
            count = sum(key.split("#")[0] == child.tag for key in parameters)
            parameters[f"{child.tag}#{count + 1}" if count else child.tag] = dict(child.attrib)
    return ScenarioSpec(name, kind, Pose2(*_place(trigger), yaw), parameters)


def conditions(route: ET.Element) -> Conditions:
    """The first weather of a route as our conditions, see docs/routes.md; values out of range go to its edge."""
    weathers = route.findall("weathers/weather")
    weather = min(weathers, key=lambda w: _number(w, "route_percentage", 0.0), default=ET.Element("weather"))
    share = {key: min(max(_number(weather, key, _BASE_WEATHER.get(key, 0.0)) / 100.0, 0.0), 1.0)
             for key in ("cloudiness", "precipitation", "precipitation_deposits", "wetness", "fog_density")}
    altitude = _number(weather, "sun_altitude_angle", _BASE_WEATHER["sun_altitude_angle"])
    azimuth = math.fmod(-_number(weather, "sun_azimuth_angle", 0.0), 360.0)
    wet = 0.5 * max(share["precipitation_deposits"], share["wetness"])
    own = own_values(route)
    jitter, dropout, latency = (own_number(own, key, 0.0) for key in SENSOR_FIELDS)
    varied = own_number(own, "varied_vehicles", 1.0) != 0.0  # foreign files say nothing of it
    return Conditions(sun_altitude_deg=min(max(altitude, -30.0), 90.0), sun_azimuth_deg=azimuth + 0.0,
                      cloudiness=share["cloudiness"], fog=share["fog_density"], rain=max(share["precipitation"], wet),
                      camera_jitter_deg=jitter, lidar_dropout=dropout, sensor_latency_ticks=int(latency),
                      varied_vehicles=varied)


def own_values(route: ET.Element) -> dict[str, str]:
    """What our own element of a route says; empty in files of others."""
    own = route.find(OWN)
    return {} if own is None else dict(own.attrib)


def own_number(own: Mapping[str, str], key: str, missing: float) -> float:
    """A number that is not negative."""
    value = _finite(own[key], f"{key} of <{OWN}>") if key in own else missing
    if not 0.0 <= value < _MOST:
        raise MapError("out of bounds", where=f"{key} of <{OWN}>", got=value, wanted=f"0..{_MOST}")
    return value


def _place(element: ET.Element) -> tuple[float, float]:
    return _number(element, "x"), -_number(element, "y")


def _number(element: ET.Element, key: str, missing: float | None = None) -> float:
    text = element.get(key)
    if text is None and missing is not None:
        return missing
    return _finite(text, f"{key} of <{element.tag}>")


def _finite(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MapError("not a number", where=where, got=repr(text), wanted="a finite number")
    return value
