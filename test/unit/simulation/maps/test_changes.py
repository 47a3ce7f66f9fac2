"""Routes with lane changes on maps that are cut into short lane sections, as real towns are."""

import numpy as np
import pytest

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.road_map import RoadMap

LENGTH_M = 200.0


def _road(section_m: float, jump_m: float = 0.0) -> RoadMap:
    """Three lanes straight ahead, cut every `section_m`; from the second section on they lie `jump_m` farther left."""
    starts = np.arange(0.0, LENGTH_M, section_m).tolist()
    sections = []
    for k, s in enumerate(starts):
        link = "<predecessor id='{0}'/>" * (k > 0) + "<successor id='{0}'/>" * (k < len(starts) - 1)
        lanes = "".join(f"<lane id='{i}' type='driving' level='false'><link>{link.format(i)}</link>"
                        "<width sOffset='0' a='3.5' b='0' c='0' d='0'/></lane>" for i in (-1, -2, -3))
        sections.append(f"<laneSection s='{s}'><center><lane id='0' type='none' level='false'/></center>"
                        f"<right>{lanes}</right></laneSection>")
    shifts = "".join(f"<laneOffset s='{s}' a='{jump_m if s else 0.0}' b='0' c='0' d='0'/>" for s in starts[:2])
    return RoadMap("cut", f"""<OpenDRIVE><header revMajor='1' revMinor='4' name='' version='1'/>
        <road name='' length='{LENGTH_M}' id='1' junction='-1'><link/><planView>
        <geometry s='0' x='0' y='0' hdg='0' length='{LENGTH_M}'><line/></geometry></planView><elevationProfile/>
        <lateralProfile/><lanes>{shifts}{"".join(sections)}</lanes></road></OpenDRIVE>""")


def _sharpest(points):
    heading = np.unwrap(np.arctan2(*np.diff(points[:-1], axis=0).T[::-1]))
    return float(np.abs(np.diff(heading)).max())


def _points(*changes, low=11.0, high=190.0):
    """A point every 2 m in lane 0, 1, 2 as the changes are passed, jumping sideways as CARLA's planner does."""
    x = np.arange(low, high, 2.0)
    return np.stack([x, -1.75 - 3.5 * np.sum([x >= c for c in changes], axis=0)], axis=1)


@pytest.mark.parametrize("section_m", [100.0, 20.0, 7.0, 4.0])
def test_changes_are_as_gentle_on_a_road_in_pieces_and_lie_where_the_points_have_them(section_m):
    route = _road(section_m).route_through(_points(60.0, 100.0))
    crossings = np.interp([3.5, 7.0], -route[:, 1], route[:, 0])
    np.testing.assert_allclose(crossings, [60.0, 100.0], atol=2.0)
    assert _sharpest(route) < 0.03
    assert np.diff(Polyline(route).s_N).max() < 1.01


def test_two_changes_at_once_share_the_room_there_is():
    route = _road(20.0).route_through(_points(100.0, 104.0))
    assert _sharpest(route) < 0.05
    np.testing.assert_allclose(route[-1], [189.0, -8.75], atol=0.05)


def test_two_changes_right_before_the_goal_are_made_before_it():
    route = _road(20.0).route_through(_points(100.0, 104.0, high=122.0))
    np.testing.assert_allclose(route[-1], [121.0, -8.75], atol=0.05)
    assert _sharpest(route) < 0.12


def test_a_route_with_smooth_changes_is_found_again_from_its_own_points():
    road = _road(20.0)
    first = road.route_through(_points(60.0, 120.0))
    again = road.route_through(first[::2])
    line = Polyline(first)
    assert max(abs(line.project(p)[1]) for p in again) < 0.3


def test_lanes_that_are_shifted_where_sections_meet_are_joined_without_a_kink():
    route = _road(100.0, jump_m=1.2).route_through(np.array([[11.0, -1.75], [190.0, -0.55]]))
    assert _sharpest(route) < 0.03
    np.testing.assert_allclose(route[[0, -1], 1], [-1.75, -0.55], atol=0.05)


def test_no_room_at_all_is_said():
    with pytest.raises(MapError, match="no room to change lanes"):
        _road(100.0).route_through(np.array([[11.0, -1.75], [17.0, -5.25]]))
