"""What would end or stop carla.Map is refused before it gets there, with the place; what it can read stays."""

import re
import xml.etree.ElementTree as ET

import pytest

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps.generate import generated_xodr
from automot_ros.simulation.maps.reader import read

RURAL = generated_xodr("rural", 3)


def changed(path: str, number: int = 0, **attributes: str | None) -> str:
    """The rural map with other attributes at one element; None takes one away."""
    root = ET.fromstring(RURAL)
    element = root.findall(path)[number]
    for name, value in attributes.items():
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)
    return ET.tostring(root, encoding="unicode")


def without(path: str, tag: str) -> str:
    """The rural map with the first `tag` of an element gone."""
    root = ET.fromstring(RURAL)
    parent = next(p for p in root.findall(path) if p.find(tag) is not None)
    parent.remove(parent.find(tag))
    return ET.tostring(root, encoding="unicode")


GEOMETRY, LANE = "road/planView/geometry", "road/lanes/laneSection/right/lane"


@pytest.mark.parametrize(("text", "says"), [
    (changed("road", length="nan"), "<road> length='nan', wanted 0..50000"),
    (changed("road", length="1e300"), "<road> length='1e300'"),
    (changed("road", length="1_000"), "<road> length='1_000'"),
    (changed("road", length="٣"), "<road> length='٣'"),
    (changed("road", length="7.5"), "its geometry"),
    (changed("road", id="9" * 400), "<road> id='999"),
    (changed("road", 1, id="1"), "two roads or two junctions of one id"),
    (changed(GEOMETRY, hdg="inf"), "<geometry> hdg='inf', wanted -100..100"),
    (changed(GEOMETRY, x=None), "<geometry> without x"),
    (changed(GEOMETRY, s="5e-06"), "geometry at s=5e-06, wanted 0"),
    (changed(GEOMETRY, 1, s="3.0"), "geometry at s=3.0"),
    (changed("road/planView/geometry/arc", curvature="-11"), "curvature='-11'"),
    (changed("road/planView/geometry/arc", curvature="9"), "turns more than 100 rad"),
    (without(GEOMETRY, "line"), "geometry is none of line"),
    (RURAL.replace("<line />", '<successor id="1" /><line />', 1), "geometry is none of line"),
    (changed("road/lanes/laneOffset", s="128"), "laneOffset begins at"),
    (changed("road/lanes/laneOffset", d="255"), "<laneOffset> d grows beyond 10000 m"),
    (changed("road/lanes/laneSection", s="2"), "laneSection begins at"),
    (changed(LANE, id="-7"), "on the right, wanted each once from the middle on"),
    (changed(f"{LANE}/width", a="1e9"), "<width> a='1e9'"),
    (changed("road/link/successor", elementId="77777"), "elementId='77777', which the map has not"),
    (changed("road/link/successor", elementType="street"), "successor is 'street', wanted road or junction"),
    (changed(f"{LANE}/link/successor", id="-90"), "<successor> id='-90', wanted a lane that is there"),
    (changed("junction/connection", connectingRoad="77777"), "connectingRoad='77777'"),
    (changed("junction/connection/laneLink", to="-90"), "<laneLink> to='-90', wanted a lane that is there"),
    (changed("controller/control", signalId="77777"), "a controller of signal '77777'"),
    (RURAL.replace("<OpenDRIVE>", '<!DOCTYPE a [<!ENTITY b "c">]><OpenDRIVE>'), "document types are not read"),
    (RURAL.replace("<road ", '<road xmlns="elsewhere" ', 1).replace("<line />", "", 1), "geometry is none of line"),
])
def test_it_is_refused_with_the_place(text: str, says: str) -> None:
    with pytest.raises(MapError, match=re.escape(says)):
        read("town", text)


def test_the_engine_is_given_what_was_checked_and_nothing_else() -> None:
    odd = RURAL.replace("<line />", "<![CDATA[  ]]><!-- --><line />", 1)
    odd = odd.replace("<road ", '<road xmlns="elsewhere" ', 1)
    text = read("town", odd).text
    assert "CDATA" not in text
    assert "elsewhere" not in text
    assert read("town", text).roads == read("town", RURAL).roads


def test_a_speed_that_is_none_states_no_limit() -> None:
    for text, count in (("90", 1), ("nan", 0), ("1e9", 0), ("no limit", 0)):
        assert len(read("town", changed("road/type/speed", max=text)).roads[0].speeds) == count
