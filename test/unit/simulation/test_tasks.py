import numpy as np
import pytest

from automot_ros.base.errors import ConfigError, MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.generate import MAP_KINDS
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.tasks import TrafficConfig, load_map, plain_task, task_on_map


@pytest.fixture(scope="module", params=range(6))
def task(request):
    return plain_task(request.param)


def test_a_plain_route_is_long_enough_lies_on_lanes_and_ends_outside_junctions(task):
    line = Polyline(task.route_map_N2)
    road_map = load_map(task.map_name, task.xodr)
    assert 299.0 <= line.length_m <= 421.0
    assert task.time_limit_s == pytest.approx(line.length_m / 2.0 + 120.0)
    assert np.diff(line.s_N).max() < 1.5
    assert road_map.drivable(task.route_map_N2).all()
    for way in Junctions(road_map).on_route(line):
        assert way.stop_m > 10.0
        assert way.end_m < line.length_m - 10.0


def test_a_route_turns_where_the_map_has_junctions(task):
    road_map = load_map(task.map_name, task.xodr)
    if not any(lane.junction_id >= 0 and abs(lane.center.yaw_at(lane.center.length_m) - lane.center.yaw_at(0)) > 1
               for lane in road_map.lanes):
        pytest.skip("no turn on this map")
    line = Polyline(task.route_map_N2)
    ways = Junctions(road_map).on_route(line)
    assert max(abs(line.yaw_at(w.end_m) - line.yaw_at(w.begin_m)) for w in ways) > 0.8


def test_kinds_of_map_take_turns_and_a_seed_makes_one_task():
    kinds = [plain_task(s).map_name.split("-")[0] for s in range(3)]
    assert tuple(kinds) == MAP_KINDS
    a, b = plain_task(2), plain_task(2)
    assert a.xodr == b.xodr
    assert a.traffic == b.traffic
    np.testing.assert_array_equal(a.route_map_N2, b.route_map_N2)


def test_any_map_takes_a_given_route_or_makes_one():
    source = plain_task(0)
    given = task_on_map("mine", "mine", source.xodr, source.route_map_N2[:120], 4)
    np.testing.assert_array_equal(given.route_map_N2, source.route_map_N2[:120])
    assert len(task_on_map("mine", "mine", source.xodr, None, 4).route_map_N2) > 250


def test_amounts_of_traffic_are_bounded():
    with pytest.raises(ConfigError, match="vehicles"):
        TrafficConfig(vehicles=-1)


def test_a_suite_is_plain_or_the_path_of_a_map(tmp_path):
    path = tmp_path / "mine.xodr"
    path.write_text(plain_task(1).xodr)
    task = task_of(str(path), 5)
    assert (task.map_name, task.name) == ("mine", "mine-5")
    assert np.array_equal(task_of("plain", 4).route_map_N2, plain_task(4).route_map_N2)
    for suite in ("nonsense", str(tmp_path / "missing.xodr")):
        with pytest.raises(MapError):
            task_of(suite, 1)
