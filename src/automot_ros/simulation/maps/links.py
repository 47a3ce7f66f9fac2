"""Links of an OpenDRIVE map: every road, junction, lane and signal that is named must be there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_Lanes = Mapping[int, Sequence[set[int]]]


def check_links(root: ET.Element) -> None:
    """Raises ValueError for a link into nothing that carla.Map follows. Ids and lanes are numbers already."""
    roads = root.findall("road")
    lanes = {int(road.get("id", "")): [{int(lane.get("id", "")) for lane in section.findall("*/lane")}
                                       for section in road.findall("lanes/laneSection")] for road in roads}
    junctions = {int(junction.get("id", "")) for junction in root.findall("junction")}
    if len(lanes) < len(roads) or len(junctions) < len(root.findall("junction")):
        raise ValueError("two roads or two junctions of one id")
    for road in roads:
        _road(road, lanes, junctions)
    for connection in root.iterfind("junction/connection"):
        _known(connection, "incomingRoad", lanes)
        there = lanes[_known(connection, "connectingRoad", lanes)]
        for link in connection.findall("laneLink"):
            _lane(link, "to", there, f"connection into road {connection.get('connectingRoad')}")
    signals = {row.get("id") for row in root.iterfind("road/signals/signal")}
    for row in root.iterfind("controller/control"):
        if row.get("signalId") not in signals:
            raise ValueError(f"a controller of signal {row.get('signalId', '')[:20]!r}, which the map has not")


def _road(road: ET.Element, lanes: _Lanes, junctions: set[int]) -> None:
    """The links of a road, and those of its lanes from section to section and into the road at its end.

    Of a lane, carla.Map follows the link at the end of a right-hand lane: the successor of lanes on the right and in
    the middle, the predecessor of those on the left. (Town07 has a false link that is not followed.)
    """
    where = f"road {road.get('id')}"
    own = lanes[int(road.get("id", ""))]
    for tag, step, last in (("predecessor", -1, 0), ("successor", 1, len(own) - 1)):
        beyond: Sequence[set[int]] = ()
        for row in road.findall(f"link/{tag}"):
            if row.get("elementType") == "road":
                beyond = lanes[_known(row, "elementId", lanes)]
            elif row.get("elementType") == "junction":
                _known(row, "elementId", junctions)
            else:
                raise ValueError(f"{where}: {tag} is {row.get('elementType', '')[:20]!r}, wanted road or junction")
        for place, section in enumerate(road.findall("lanes/laneSection")):
            there = beyond if place == last else [own[place + step]]
            for lane in section.findall("*/lane"):
                if (int(lane.get("id", "")) > 0) == (step < 0):
                    for row in lane.findall(f"link/{tag}"):
                        _lane(row, "id", there, f"{where} {tag}")


def _known(row: ET.Element, key: str, ids: Mapping[int, object] | set[int]) -> int:
    text = row.get(key, "")
    if not _INTEGER.fullmatch(text) or int(text) not in ids:
        raise ValueError(f"<{row.tag}> {key}={text[:20]!r}, which the map has not")
    return int(text)


def _lane(row: ET.Element, key: str, sections: Sequence[set[int]], where: str) -> None:
    """A lane that is in the first of the sections, or in the last for one on the left. Where there is none, any."""
    text = row.get(key, "")
    if not _INTEGER.fullmatch(text) or (sections and int(text) not in sections[0 if int(text) <= 0 else -1]):
        raise ValueError(f"{where}: <{row.tag}> {key}={text[:20]!r}, wanted a lane that is there")
