"""Tasks as a route file of the leaderboard's format, with their maps beside it; `route_files` reads both back.

What the format has no place for (seed, traffic, sensors, time limit) is in an element `<automot>` of its own, which the
leaderboard passes over.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.base.results import write_bytes
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.conditions import Conditions
from automot_ros.simulation.route_xml import OWN, SENSOR_FIELDS, TRAFFIC_FIELDS, checked_name, parse
from automot_ros.simulation.tasks import DriveTask, ScenarioSpec

SPACING_M = 2.0
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def write_routes(tasks: Sequence[DriveTask], folder: Path) -> Path:
    """Write `routes.xml` and every map as MAP_NAME.xodr; the path of the former. Each file appears whole or not at all.

    Waypoints are 2 m apart. Routes are numbered, since the leaderboard sorts by number. MapError when two maps share a
    name, or a name cannot be written.
    """
    if not tasks:
        raise MapError("no routes to write", where=str(folder), wanted="one or more")
    maps: dict[str, str] = {}
    root = ET.Element("routes")
    for place, task in enumerate(tasks):
        if maps.setdefault(checked_name(task.map_name), task.xodr) != task.xodr:
            raise MapError("two maps of one name", got=task.map_name)
        root.append(_route(place, task))
    ET.indent(root, "   ")
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    parse(data, "the route file to be written")  # ElementTree writes control characters that no reader takes
    for name, xodr in maps.items():
        write_bytes(folder / f"{name}.xodr", xodr.encode())
    write_bytes(folder / "routes.xml", data)
    return folder / "routes.xml"


def _route(place: int, task: DriveTask) -> ET.Element:
    route = ET.Element("route", id=str(place), town=task.map_name)
    waypoints = ET.SubElement(route, "waypoints")
    line = Polyline(task.route_map_N2)
    for x, y in line.at(np.append(np.arange(0.0, line.length_m - 0.5, SPACING_M), line.length_m)).tolist():
        ET.SubElement(waypoints, "position", x=f"{x:.3f}", y=f"{-y:.3f}", z="0.0")
    scenarios = ET.SubElement(route, "scenarios")
    for spec in task.scenarios:
        scenarios.append(_scenario(spec))
    weathers = ET.SubElement(route, "weathers")
    for percentage in ("0", "100"):
        ET.SubElement(weathers, "weather", {"route_percentage": percentage, **_weather(task.conditions)})
    own = {"name": task.name, "seed": str(task.seed), "time_limit_s": repr(float(task.time_limit_s))}
    own |= {key: str(getattr(task.traffic, key)) for key in TRAFFIC_FIELDS}
    own |= {key: repr(getattr(task.conditions, key)) for key in SENSOR_FIELDS}
    own["varied_vehicles"] = str(int(task.conditions.varied_vehicles))
    ET.SubElement(route, OWN, own)
    return route


def _scenario(spec: ScenarioSpec) -> ET.Element:
    element = ET.Element("scenario", name=spec.name, type=spec.kind)
    element.append(_trigger(spec.trigger_map))
    for key, attributes in spec.parameters.items():
        tag = key.split("#")[0]  # repeated elements are numbered on reading
        for word in (tag, *attributes):
            if not _TAG.fullmatch(word):
                raise MapError("not a name that XML can hold", where=f"scenario {spec.name}", got=repr(word))
        ET.SubElement(element, tag, {k: str(v) for k, v in attributes.items()})
    return element


def _trigger(pose: Pose2) -> ET.Element:
    return ET.Element("trigger_point", x=f"{pose.x_m:.4f}", y=f"{-pose.y_m:.4f}", z="0.0",
                      yaw=f"{-math.degrees(pose.yaw_rad):.5f}")


def _weather(conditions: Conditions) -> dict[str, str]:
    """The reverse of what reading does; a wet road follows from the rain."""
    values = {
        "cloudiness": 100.0 * conditions.cloudiness, "fog_density": 100.0 * conditions.fog,
        "precipitation": 100.0 * conditions.rain, "precipitation_deposits": 100.0 * conditions.rain,
        "wetness": 100.0 * conditions.rain, "sun_altitude_angle": conditions.sun_altitude_deg,
        "sun_azimuth_angle": -conditions.sun_azimuth_deg,
    }
    return {key: f"{value + 0.0:.9g}" for key, value in values.items()}
