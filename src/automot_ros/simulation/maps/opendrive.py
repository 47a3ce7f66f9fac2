"""Writing OpenDRIVE 1.4: roads of lines and arcs with constant lanes, junctions, signals, crosswalks.

Numbers are written with fixed decimals, so the same network gives the same bytes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field

from automot_ros.simulation.maps.arcs import Segment, length_of

DRIVING, PARKING, SIDEWALK, SHOULDER = "driving", "parking", "sidewalk", "shoulder"
TOWN, RURAL, MOTORWAY = "town", "rural", "motorway"


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """One lane beside the reference line; `width_end_m` differs from `width_m` only on connecting roads."""

    kind: str
    width_m: float
    width_end_m: float = -1.0

    @property
    def last_width_m(self) -> float:
        """Width at the far end."""
        return self.width_m if self.width_end_m < 0 else self.width_end_m


@dataclass(frozen=True, slots=True)
class CrossSection:
    """Lanes from the middle outwards; `right` is driven along the reference line, `left` against it."""

    right: tuple[LaneSpec, ...]
    left: tuple[LaneSpec, ...] = ()
    center_mark: str = "broken"


@dataclass(slots=True)
class Link:
    """What a road or lane meets at one of its ends."""

    kind: str
    id: int
    contact: str = ""


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """A sign or light as OpenDRIVE has it: s, t on its road, orientation, lanes it is valid for, inertial place."""

    id: int
    type: str
    name: str
    s_m: float
    t_m: float
    orientation: str
    from_lane: int
    to_lane: int
    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float


@dataclass(frozen=True, slots=True)
class CrosswalkSpec:
    """A rectangle in the road's frame at `s_m`: u along the road, v to the left."""

    id: int
    s_m: float
    u_low_m: float
    u_high_m: float
    v_low_m: float
    v_high_m: float


@dataclass(slots=True)
class RoadSpec:
    """One road. `centered` puts the single right lane of a connecting road onto the reference line.

    `kind` is OpenDRIVE's type of road; `right_mark` is the paint right of a connecting lane (other roads paint by
    their cross section).
    """

    id: int
    path: list[Segment]
    section: CrossSection
    speed_kmh: float
    junction_id: int = -1
    centered: bool = False
    right_mark: str = "none"
    predecessor: Link | None = None
    successor: Link | None = None
    lane_predecessor: dict[int, int] = field(default_factory=dict)
    lane_successor: dict[int, int] = field(default_factory=dict)
    signals: list[SignalSpec] = field(default_factory=list)
    crosswalks: list[CrosswalkSpec] = field(default_factory=list)
    kind: str = TOWN

    @property
    def length_m(self) -> float:
        """Length of the reference line."""
        return length_of(self.path)


@dataclass(slots=True)
class JunctionSpec:
    """A junction: (incoming road, connecting road, from lane, to lane) rows, and the controllers of its lights."""

    id: int
    connections: list[tuple[int, int, int, int]] = field(default_factory=list)
    controllers: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)


def write(name: str, roads: Sequence[RoadSpec], junctions: Sequence[JunctionSpec]) -> str:
    """The whole map as OpenDRIVE text."""
    root = ET.Element("OpenDRIVE")
    header = ET.SubElement(root, "header", revMajor="1", revMinor="4", name=name, version="1.00",
                           north="0", south="0", east="0", west="0", vendor="automot_ros")
    ET.SubElement(header, "geoReference").text = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84"
    for road in roads:
        _road(root, road)
    for junction in junctions:
        for controller_id, signals in junction.controllers:
            element = ET.SubElement(root, "controller", id=str(controller_id), name=f"controller{controller_id}",
                                    sequence="0")
            for signal_id in signals:
                ET.SubElement(element, "control", signalId=str(signal_id), type="0")
    for junction in junctions:
        _junction(root, junction)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _n(value: float) -> str:
    text = f"{value:.9f}"
    return "0.000000000" if text == "-0.000000000" else text


def _road(root: ET.Element, road: RoadSpec) -> None:
    element = ET.SubElement(root, "road", name=f"road{road.id}", length=_n(road.length_m), id=str(road.id),
                            junction=str(road.junction_id))
    link = ET.SubElement(element, "link")
    for tag, met in (("predecessor", road.predecessor), ("successor", road.successor)):
        if met is not None:
            row = ET.SubElement(link, tag, elementType=met.kind, elementId=str(met.id))
            if met.contact:
                row.set("contactPoint", met.contact)
    kind = ET.SubElement(element, "type", s=_n(0.0), type=road.kind)
    ET.SubElement(kind, "speed", max=f"{road.speed_kmh:g}", unit="km/h")
    plan = ET.SubElement(element, "planView")
    s = 0.0
    for piece in road.path:
        row = ET.SubElement(plan, "geometry", s=_n(s), x=_n(piece.start.x_m), y=_n(piece.start.y_m),
                            hdg=_n(piece.start.yaw_rad), length=_n(piece.length_m))
        if piece.curvature == 0.0:
            ET.SubElement(row, "line")
        else:
            ET.SubElement(row, "arc", curvature=f"{piece.curvature:.12f}")
        s += piece.length_m
    profile = ET.SubElement(element, "elevationProfile")
    _poly(ET.SubElement(profile, "elevation"), "s", 0.0, 0.0)
    ET.SubElement(element, "lateralProfile")
    _lanes(element, road)
    if road.crosswalks:
        objects = ET.SubElement(element, "objects")
        for zebra in road.crosswalks:
            _crosswalk(objects, zebra)
    if road.signals:
        signals = ET.SubElement(element, "signals")
        for signal in road.signals:
            _signal(signals, signal)


