"""Maps from elsewhere: what may be read, and what a broken file says."""

from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MapError
from automot_ros.base.seeds import stream
from automot_ros.simulation.maps.generate import generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap

LANE = ('<lane id="{id}" type="{kind}" level="false">{link}<width sOffset="0" a="3.0" b="0" c="0" d="0"/>'
        '<roadMark sOffset="0" type="solid" color="standard" width="0.12"/></lane>')
HEAD = '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>'


def road(number: int, x: float, length: float, *, junction: int = -1, links: str = "", more: str = "",
         rule: str = "RHT") -> str:
    """A straight two-way road along x."""
    def side(lane_id: int) -> str:
        return LANE.format(id=lane_id, kind="driving", link=f'<link><predecessor id="{lane_id}"/>'
                           f'<successor id="{lane_id}"/></link>' if links else "<link/>")

    return (f'<road id="{number}" length="{length}" junction="{junction}" rule="{rule}"><link>{links}</link>'
            f'<type s="0" type="rural"><speed max="30" unit="mph"/></type>'
            f'<planView><geometry s="0" x="{x}" y="0" hdg="0" length="{length}"><line/></geometry></planView>'
            f'<lanes><laneSection s="0"><left>{side(1)}</left><center><lane id="0" type="none"/></center>'
            f'<right>{side(-1)}</right></laneSection></lanes>{more}</road>')


def test_a_plain_road_in_miles_per_hour_is_read() -> None:
    plain = RoadMap("plain", HEAD + road(1, 0.0, 300.0) + "</OpenDRIVE>")
    assert [lane.lane_id for lane in plain.lanes] == [1, -1]
    assert plain.lanes[0].speed_limit_mps == pytest.approx(13.41, abs=0.01)
    np.testing.assert_allclose(plain.lanes[1].center.points_N2[:, 1], -1.5, atol=1e-6)
    np.testing.assert_allclose(plain.lanes[0].center.points_N2[0], [300.0, 1.5], atol=0.01)
    assert plain.junctions == {}
    assert plain.signals == ()
    assert plain.crosswalks == ()
    assert len(plain.route_points(plain.random_route(stream(0, "r"), 250.0), 0.0, 250.0)) == 251
    with pytest.raises(MapError, match="no route"):
        plain.random_route(stream(0, "r"), 400.0)


def test_where_people_keep_left_the_other_lane_is_driven() -> None:
    left = RoadMap("left", HEAD + road(1, 0.0, 100.0, rule="LHT") + "</OpenDRIVE>")
    lane = next(lane for lane in left.lanes if lane.lane_id == 1)
    assert lane.center.yaw_at(50.0) == pytest.approx(0.0)
    assert lane.center.points_N2[0, 1] == pytest.approx(1.5)


def test_a_signal_reference_on_a_connecting_road_rules_its_lane() -> None:
    """As in CARLA's towns: the light stands elsewhere, the connecting road refers to it."""
    light = ('<signals><signal id="77" s="90" t="-4" zOffset="4" orientation="+" dynamic="yes" country="OpenDRIVE" '
             'type="1000001" subtype="-1" value="-1" name="light"><validity fromLane="0" toLane="0"/></signal>'
             '</signals>')
    reference = ('<signals><signalReference id="77" s="0" t="-4" orientation="+">'
                 '<validity fromLane="-1" toLane="-1"/></signalReference></signals>')
    text = HEAD + (
        road(1, 0.0, 100.0, links='<successor elementType="junction" elementId="9"/>', more=light)
        + road(2, 100.0, 20.0, junction=9, more=reference,
               links='<predecessor elementType="road" elementId="1" contactPoint="end"/>'
                     '<successor elementType="road" elementId="3" contactPoint="start"/>')
        + road(3, 120.0, 100.0, links='<predecessor elementType="junction" elementId="9"/>')
        + '<junction id="9" name="j"><connection id="0" incomingRoad="1" connectingRoad="2" contactPoint="start">'
          '<laneLink from="-1" to="-1"/></connection></junction></OpenDRIVE>')
    found = RoadMap("towns", text)
    signal, = found.signals
    assert (signal.id, signal.kind, signal.junction_id) == (77, "light", 9)
    lane, = (found.lanes[i] for i in signal.lanes)
    assert (lane.road_id, lane.lane_id) == (2, -1)
    np.testing.assert_allclose(signal.stop_line, [[100.0, 0.0], [100.0, -3.0]], atol=0.01)
    assert found.junctions[9].signalised


@pytest.mark.parametrize(("text", "says"), [
    ("", "not XML"),
    ("<OpenDRIVE><road", "not XML"),
    ("<svg/>", "not an OpenDRIVE file"),
    (HEAD + "</OpenDRIVE>", "without roads"),
    (HEAD + '<road id="1"/></OpenDRIVE>', "without length"),
    (HEAD + '<road id="one" length="5"/></OpenDRIVE>', "broken OpenDRIVE"),
    (HEAD + '<road id="1" length="5"/></OpenDRIVE>', "without a lane section"),
    (HEAD + road(1, 0.0, 50.0).replace("driving", "none") + "</OpenDRIVE>", "without driving lanes"),
    (HEAD + road(1, 0.0, 50.0).replace('<width sOffset="0" a="3.0" b="0" c="0" d="0"/>', "") + "</OpenDRIVE>", "map"),
    (generated_xodr("town", 1)[:50_000], "not XML"),
])
def test_a_broken_map_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(MapError, match=says):
        RoadMap("broken", text)


def test_a_map_is_read_from_a_file_and_named_after_it(tmp_path: Path) -> None:
    path = tmp_path / "lonely_road.xodr"
    path.write_text(HEAD + road(1, 0.0, 50.0) + "</OpenDRIVE>")
    assert RoadMap.from_file(path).name == "lonely_road"
    with pytest.raises(MapError, match="cannot read"):
        RoadMap.from_file(tmp_path / "none.xodr")
    (tmp_path / "bytes.xodr").write_bytes(b"\xff\xfe\x00<")
    with pytest.raises(MapError, match="cannot read"):
        RoadMap.from_file(tmp_path / "bytes.xodr")
