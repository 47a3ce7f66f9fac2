"""The parts of the expert: its way, what it passes, whom it sees coming, when it goes first."""

import math
from dataclasses import replace

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.conflicts import Field
from automot_ros.simulation.expert.hazards import Hazard, on_way, solid
from automot_ros.simulation.expert.passing import first_obstacle, shift_round, to_be_passed
from automot_ros.simulation.expert.path import GRID_G, Base, Shift, ego_path, on_path
from automot_ros.simulation.expert.prediction import TIMES_K, Predictor
from automot_ros.simulation.expert.profile import SpeedLimit, constant, roll_out
from automot_ros.simulation.tasks import TrafficConfig, load_map, plain_task
from automot_ros.simulation.world import World

HALF = (2.3, 0.95)
STRAIGHT = Base(Polyline(np.array([[0.0, 0.0], [200.0, 0.0]])))


def boxes(*rows: tuple[BodyKind, float, float, float, float]) -> Boxes:
    """Boxes of (kind, x, y, yaw, speed), 4.5 m by 1.8 m; things half a metre."""
    n = len(rows)
    sizes = np.array([(4.5, 1.8, 1.5) if r[0] in (BodyKind.CAR, BodyKind.EMERGENCY) else (0.5, 0.5, 1.0) for r in rows])
    return Boxes(np.arange(n), np.array([int(r[0]) for r in rows]), np.array([r[1:3] for r in rows], float),
                 np.zeros(n), np.array([r[3] for r in rows], float), sizes, np.array([r[4] for r in rows], float),
                 np.zeros((n, 3), np.uint8), np.zeros(n, np.bool_))


def test_a_shift_is_flat_beside_what_is_passed_and_zero_far_away():
    shift = Shift(40.0, 60.0, 3.5, 15.0)
    assert shift.at(np.array([10.0, 25.0, 40.0, 50.0, 60.0, 75.0, 90.0])) == pytest.approx([0, 0, 3.5, 3.5, 3.5, 0, 0])
    assert shift.at(np.array([32.5]))[0] == pytest.approx(1.75)


def test_a_way_begins_where_the_car_is_and_ends_on_the_route():
    path = ego_path(STRAIGHT, 10.0, 1.2, None, 6.0)
    assert path.xy_G2[0] == pytest.approx([10.0, 1.2])
    assert abs(path.offset_G[40]) < 1e-3
    assert np.all(np.diff(path.offset_G[:40]) <= 0.0)


def test_a_body_is_placed_beside_the_way_with_its_reach():
    at = on_path(ego_path(STRAIGHT, 0.0, 0.0, None, 4.0), boxes((BodyKind.CAR, 20.0, 1.0, math.pi / 2.0, 0.0)))
    assert at.ahead_M[0] == pytest.approx(20.0)
    assert at.left_M[0] == pytest.approx(1.0)
    assert at.reach_ahead_M[0] == pytest.approx(0.9)
    assert at.reach_left_M[0] == pytest.approx(2.25)


@pytest.mark.parametrize(("row", "passed"), [
    ((BodyKind.CONE, 30.0, 0.0, 0.0, 0.0), True),
    ((BodyKind.CAR, 30.0, 0.0, 0.0, 0.0), False),
    ((BodyKind.CAR, 30.0, -0.7, 0.0, 0.0), True),
    ((BodyKind.CAR, 30.0, -0.7, 0.0, 5.0), False),
    ((BodyKind.EMERGENCY, 30.0, 0.0, 0.0, 0.0), True),
    ((BodyKind.BICYCLE, 30.0, -1.0, 0.0, 3.0), True),
    ((BodyKind.WALKER, 30.0, 0.0, 0.0, 0.0), False),
], ids=["cone", "car in the middle queues", "car aside is broken", "moving car", "police car", "bicycle", "walker"])
def test_what_is_passed_and_what_is_waited_for(row, passed):
    b = boxes(row)
    at = on_path(ego_path(STRAIGHT, 0.0, 0.0, None, 4.0), b)
    assert bool(to_be_passed(b, at)[0]) is passed


