import dataclasses
import hashlib
import math
from itertools import pairwise

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation.bench import follow
from automot_ros.simulation.collisions import push_out
from automot_ros.simulation.events import EventKind
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.tasks import TrafficConfig, plain_task
from automot_ros.simulation.world import EGO_ID, World
from automot_ros.vehicle.bicycle import BicycleState

TICKS = 400
STAND = DriveCommand.of(0, 0.0, 1.0, 0.0)
GO = DriveCommand.of(0, 0.6, 0.0, 0.0)


def _pursuit(world):
    """Route at 7 m/s, blind to everything."""
    line, s = world.route.line(), world.route_s_m
    v = world.ego.speed_mps
    p = world.ego.pose_map_to_ego.inverse_apply(line.at(min(s + max(4.0, v), line.length_m))[None])[0]
    steer = world.vehicle.steer_of(2.0 * p[1] / max(float(p @ p), 1.0))
    return DriveCommand.of(world.stamp_ns, 0.5 if v < 7.0 else 0.0, 0.0, steer)


def _fingerprint(world):
    digest = hashlib.sha256()
    boxes = world.moving_boxes()
    for f in dataclasses.fields(boxes):
        digest.update(np.ascontiguousarray(getattr(boxes, f.name)).tobytes())
    ego = world.ego.pose_map_to_ego
    digest.update(np.array([ego.x_m, ego.y_m, ego.yaw_rad, world.ego.speed_mps]).tobytes())
    digest.update(repr(world.events).encode())
    return digest.hexdigest()


def _empty(seed, **amounts):
    counts = {"vehicles": 0, "parked": 0, "walkers": 0} | amounts
    return World(dataclasses.replace(plain_task(seed), traffic=TrafficConfig(**counts)))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_task_and_commands_give_the_same_world_to_the_bit(seed):
    def drive(seed):
        world = World(plain_task(seed))
        prints = [_fingerprint(world)]
        for _ in range(TICKS):
            world.step(_pursuit(world))
            prints.append(_fingerprint(world))
        return prints

    first, second = drive(seed), drive(seed)
    assert first == second
    assert len(set(first)) == TICKS + 1


@pytest.fixture(scope="module", params=[9, 5])
def history(request):
    """A drive of the expert, 40 s, with every vehicle's pose at every tick."""
    world = World(plain_task(request.param))
    expert, plan, rows, lights = Expert(world), None, [], []
    for tick in range(800):
        plan = expert.plan() if tick % 8 == 0 else plan
        world.step(follow(world, plan))
        t = world._traffic
        rows.append((t.xy_A2.copy(), t.yaw_A.copy(), t.speed_A.copy(), world.ego))
        lights.append(world.light_states)
    return world, rows, lights


def test_vehicles_never_drive_into_each_other_or_the_ego(history):
    world, rows, _ = history
    sizes = world._traffic.size_A3[:, :2] - 0.1
    for xy, yaw, _, ego in rows[::5]:
        everybody = np.concatenate([xy, [ego.pose_map_to_ego.position_m]])
        for a in range(len(xy)):
            near = np.flatnonzero(np.hypot(*(everybody - xy[a]).T) < 7.0)
            near = near[near != a]
            if not len(near):
                continue
            all_yaw = np.append(yaw, ego.pose_map_to_ego.yaw_rad)
            all_size = np.concatenate([sizes, [[4.5, 1.8]]])
            pose = Pose2(float(xy[a, 0]), float(xy[a, 1]), float(yaw[a]))
            hit, _ = push_out(pose, *map(float, sizes[a]), everybody[near], all_yaw[near], all_size[near])
            assert not hit.any()
    assert not [e for e in world.events if e.kind is EventKind.COLLISION_VEHICLE]


def test_vehicles_keep_to_the_middle_of_lanes(history):
    world, rows, _ = history
    offsets = []
    for xy, *_ in rows[::100]:
        for p in xy:
            # Ways through a junction overlap: the best of all lanes counts, not the nearest sample's.
            near = [lane for lane in world.map.lanes if np.min(np.hypot(*(lane.center.points_N2 - p).T)) < 4.0]
            offsets += [min(abs(lane.center.project(p)[1]) for lane in near)]
    assert max(offsets) < 0.6


