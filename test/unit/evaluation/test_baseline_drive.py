"""What the baselines see and do: limits, curves, one leader, and nothing else."""

import math
from dataclasses import replace

import numpy as np
import pytest

from automot_ros.evaluation.baseline_drive import SEEN_M, nearest_leader
from automot_ros.evaluation.closed_loop import drive_task
from automot_ros.evaluation.drivers import DriverSettings, Senses, make_driver
from automot_ros.evaluation.routes import drive_world
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.baselines import Cruise, Leader, NoiseConfig, PlanNoise
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import EgoState
from automot_ros.simulation.tasks import TrafficConfig, plain_task
from automot_ros.simulation.world import World

EMPTY = TrafficConfig(vehicles=0, parked=0, walkers=0)
ROAD = np.stack([np.arange(0.0, 201.0), np.zeros(201)], axis=1)


def cars(*rows: tuple[float, float, float, float]) -> Boxes:
    """Cars of 4 x 2 m at (x, y, yaw, speed)."""
    t, n = np.array(rows, float).reshape(-1, 4), len(rows)
    return Boxes(np.arange(n), np.full(n, int(BodyKind.CAR)), t[:, :2], np.zeros(n), t[:, 2],
                 np.tile([4.0, 2.0, 1.5], (n, 1)), t[:, 3], np.zeros((n, 3), np.uint8), np.zeros(n, bool))


def test_the_leader_is_the_nearest_in_the_lane_and_the_gap_is_between_bumpers() -> None:
    line = Polyline(ROAD)
    # Centre 30 m ahead of the ego's at 10: 30 - 2 (half the car) - 2.3 (to the ego's bumper).
    found = nearest_leader(cars((70, 0, 0, 9), (40, 0.5, 0, 5), (20, 3.5, 0, 0), (5, 0, 0, 3)), line, 10.0, 2.3, 1.75)
    assert found == Leader(pytest.approx(25.7), 5.0)


@pytest.mark.parametrize("row", [(40, 0, math.pi / 2, 5), (10 + SEEN_M + 5, 0, 0, 5), (40, 2.0, 0, 5), (0, 0, 0, 5)])
def test_crossing_far_aside_and_behind_is_nobody(row) -> None:
    assert nearest_leader(cars(row), Polyline(ROAD), 10.0, 2.3, 1.75) is None


def test_who_comes_the_other_way_in_the_lane_counts_as_standing() -> None:
    found = nearest_leader(cars((40, 0, math.pi, 8)), Polyline(ROAD), 10.0, 2.3, 1.75)
    assert found is not None and found.speed_mps == 0.0


def test_speed_is_the_limit_the_cap_or_what_the_curve_allows_and_is_reached_by_braking_in_time() -> None:
    turn = np.linspace(0.0, math.pi / 2, 16)
    bend = np.concatenate([ROAD[:80], np.stack([80.0 + 10.0 * np.sin(turn), 10.0 - 10.0 * np.cos(turn)], axis=1)])
    cruise = Cruise(bend, np.full(len(bend), 30.0))
    assert cruise.allowed_mps(20.0) == 9.7
    assert cruise.allowed_mps(88.0) == pytest.approx(math.sqrt(1.8 * 10.0), rel=0.05)
    squares = np.array([cruise.allowed_mps(float(s)) ** 2 for s in range(95)])
    assert np.all(np.diff(squares) > -2.0 * 1.5 - 1e-9), "v^2 falls by 2 b a metre at most"
    assert cruise.allowed_mps(75.0) < 7.0
    assert Cruise(ROAD, np.full(len(ROAD), 8.0)).allowed_mps(50.0) == 8.0


def test_a_plan_stops_behind_a_standing_leader_and_ignores_none() -> None:
    ego = EgoState(0, Pose2(20.0, 0.0, 0.0), 9.0)
    free, route = Cruise(ROAD, np.full(len(ROAD), 30.0)).plan(ego, None)
    behind, _ = Cruise(ROAD, np.full(len(ROAD), 30.0)).plan(ego, Leader(15.0, 0.0))
    assert free[-1, 0] > 27.0
    assert 8.0 < behind[-1, 0] < 15.0 - 1.0
    assert np.allclose(route[:, 0], np.arange(1, 21), atol=1e-4)