def _poly(element: ET.Element, s_name: str, a: float, b: float) -> None:
    for key, value in ((s_name, 0.0), ("a", a), ("b", b), ("c", 0.0), ("d", 0.0)):
        element.set(key, _n(value))


def _lanes(element: ET.Element, road: RoadSpec) -> None:
    lanes = ET.SubElement(element, "lanes")
    length = road.length_m
    if road.centered:
        lane = road.section.right[0]
        slope = (lane.last_width_m - lane.width_m) / length
        _poly(ET.SubElement(lanes, "laneOffset"), "s", lane.width_m / 2.0, slope / 2.0)
    section = ET.SubElement(lanes, "laneSection", s=_n(0.0))
    if road.section.left:
        left = ET.SubElement(section, "left")
        for place in reversed(range(len(road.section.left))):
            _lane(left, road, place + 1, road.section.left)
    middle = ET.SubElement(ET.SubElement(section, "center"), "lane", id="0", type="none", level="false")
    _mark(middle, road.section.center_mark, "yellow")
    right = ET.SubElement(section, "right")
    for place in range(len(road.section.right)):
        _lane(right, road, -place - 1, road.section.right)


def _lane(side: ET.Element, road: RoadSpec, lane_id: int, row: tuple[LaneSpec, ...]) -> None:
    spec = row[abs(lane_id) - 1]
    outer = row[abs(lane_id)] if abs(lane_id) < len(row) else None
    element = ET.SubElement(side, "lane", id=str(lane_id), type=spec.kind, level="false")
    link = ET.SubElement(element, "link")
    for tag, table in (("predecessor", road.lane_predecessor), ("successor", road.lane_successor)):
        if lane_id in table:
            ET.SubElement(link, tag, id=str(table[lane_id]))
    _poly(ET.SubElement(element, "width"), "sOffset", spec.width_m, (spec.last_width_m - spec.width_m) / road.length_m)
    if road.junction_id >= 0:
        mark = road.right_mark
    elif spec.kind in (SIDEWALK, SHOULDER):
        mark = "none"
    else:
        mark = "broken" if outer is not None and outer.kind == DRIVING else "solid"
    _mark(element, mark, "white")


def _mark(lane: ET.Element, kind: str, color: str) -> None:
    ET.SubElement(lane, "roadMark", sOffset=_n(0.0), type=kind, weight="standard", color=color, width="0.15",
                  laneChange="both" if kind == "broken" else "none")


def _crosswalk(objects: ET.Element, zebra: CrosswalkSpec) -> None:
    element = ET.SubElement(objects, "object", type="crosswalk", name=f"crosswalk{zebra.id}", id=str(zebra.id),
                            s=_n(zebra.s_m), t=_n(0.0), zOffset=_n(0.0), hdg=_n(0.0), pitch=_n(0.0), roll=_n(0.0),
                            orientation="none", length=_n(zebra.u_high_m - zebra.u_low_m),
                            width=_n(zebra.v_high_m - zebra.v_low_m))
    outline = ET.SubElement(element, "outline")
    low, high, right, left = zebra.u_low_m, zebra.u_high_m, zebra.v_low_m, zebra.v_high_m
    for u, v in ((low, right), (low, left), (high, left), (high, right), (low, right)):
        ET.SubElement(outline, "cornerLocal", u=_n(u), v=_n(v), z=_n(0.0), height=_n(0.0))


def _signal(signals: ET.Element, signal: SignalSpec) -> None:
    element = ET.SubElement(signals, "signal", name=signal.name, id=str(signal.id), s=_n(signal.s_m), t=_n(signal.t_m),
                            zOffset=_n(signal.z_m), hOffset=_n(0.0), pitch=_n(0.0), roll=_n(0.0),
                            orientation=signal.orientation, dynamic="yes" if signal.type == "1000001" else "no",
                            country="OpenDRIVE", type=signal.type, subtype="-1", value="-1", text="",
                            height="1.2", width="0.5")
    ET.SubElement(element, "validity", fromLane=str(signal.from_lane), toLane=str(signal.to_lane))
    ET.SubElement(element, "positionInertial", x=_n(signal.x_m), y=_n(signal.y_m), z=_n(signal.z_m),
                  hdg=_n(signal.yaw_rad), pitch=_n(0.0), roll=_n(0.0))


def _junction(root: ET.Element, junction: JunctionSpec) -> None:
    element = ET.SubElement(root, "junction", id=str(junction.id), name=f"junction{junction.id}")
    for number, (incoming, connecting, from_lane, to_lane) in enumerate(junction.connections):
        row = ET.SubElement(element, "connection", id=str(number), incomingRoad=str(incoming),
                            connectingRoad=str(connecting), contactPoint="start")
        ET.SubElement(row, "laneLink", attrib={"from": str(from_lane), "to": str(to_lane)})
    for controller_id, _ in junction.controllers:
        ET.SubElement(element, "controller", id=str(controller_id), type="0", sequence="0")