def test_vehicles_stop_at_red(history):
    world, rows, lights = history
    signals = [s for s in world.map.signals if s.kind == "light"]
    half = 0.5 * world._traffic.size_A3[:, 0]
    crossed = 0
    for (xy0, yaw0, *_), (xy1, yaw1, *_), shown in zip(rows, rows[1:], lights[1:], strict=False):
        jumped = np.hypot(*(xy1 - xy0).T) > 3.0  # brought back elsewhere
        front0 = xy0 + half[:, None] * np.stack([np.cos(yaw0), np.sin(yaw0)], 1)
        front1 = xy1 + half[:, None] * np.stack([np.cos(yaw1), np.sin(yaw1)], 1)
        for s in signals:
            right = s.stop_line[1] - s.stop_line[0]
            ahead = np.array([-right[1], right[0]]) / np.hypot(*right)
            middle = s.stop_line.mean(axis=0)
            over = ((front0 - middle) @ ahead <= 0) & ((front1 - middle) @ ahead > 0) & ~jumped & (
                np.hypot(*(front1 - middle).T) < 0.5 * np.hypot(*right) + 0.3)
            crossed += int(over.sum())
            assert not (over.any() and shown[s.id] is LightState.RED)
    assert crossed > 0 or not signals


def test_traffic_moves_and_meets_the_ego(history):
    _, rows, _ = history
    mean = np.mean([speed for _, _, speed, _ in rows], axis=0)
    assert (mean > 0.5).mean() > 0.6
    near = [np.min(np.hypot(*(xy - ego.pose_map_to_ego.position_m).T)) for xy, _, _, ego in rows]
    assert min(near) < 12.0


def test_people_stay_on_sidewalks_unless_they_cross():
    world = World(plain_task(9))
    crossed = 0
    for tick in range(1200):
        world.step(STAND)
        if tick % 40 == 0:
            for walker in world.walkers:
                gap = min(abs(line.project(walker.pose.position_m)[1]) for line in world.map.sidewalks)
                crossed += walker.crossing
                assert walker.crossing or gap < 0.8
    assert crossed > 0


def test_nobody_runs_into_an_ego_that_stands_in_the_way():
    world = World(plain_task(3))
    stands = [world.route.line().length_m * 0.4, world.route.line().length_m * 0.8]
    for s in stands:
        x, y = map(float, world.route.line().at(s))
        pose = Pose2(x, y, world.route.line().yaw_at(s))
        if np.min(np.hypot(*(world._traffic.xy_A2 - (x, y)).T)) < 25.0:
            continue
        world._state, world._route_s_m = BicycleState(pose, 0.0), s
        for _ in range(500):
            world.step(STAND)
    assert [e for e in world.events if e.kind is EventKind.COLLISION_VEHICLE] == []


def test_a_wall_stops_the_ego_and_is_noted_once():
    world = _empty(0)
    boxes = world.static_boxes
    for i in np.flatnonzero(boxes.kinds_N == BodyKind.BUILDING):
        yaw = float(boxes.yaw_N[i])
        away = np.array([math.cos(yaw), math.sin(yaw)]) * (0.5 * boxes.sizes_N3[i, 0] + 8.0)
        pose = Pose2(*map(float, boxes.xy_N2[i] - away), yaw)
        before = pose.inverse_apply(np.delete(boxes.xy_N2, i, axis=0))
        if not np.any((np.abs(before[:, 1]) < 9.0) & (before[:, 0] > -6.0) & (before[:, 0] < 14.0)):
            break
    world._state = BicycleState(pose, 6.0)
    for _ in range(60):
        world.step(GO)
    assert [(e.kind, e.other_id) for e in world.events] == [(EventKind.COLLISION_STATIC, int(boxes.ids_N[i]))]
    assert world.events[0].speed_mps > 5.0
    front = world.ego.pose_map_to_ego.apply(np.array([[2.3, 0.0]]))[0]
    assert abs((front - boxes.xy_N2[i]) @ [math.cos(yaw), math.sin(yaw)]) >= 0.5 * boxes.sizes_N3[i, 0] - 0.05
    for _ in range(200):
        world.step(GO)
    assert len(world.events) == 1, "leaning on the same wall is the same collision"