def test_without_guard_nothing_is_sensed_and_with_it_lidar_only() -> None:
    world = World(replace(plain_task(1), traffic=EMPTY))
    for policy in ("stand-still", "blind", "idm", "expert-lidar", "noisy"):
        assert make_driver(DriverSettings(policy, guard=False), world)[1] is Senses.NONE
        assert make_driver(DriverSettings(policy, guard=True), world)[1] is Senses.LIDAR
    assert make_driver(DriverSettings("expert", guard=True), world)[1] is Senses.NONE


def test_no_picture_is_drawn_for_a_driver_that_reads_none(monkeypatch) -> None:
    from automot_ros.evaluation import routes

    seen = []

    class Suite(routes.SensorSuite):
        def sense(self, camera=True):
            seen.append(camera)
            return super().sense(camera)

    monkeypatch.setattr(routes, "SensorSuite", Suite)
    world = World(replace(plain_task(1), traffic=EMPTY))
    drive_world(world, DriverSettings("blind", guard=True), max_ticks=5)
    assert seen == [False] * 5


def test_blind_drives_an_empty_route_to_its_end_and_stand_still_does_not_start() -> None:
    task = plain_task(1)
    task = replace(task, traffic=EMPTY, route_map_N2=task.route_map_N2[:25])
    result = drive_task(task, DriverSettings("blind", guard=False))
    assert (result.status, result.driving_score) == ("Perfect", 100.0)
    assert drive_task(task, DriverSettings("stand-still"), max_ticks=60).mean_speed_mps == 0.0


ON_AT_SIX = np.stack([3.0 * np.arange(1, 7), np.zeros(6)], axis=1).astype(np.float32)
STRAIGHT = np.stack([np.arange(1.0, 21.0), np.zeros(20)], axis=1).astype(np.float32)


def test_noise_is_the_same_for_a_seed_and_a_time_holds_for_a_while_and_keeps_its_limits() -> None:
    noise, limits = PlanNoise(3), NoiseConfig()
    drawn = []
    for second in range(0, 400, 4):
        at = [noise.spoil(ON_AT_SIX, STRAIGHT, 6.0, int((second + after) * 1e9)) for after in (0.0, 3.9)]
        assert all(np.array_equal(a, b) for a, b in zip(*at, strict=True))
        drawn.append(at[0])
    again = PlanNoise(3).spoil(ON_AT_SIX, STRAIGHT, 6.0, 0)
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn[0], strict=True))
    assert not np.array_equal(PlanNoise(4).spoil(ON_AT_SIX, STRAIGHT, 6.0, 0)[1], again[1])
    aside = np.array([route[-1, 1] for _, route in drawn])
    assert np.abs(aside).max() <= limits.aside_m and aside.std() > 0.3 * limits.aside_m
    paces = np.array([np.hypot(*np.diff(waypoints, axis=0).T).mean() / 3.0 for waypoints, _ in drawn])
    unseeing = np.isclose(paces, limits.unseeing_mps / 6.0, atol=0.01)
    assert 0.65 < unseeing.mean() < 0.95
    assert np.all(np.abs(paces[~unseeing] - 1.0) <= limits.pace + 0.02) and paces[~unseeing].std() > 0.1


def test_the_noisy_expert_leaves_its_lane_where_the_expert_keeps_it() -> None:
    aside = {}
    for policy in ("expert-lidar", "noisy"):
        world, far = World(replace(plain_task(1), traffic=EMPTY)), []
        drive_world(world, DriverSettings(policy, guard=False), max_ticks=300, watch=lambda w, _, far=far: far.append(
            abs(w.route_line.project(w.ego.pose_map_to_ego.position_m)[1])))
        aside[policy] = max(far)
    assert aside["expert-lidar"] < 0.3 < 0.6 < aside["noisy"], aside
