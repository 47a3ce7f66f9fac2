"""Generated maps: determinism, size, what each kind promises."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from automot_ros.base.errors import MapError
from automot_ros.scene.decision import Lateral
from automot_ros.simulation.maps.generate import MAP_KINDS, SCENARIO_MAP_KINDS, generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap


@pytest.mark.parametrize("kind", SCENARIO_MAP_KINDS)
def test_the_same_seed_gives_the_same_bytes_in_another_process(kind: str) -> None:
    code = (f"import hashlib; from automot_ros.simulation.maps.generate import generated_xodr; "
            f"print(hashlib.sha256(generated_xodr({kind!r}, 7).encode()).hexdigest())")
    env = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert other.strip() == hashlib.sha256(generated_xodr(kind, 7).encode()).hexdigest()


@pytest.mark.parametrize("kind", SCENARIO_MAP_KINDS)
def test_another_seed_gives_another_map(kind: str) -> None:
    assert generated_xodr(kind, 1) != generated_xodr(kind, 2)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MapError, match="town"):
        generated_xodr("moon", 1)


@pytest.mark.parametrize("kind", SCENARIO_MAP_KINDS)
def test_twenty_seeds_can_be_generated(kind: str) -> None:
    assert len({generated_xodr(kind, seed) for seed in range(1000, 1020)}) == 20


def test_no_lane_is_a_dead_end(road_map: RoadMap) -> None:
    assert all(lane.next and lane.previous for lane in road_map.lanes)


def test_every_lane_can_be_driven_by_a_car(road_map: RoadMap) -> None:
    bends = [abs(lane.center.curvature_at(s)) for lane in road_map.lanes
             for s in np.arange(0, lane.center.length_m, 1.0)]
    assert max(bends) < 0.22


def test_lanes_meet_without_gap_or_kink(road_map: RoadMap) -> None:
    for lane in road_map.lanes:
        for after in (road_map.lanes[i] for i in lane.next):
            assert np.hypot(*(after.center.points_N2[0] - lane.center.points_N2[-1])) < 0.05
            turned = after.center.yaw_at(0.0) - lane.center.yaw_at(lane.center.length_m)
            assert abs((turned + np.pi) % (2 * np.pi) - np.pi) < np.radians(6.0)


def test_plain_drives_take_turns_over_three_kinds_and_scenarios_have_a_fourth() -> None:
    assert MAP_KINDS == ("town", "rural", "arterial")
    assert [kind for kind in SCENARIO_MAP_KINDS if kind not in MAP_KINDS] == ["highway"]


def test_limits_go_by_street(maps: dict[str, RoadMap]) -> None:
    limits = {kind: {round(lane.speed_limit_mps * 3.6) for lane in m.lanes} for kind, m in maps.items()}
    for kind in MAP_KINDS:
        assert limits[kind] <= {30, 40, 50, 60}
        assert len(limits[kind]) > 1
    assert max(limits["highway"]) in (80, 90)


def test_through_a_junction_the_lower_limit_of_its_two_roads_holds(road_map: RoadMap) -> None:
    for lane in road_map.lanes:
        if lane.junction_id >= 0:
            roads = [road_map.lanes[i] for i in (*lane.previous, *lane.next)]
            assert lane.speed_limit_mps == min(road.speed_limit_mps for road in roads)


def test_there_are_straight_stretches_long_enough_to_meet_something_at_speed(road_map: RoadMap) -> None:
    """At least one road with 110 m that turn by less than 7 degrees; four and more but in the country."""
    roads = set()
    for lane in road_map.lanes:
        if lane.junction_id < 0 and lane.center.length_m >= 110.0:
            yaw = np.unwrap([lane.center.yaw_at(s) for s in np.arange(2.5, lane.center.length_m, 5.0)])
            if min(np.ptp(yaw[i : i + 22]) for i in range(max(1, len(yaw) - 21))) < 0.12:
                roads.add(lane.road_id)
    assert len(roads) >= (1 if road_map.name == "rural" else 4)


def test_the_town_mixes_lights_and_signs_and_has_parking_sidewalks_and_crosswalks(town: RoadMap) -> None:
    assert {junction.signalised for junction in town.junctions.values()} == {True, False}
    assert {signal.kind for signal in town.signals} >= {"light"}
    assert any(signal.kind in ("stop", "yield") for signal in town.signals)
    assert len(town.sidewalks) > 10
    assert len(town.parking) > 3
    assert len(town.crosswalks) > 5
    turns = {town.lanes[i].turn for junction in town.junctions.values() for i in junction.lanes}
    assert turns == {Lateral.TURN_LEFT, Lateral.STRAIGHT, Lateral.TURN_RIGHT}


def test_the_country_road_is_long_winding_and_has_junctions(maps: dict[str, RoadMap]) -> None:
    rural = maps["rural"]
    assert sum(lane.center.length_m for lane in rural.lanes if lane.lane_id < 0 and lane.junction_id < 0) > 1500.0
    assert len(rural.junctions) >= 2
    bends = [abs(lane.center.curvature_at(s, 10.0)) for lane in rural.lanes if lane.junction_id < 0
             for s in np.arange(5.0, lane.center.length_m - 5.0, 3.0)]
    assert 1 / 60 < max(bends) < 1 / 22
    assert np.mean(np.array(bends) > 1 / 120) > 0.25


def test_the_arterial_has_two_and_three_lanes_and_lanes_that_join_and_end(arterial: RoadMap) -> None:
    def abreast(index: int) -> int:
        lane, count = arterial.lanes[index], 1
        while lane.left is not None:
            lane = arterial.lanes[lane.left]
        while lane.right is not None:
            lane, count = arterial.lanes[lane.right], count + 1
        return count

    assert {abreast(lane.index) for lane in arterial.lanes if lane.junction_id < 0} == {1, 2, 3}
    ending = [lane for lane in arterial.lanes if lane.turn is Lateral.STRAIGHT and lane.junction_id >= 0
              and abreast(lane.previous[0]) == 3 and abreast(lane.next[0]) == 2 and lane.lane_id == -1]
    joining = [lane for lane in arterial.lanes if lane.turn is Lateral.STRAIGHT and lane.junction_id >= 0
               and abreast(lane.previous[0]) == 1 and abreast(lane.next[0]) == 3]
    assert ending
    assert joining
    assert any(junction.signalised for junction in arterial.junctions.values())


@pytest.mark.parametrize("seed", [5, 6, 11])
def test_the_highway_can_be_left_and_joined_through_a_lane_to_slow_down_or_to_speed_up_on(seed: int) -> None:
    """Each way: exit ramp to a controlled junction, on-ramp from one, 120 m and more of an extra lane at either."""
    highway = RoadMap("highway", generated_xodr("highway", seed))
    fast = [lane for lane in highway.lanes if lane.speed_limit_mps * 3.6 > 75.0 and lane.junction_id < 0]
    assert {round(lane.width_m, 1) for lane in fast} == {3.5}
    assert len(fast) == 2 * sum({2: (4 * 2 + 2 * 3), 3: (4 * 3 + 2 * 4)}[n] for n in {_abreast(highway, fast[0].index)})
    assert max(lane.center.length_m for lane in fast) > 500.0
    ramps = [lane for lane in highway.lanes if lane.speed_limit_mps * 3.6 < 75.0 and lane.junction_id < 0]
    exits = [(fork, ramp) for ramp in ramps for fork in (highway.lanes[i] for i in ramp.previous)
             if highway.lanes[fork.previous[0]].speed_limit_mps * 3.6 > 75.0]
    joins = [(ramp, join) for ramp in ramps for join in (highway.lanes[i] for i in ramp.next)
             if highway.lanes[join.next[0]].speed_limit_mps * 3.6 > 75.0]
    assert len(exits) == len(joins) == 2
    for fork, ramp in exits:
        slow = highway.lanes[fork.previous[0]]
        assert slow.right is None
        assert slow.center.length_m > 120.0
        assert {signal.kind for signal in highway.signals if set(ramp.next) & set(signal.lanes)} <= {"light", "stop"}
        assert any(set(ramp.next) & set(signal.lanes) for signal in highway.signals)
    for _, join in joins:
        assert highway.lanes[join.next[0]].right is None
        assert highway.lanes[join.next[0]].center.length_m > 120.0


def test_one_can_drive_on_the_highway_off_it_and_on_again(highway: RoadMap) -> None:
    on = next(lane for lane in highway.lanes if lane.junction_id >= 0 and lane.speed_limit_mps * 3.6 < 55.0
              and highway.lanes[lane.next[0]].speed_limit_mps * 3.6 > 75.0)
    ramp, extra = highway.lanes[on.previous[0]], highway.lanes[on.next[0]]
    points = highway.route_through(np.array([ramp.center.at(20.0), extra.center.at(extra.center.length_m - 5.0)]))
    assert highway.drivable(points).all()
    off = highway.route_through(np.array([extra.center.at(5.0), ramp.center.at(20.0)]))
    assert 2000.0 < len(off) < 5000.0
    assert highway.drivable(off).all()


def _abreast(road_map: RoadMap, index: int) -> int:
    lane, count = road_map.lanes[index], 1
    while lane.left is not None:
        lane = road_map.lanes[lane.left]
    while lane.right is not None:
        lane, count = road_map.lanes[lane.right], count + 1
    return count