def test_running_into_a_car_costs_speed_pushes_nobody_through_and_is_noted():
    world = _empty(1, vehicles=20)
    t = world._traffic
    x, y = map(float, t.xy_A2[0])
    yaw = float(t.yaw_A[0])
    world._state = BicycleState(Pose2(x - 7.0 * math.cos(yaw), y - 7.0 * math.sin(yaw), yaw), 14.0)
    for _ in range(20):
        world.step(GO)
        gap = (t.xy_A2[0] - world.ego.pose_map_to_ego.position_m) @ world.ego.pose_map_to_ego.forward
        assert gap > 0.5 * (4.6 + t.size_A3[0, 0]) - 0.5
    hits = [e for e in world.events if e.kind is EventKind.COLLISION_VEHICLE]
    assert [e.other_id for e in hits] == [1000]
    assert world.ego.speed_mps < hits[0].speed_mps - 1.0


def test_running_over_a_person_stops_the_ego_and_is_noted():
    world = _empty(0, walkers=10)
    w = world._walkers
    x, y = map(float, w.xy_W2[0])
    yaw = float(w.yaw_W[0]) + math.pi
    world._state = BicycleState(Pose2(x - 4.0 * math.cos(yaw), y - 4.0 * math.sin(yaw), yaw), 6.0)
    for _ in range(12):
        world.step(GO)
    assert [(e.kind, e.other_id) for e in world.events if e.kind is EventKind.COLLISION_WALKER] == [
        (EventKind.COLLISION_WALKER, 2000)]
    assert world.ego.speed_mps < 3.0


def test_driving_over_a_red_line_is_noted_and_over_a_green_one_is_not():
    counts = {}
    for wanted in (LightState.RED, LightState.GREEN):
        world = _empty(3)
        way = next(p for p in world.passages if p.signal is not None and p.signal.kind == "light")
        # Well within the wanted phase: it has to last until the line is crossed.
        seconds = [LightState.RED] * 3 if wanted is LightState.RED else [LightState.GREEN] * 3
        shown: list[LightState] = []
        while shown[-3:] != seconds or (wanted is LightState.RED and world._lights.red_ticks_left(
                way.signal.id, world.tick) < 60):
            world.step(STAND)
            shown.append(world.light_states[way.signal.id])
        line, s = world.route.line(), way.stop_m - 8.0
        world._state = BicycleState(Pose2(*map(float, line.at(s)), line.yaw_at(s)), 7.0)
        world._route_s_m = s
        for _ in range(30):
            world.step(_pursuit(world))
        counts[wanted] = [(e.kind, e.other_id) for e in world.events]
    assert counts == {LightState.RED: [(EventKind.RED_LIGHT, way.signal.id)], LightState.GREEN: []}


def test_the_first_state_stands_at_the_start_of_the_route():
    world = World(plain_task(4))
    assert world.stamp_ns == world.ego.stamp_ns == 1_000_000_000
    np.testing.assert_allclose(world.ego.pose_map_to_ego.position_m, world.route.points_map_N2[0])
    assert world.ego.speed_mps == 0.0
    assert world.ego_box().ids_N.tolist() == [EGO_ID]
    world.step(STAND)
    assert world.stamp_ns == world.ego.stamp_ns == 1_050_000_000
    ids = np.concatenate([world.static_boxes.ids_N, world.moving_boxes().ids_N, world.ego_box().ids_N])
    assert len(set(ids.tolist())) == len(ids)
    gaps = np.hypot(*(world.moving_boxes().select(world.moving_boxes().kinds_N <= BodyKind.TRUCK).xy_N2
                      - world.ego.pose_map_to_ego.position_m).T)
    assert gaps.min() > 3.0


def test_agents_tell_their_way():
    world = World(plain_task(6))
    for agent in world.agents:
        lanes = [world.map.lanes[i] for i in agent.lane_path]
        assert abs(lanes[0].center.project(agent.pose.position_m)[1]) < 1.0
        assert all(b.index in a.next for a, b in pairwise(lanes))
