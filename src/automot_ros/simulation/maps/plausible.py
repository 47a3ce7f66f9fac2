"""What OpenDRIVE text must be before carla.Map may see it.

carla.Map trusts what it parses: a number that is none, a length of a million kilometres or a link into nothing ends or
stops the process, where nothing can be caught. Bounds are far beyond every road there is.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from automot_ros.simulation.maps.links import check_links

MOST_BYTES = 1 << 27
MOST_ROADS = 100_000
MOST_LANES = 100
MOST_LENGTH_M = 5e6
"""Of all roads together; the largest town of CARLA has less than a fifth of it."""
MOST_TURN_RAD = 100.0
"""Of one piece of a reference line."""
GAP_M = 0.1
_DISTANCE, _PLACE, _FACTOR, _ANGLE = (0.0, 5e4), (-1e6, 1e6), (-1e4, 1e4), (-100.0, 100.0)
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "s": _DISTANCE, "sOffset": _DISTANCE, "length": _DISTANCE, "width": (0.0, 1e4), "height": _FACTOR,
    "x": _PLACE, "y": _PLACE, "z": _FACTOR, "t": _FACTOR, "u": _FACTOR, "v": _FACTOR, "zOffset": _FACTOR,
    "hdg": _ANGLE, "hOffset": _ANGLE, "pitch": _ANGLE, "roll": _ANGLE,
    "curvature": (-10.0, 10.0), "curvStart": (-10.0, 10.0), "curvEnd": (-10.0, 10.0),
    **dict.fromkeys(("a", "b", "c", "d", "aU", "bU", "cU", "dU", "aV", "bV", "cV", "dV"), _FACTOR)}
"""Attributes of any element that are numbers, and their bounds: m, rad, 1/m. An empty one counts as none."""
_WHOLE: Mapping[tuple[str, str], tuple[int, int]] = {
    ("road", "id"): (0, 2**31 - 1), ("road", "junction"): (-1, 2**31 - 1), ("junction", "id"): (0, 2**31 - 1),
    ("lane", "id"): (-MOST_LANES, MOST_LANES), ("laneLink", "from"): (-MOST_LANES, MOST_LANES),
    ("laneLink", "to"): (-MOST_LANES, MOST_LANES), ("validity", "fromLane"): (-MOST_LANES, MOST_LANES),
    ("validity", "toLane"): (-MOST_LANES, MOST_LANES)}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "road": ("id", "length"), "geometry": ("s", "x", "y", "hdg", "length"), "arc": ("curvature",),
    "spiral": ("curvStart", "curvEnd"), "laneSection": ("s",), "lane": ("id",), "junction": ("id",)}
_SHAPES = ("line", "arc", "spiral", "poly3", "paramPoly3")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)


def is_number(text: str) -> bool:
    """Whether a text is a number to C as well as to Python, in the same digits."""
    return len(text) < 64 and _NUMBER.fullmatch(text) is not None


def check(root: ET.Element) -> None:
    """Raises ValueError for what carla.Map must not see."""
    _attributes(root)
    roads = root.findall("road")
    if len(roads) > MOST_ROADS:
        raise ValueError(f"{len(roads)} roads, wanted <= {MOST_ROADS}")
    if sum(float(road.get("length", "")) for road in roads) > MOST_LENGTH_M:
        raise ValueError(f"roads of more than {MOST_LENGTH_M:g} m in all")
    for road in roads:
        where = f"road {road.get('id')}"
        _sections(road, where)
        _plan(road, where)
    check_links(root)


def _attributes(root: ET.Element) -> None:
    """Every number of the map by itself."""
    for element in root.iter():
        tag = element.tag
        for key in _NEEDED.get(tag, ()):
            if not element.get(key):
                raise ValueError(f"<{tag}> without {key}")
        for key, text in element.items():
            if key in _NUMBERS and text:
                low, high = _NUMBERS[key]
                if not is_number(text) or not low <= float(text) <= high:
                    raise ValueError(f"<{tag}> {key}={text[:40]!r}, wanted {low:g}..{high:g}")
            elif (tag, key) in _WHOLE:
                first, last = _WHOLE[tag, key]
                if not _INTEGER.fullmatch(text) or not first <= int(text) <= last:
                    raise ValueError(f"<{tag}> {key}={text[:40]!r}, wanted {first}..{last}")


def _plan(road: ET.Element, where: str) -> None:
    """The reference line begins at 0, its pieces follow each other, and it is as long as the road says."""
    pieces = road.findall("planView/geometry")
    if not pieces:
        raise ValueError(f"{where} without geometry")
    reached = 0.0
    for piece in pieces:
        length = float(piece.get("length", ""))
        shapes = [shape for shape in piece if shape.tag in _SHAPES]
        if len(shapes) != 1 or piece[0] is not shapes[0] or (piece.text or "").strip():  # it looks at the first child
            raise ValueError(f"{where}: geometry is none of {', '.join(_SHAPES)}")
        if abs(float(piece.get("s", "")) - reached) > (GAP_M if reached else 0.0):
            raise ValueError(f"{where}: geometry at s={piece.get('s')}, wanted {reached:g}")
        numbers = {key: abs(float(shapes[0].get(key) or 0.0)) for key in ("curvature", "curvStart", "curvEnd")}
        if max(numbers.values()) * length > MOST_TURN_RAD:
            raise ValueError(f"{where}: geometry at s={piece.get('s')} turns more than {MOST_TURN_RAD:g} rad")
        reach = 1.0 if shapes[0].get("pRange") == "normalized" else length
        for axis in ("", "U", "V"):
            _bounded(shapes[0], axis, reach, where)
        reached += length
    if abs(reached - float(road.get("length", ""))) > GAP_M:
        raise ValueError(f"{where} is {road.get('length')} m long, its geometry {reached:g} m")


def _sections(road: ET.Element, where: str) -> None:
    """Lane sections follow each other from 0; their lanes have the numbers outwards from the middle, each once."""
    length = float(road.get("length", ""))
    sections = road.findall("lanes/laneSection")
    if not sections:
        raise ValueError(f"{where} without a lane section")
    starts = _rows(sections, "s", length, f"{where} laneSection")
    for rows in (road.findall("lanes/laneOffset"), road.findall("elevationProfile/elevation")):
        _rows(rows, "s", length, f"{where} {rows[0].tag if rows else ''}")
    for section, start, end in zip(sections, starts, [*starts[1:], length], strict=False):
        for side, step in (("left", 1), ("center", 0), ("right", -1)):
            lanes = section.findall(f"{side}/lane")
            found = sorted(int(lane.get("id", "")) for lane in lanes)
            if found != sorted(step * (n + 1) for n in range(len(lanes))) or (step == 0 and len(lanes) != 1):
                raise ValueError(f"{where}: lanes {found[:10]} on the {side}, wanted each once from the middle on")
            for lane in lanes:
                _rows(lane.findall("width"), "sOffset", end - start, f"{where} lane {lane.get('id')} width")


def _rows(rows: Sequence[ET.Element], key: str, length: float, where: str) -> list[float]:
    """Where each row begins: at 0, where something must be, and upwards; each holds until the next."""
    starts = [float(row.get(key) or 0.0) for row in rows]
    if starts and (starts[0] > 0.0 or starts[-1] > length + GAP_M or sorted(starts) != starts):
        raise ValueError(f"{where} begins at {starts[:5]}, wanted 0 and upwards to {length:g}")
    for row, start, end in zip(rows, starts, [*starts[1:], length], strict=False):
        _bounded(row, "", end - start, where)
    return starts


def _bounded(row: ET.Element, axis: str, reach_m: float, where: str) -> None:
    """A cubic polynomial of which no term grows out of bounds within its reach."""
    for power, letter in enumerate("abcd"):
        if abs(float(row.get(letter + axis) or 0.0)) * max(0.0, reach_m) ** power > _FACTOR[1]:
            raise ValueError(f"{where}: <{row.tag}> {letter + axis} grows beyond {_FACTOR[1]:g} m in {reach_m:g} m")
