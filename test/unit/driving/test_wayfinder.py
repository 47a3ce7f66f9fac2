"""Routes from a goal and from GNSS points begin at the car, end at the goal, and stay on lanes."""

import re

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError, MapError
from automot_ros.driving.wayfinder import Wayfinder, read_gnss_points
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.sensing import EgoState
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World


@pytest.fixture(scope="module")
def world():
    return World(plain_task(3))


def finder_on(world, reference=""):
    text = world.task.xodr
    if reference:
        text = re.sub(r"<geoReference>.*?</geoReference>", "", text, flags=re.DOTALL)
        text = re.sub(r"(<header[^>]*?)/?>", rf"\1><geoReference><![CDATA[{reference}]]></geoReference>", text, count=1)
        if "</header>" not in text:
            text = text.replace("</geoReference>", "</geoReference></header>", 1)
    found = Wayfinder()
    found.observe_map("town", text)
    found.observe_ego(world.ego)
    return found


def test_a_goal_ahead_on_the_route_gives_the_way_along_it(world):
    given = world.route.points_map_N2
    route = finder_on(world).to_goal(given[-20])
    assert route.points_map_N2[0] == pytest.approx(world.ego.pose_map_to_ego.position_m, abs=2.0)
    assert route.points_map_N2[-1] == pytest.approx(given[-20], abs=2.0)
    assert np.hypot(*np.diff(route.points_map_N2, axis=0).T).max() <= 2.5
    on_lane = [world.map.lane_at(p) for p in route.points_map_N2[::5]]
    assert all(lane is not None and abs(lane[2]) < 2.0 for lane in on_lane)


def test_a_click_beside_the_road_means_the_lane_next_to_it(world):
    given = world.route.points_map_N2
    ahead = Polyline(given).yaw_at(100.0)
    aside = Polyline(given).at(np.array([100.0]))[0] + 5.0 * np.array([np.sin(ahead), -np.cos(ahead)])
    route = finder_on(world).to_goal(aside)
    assert np.hypot(*(route.points_map_N2[-1] - aside)) < 8.0


def test_gnss_points_along_the_streets_give_their_route(world):
    given = world.route.points_map_N2[::25]
    reference = "+proj=tmerc +lat_0=0 +lon_0=0"
    degrees = np.degrees(given / 6378137.0)[:, ::-1] * [1.0067395, 1.0]  # at the equator: by radius of curvature
    route = finder_on(world, reference).through_gnss(degrees)
    line = Polyline(route.points_map_N2)
    assert max(abs(line.project(p)[1]) for p in given) < 1.5


def test_without_a_map_or_a_place_it_says_what_is_missing(world):
    with pytest.raises(MapError, match="no map yet"):
        Wayfinder().to_goal(np.zeros(2))
    lost = finder_on(world)
    lost.observe_ego(EgoState(0, Pose2(1e4, 1e4, 0.0), 0.0))
    with pytest.raises(MapError, match="the car stands on no lane"):
        lost.to_goal(world.route.points_map_N2[-1])
    with pytest.raises(MapError, match="the goal lies on no lane"):
        finder_on(world).to_goal(np.array([1e4, 1e4]))


def test_gnss_files_are_read_and_what_is_no_point_is_named(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("# a loop\n48.1, 11.5\n\n48.2,11.6  # the gate\n")
    assert read_gnss_points(file).tolist() == [[48.1, 11.5], [48.2, 11.6]]
    for text, complaint in (("48.1 11.5", "not a point in .*:1"), ("48.1,11.5\n100,0", "not a place on earth in .*:2"),
                            ("48.1,11.5", "not a route"), ("nan,1", "not a place on earth")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=complaint):
            read_gnss_points(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_gnss_points(tmp_path / "none.csv")
