"""What carla.Map does not tell, read from the OpenDRIVE text: which roads, sections and lanes exist, limits, signals.

Geometry is never computed here: that is carla.Map's part.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps import plausible

_SPEED_UNITS = {"km/h": 1.0 / 3.6, "mph": 0.44704, "m/s": 1.0}
_FASTEST = 1000.0  # in any unit; more is none


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A road mark on a lane's outer edge (lane 0: on the middle line); `s_m` from the section's start."""

    s_m: float
    kind: str
    color: str
    width_m: float


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane of a section; `speeds` rows are (s from the section's start, m/s)."""

    id: int
    kind: str
    marks: tuple[MarkRow, ...]
    speeds: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A lane section between two places on its road."""

    start_m: float
    end_m: float
    lanes: dict[int, LaneRow]


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal, or a reference to one, that applies to lanes of a road. `lanes` None: all."""

    signal_id: str
    road_id: int
    s_m: float
    orientation: str
    lanes: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class RoadRow:
    """A road. `right_hand`: lanes with negative ids are driven along the reference line."""

    id: int
    length_m: float
    junction_id: int
    right_hand: bool
    sections: tuple[SectionRow, ...]
    speeds: tuple[tuple[float, float], ...]
    signals: tuple[SignalRow, ...]

    def forward(self, lane_id: int) -> bool:
        """Whether a lane is driven along the reference line."""
        return (lane_id < 0) == self.right_hand

    def speed_at(self, s_m: float) -> float | None:
        """Speed limit in m/s where the road states one."""
        valid = [v for s, v in self.speeds if s <= s_m + 1e-6]
        return valid[-1] if valid else None


@dataclass(frozen=True, slots=True)
class MapTables:
    """All roads in file order, and the OpenDRIVE type of every signal by its id.

    `text` is the map written anew from what was checked: carla.Map has a parser of its own, which must not see more.
    """

    roads: tuple[RoadRow, ...]
    signal_types: dict[str, str]
    text: str


def read(name: str, text: str) -> MapTables:
    """Parse OpenDRIVE text; MapError says what is broken. What passes is fit for carla.Map."""
    if len(text) > plausible.MOST_BYTES:
        raise MapError("too large", where=name, got=f"{len(text)} characters", wanted=f"<= {plausible.MOST_BYTES}")
    if "<!DOCTYPE" in text:  # nobody needs entities but who wants to fill the memory
        raise MapError("document types are not read", where=name, got="<!DOCTYPE")
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, UnicodeEncodeError, ValueError) as error:
        raise MapError("not XML", where=name, got=str(error), wanted="an OpenDRIVE file") from error
    _strip_namespaces(root)  # carla.Map does not know them either
    if root.tag != "OpenDRIVE":
        raise MapError("not an OpenDRIVE file", where=name, got=f"<{root.tag[:40]}>", wanted="<OpenDRIVE>")
    try:
        plausible.check(root)
        roads = tuple(_road(element) for element in root.findall("road"))
        types = {s.get("id", ""): s.get("type", "") for s in root.iterfind("road/signals/signal")}
    except (KeyError, TypeError, ValueError) as error:
        raise MapError("broken OpenDRIVE", where=name, got=str(error)) from error
    if not roads:
        raise MapError("a map without roads", where=name)
    return MapTables(roads, types, ET.tostring(root, encoding="unicode"))


def _strip_namespaces(root: ET.Element) -> None:
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]


def _number(element: ET.Element, key: str) -> float:
    text = element.get(key)
    if text is None:
        raise ValueError(f"<{element.tag}> without {key}")
    return float(text)


def _road(element: ET.Element) -> RoadRow:
    length = _number(element, "length")
    road_id = int(_number(element, "id"))
    rows = element.findall("lanes/laneSection")
    starts = [_number(row, "s") for row in rows]
    sections = tuple(_section(row, start, end)
                     for row, start, end in zip(rows, starts, [*starts[1:], length], strict=True) if end - start > 1e-3)
    speeds = tuple((_number(kind, "s"), speed) for kind in element.findall("type") for speed in _speeds(kind))
    signals = tuple(_signal(row, road_id) for row in element.findall("signals/*")
                    if row.tag in ("signal", "signalReference"))
    return RoadRow(road_id, length, int(element.get("junction", "-1")), element.get("rule", "RHT") != "LHT", sections,
                   speeds, signals)


def _speeds(element: ET.Element) -> list[float]:
    """Limits in m/s inside a road type or lane; "no limit" and "undefined" state none."""
    return [float(text) * _SPEED_UNITS.get(row.get("unit", "m/s"), 1.0) for row in element.findall("speed")
            if plausible.is_number(text := row.get("max", "")) and float(text) <= _FASTEST]


def _section(element: ET.Element, start: float, end: float) -> SectionRow:
    lanes = {}
    for lane in element.findall("*/lane"):
        lane_id = int(lane.get("id", "x"))
        marks = tuple(MarkRow(float(m.get("sOffset", 0.0)), m.get("type", "none"), m.get("color", "standard"),
                              float(m.get("width") or 0.15)) for m in lane.findall("roadMark"))
        speeds = tuple((float(row.get("sOffset", 0.0)), float(text) * _SPEED_UNITS.get(row.get("unit", "m/s"), 1.0))
                       for row in lane.findall("speed")
                       if plausible.is_number(text := row.get("max", "")) and 0.0 <= float(text) <= _FASTEST)
        lanes[lane_id] = LaneRow(lane_id, lane.get("type", "none").lower(), marks, speeds)
    return SectionRow(start, end, lanes)


def _signal(element: ET.Element, road_id: int) -> SignalRow:
    ranges = tuple(sorted((int(v.get("fromLane", "0")), int(v.get("toLane", "0"))))
                   for v in element.findall("validity"))
    return SignalRow(element.get("id", ""), road_id, _number(element, "s"), element.get("orientation", "none"),
                     tuple((a, b) for a, b in ranges) or None)