def test_cones_of_one_site_are_passed_as_one_and_the_way_keeps_clear_of_all():
    b = boxes(*[(BodyKind.CONE, 30.0 + 2.0 * k, 1.5, 0.0, 0.0) for k in range(4)], (BodyKind.SIGN, 27.0, 0.0, 0.0, 0.0))
    route = ego_path(STRAIGHT, 0.0, 0.0, None, 4.0)
    at = on_path(route, b)
    obstacle = first_obstacle(b, at, to_be_passed(b, at), HALF[1], 3.8)
    assert obstacle is not None
    assert len(obstacle.body_M) == 5
    assert (obstacle.near_m, obstacle.far_m) == pytest.approx((26.75, 36.25))
    shift = shift_round(obstacle, 0.0, obstacle.left_m + HALF[1] + 0.55, HALF[0], 6.0)
    path = ego_path(STRAIGHT, 0.0, 0.0, shift, 4.0)
    assert on_way(b, on_path(path, b), path, HALF[1], HALF[0]) == []


def test_a_crossing_car_is_met_where_the_ways_cross_and_not_when_it_comes_much_later():
    world = World(replace(plain_task(1), traffic=TrafficConfig(vehicles=0, parked=0, walkers=0)))
    predictor = Predictor(world.map)
    away = np.array([5000.0, 5000.0])  # no lanes there: straight on
    b = boxes((BodyKind.WALKER, 20.0, -6.0, math.pi / 2.0, 2.0))
    b = replace(b, xy_N2=b.xy_N2 + away)
    field = Field(predictor.tracks(b, np.array([0])), b, HALF)
    base = Base(Polyline(np.array([[0.0, 0.0], [200.0, 0.0]]) + away))
    path = ego_path(base, 0.0, 0.0, None, 4.0)
    everybody = np.ones(1, np.bool_)
    meets = field.conflicts(path, 7.0 * TIMES_K, 0.0, everybody)
    assert len(meets) == 1
    assert meets[0].ahead_m == pytest.approx(18.0, abs=2.5)
    assert not meets[0].same_way
    assert field.conflicts(path, 20.0 * TIMES_K, 0.0, everybody) == []
    assert len(field.conflicts(path, 12.0 * TIMES_K, 1.5, everybody)) == 1


def test_a_car_on_a_lane_is_predicted_along_it_round_the_bend():
    world_map = load_map(plain_task(4).map_name, plain_task(4).xodr)
    lane = max((lane for lane in world_map.lanes if lane.junction_id < 0 and lane.center.length_m > 60.0),
               key=lambda lane: abs(lane.center.yaw_at(40.0) - lane.center.yaw_at(5.0)))
    x, y = lane.center.at(5.0)
    b = boxes((BodyKind.CAR, float(x), float(y), lane.center.yaw_at(5.0), 8.0))
    tracks = Predictor(world_map).tracks(b, np.array([0]))
    k = 16  # 4 s, 32 m
    offsets = [abs(lane.center.project(xy)[1]) for xy in tracks.xy_HK2[:, k]]
    assert min(offsets) < 0.3
    assert lane.index in tracks.lane_H


def test_who_stands_has_no_track():
    world_map = load_map(plain_task(4).map_name, plain_task(4).xodr)
    assert len(Predictor(world_map).tracks(boxes((BodyKind.CAR, 0.0, 0.0, 0.0, 0.0)), np.array([0]))) == 0


def test_the_speed_rolls_out_to_a_stop_before_an_obstacle_and_to_the_limit_on_a_free_road():
    config = ExpertConfig()
    limit = SpeedLimit(np.zeros(300), np.full(300, 13.9), config)
    s, v = roll_out(config, limit, 0.0, 8.0, [Hazard("car", "lead_car", 25.0, 0.0, 0.0, 3.0, True)], 0.1, 12.0)
    assert v[-1] < 0.3
    assert 17.0 < s[-1] < 24.0
    _, free = roll_out(config, limit, 0.0, 0.0, [], 0.1, 20.0)
    assert free[-1] == pytest.approx(config.top_speed_mps, abs=0.3)
    assert constant(0.0, 7.0, -7.0, 0.1, 2.0, 7.0)[0][-1] == pytest.approx(3.5, abs=0.05)


def test_lamps_and_rubbish_are_not_in_the_way_but_cones_are():
    b = boxes((BodyKind.LAMP, 10.0, 0.0, 0.0, 0.0), (BodyKind.DEBRIS, 10.0, 0.0, 0.0, 0.0),
              (BodyKind.CONE, 10.0, 0.0, 0.0, 0.0))
    assert solid(b).kinds_N.tolist() == [int(BodyKind.CONE)]


def test_the_grid_of_a_way_is_a_metre():
    assert np.all(np.diff(GRID_G) == 1.0)
