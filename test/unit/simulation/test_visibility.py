"""What can be seen from the ego, and the expert's plan from that alone."""

from dataclasses import replace

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import Rig
from automot_ros.simulation.bench import follow
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.lidar import sweep
from automot_ros.simulation.scenery import BoxList
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.tasks import TrafficConfig
from automot_ros.simulation.visibility import visible
from automot_ros.simulation.world import World

CAR, VAN, TRUCK, WALKER = (4.5, 1.8, 1.5), (5.0, 2.0, 2.3), (9.0, 2.5, 3.6), (0.5, 0.5, 1.75)
EMPTY = TrafficConfig(vehicles=0, parked=0, walkers=0)
AHEAD = Pose2(0.0, 0.0, 0.0)


def seen(*rows: tuple[BodyKind, tuple[float, float], tuple[float, float, float]], ego: Pose2 = AHEAD,
         rig: Rig | None = None, base_z_m: float = 0.0) -> list[bool]:
    """Which of the boxes, given as (kind, place relative to the ego, size), are seen."""
    boxes = BoxList(1)
    for kind, xy, size in rows:
        boxes.add(kind, ego.apply(np.array([xy]))[0], ego.yaw_rad, size, (0, 0, 0), base_z_m)
    return [bool(v) for v in visible(boxes.boxes(), ego, rig or Rig())]


@pytest.mark.parametrize("ego", [AHEAD, Pose2(70.0, -40.0, 2.6)])
def test_a_walker_behind_a_van_is_not_seen_until_it_comes_out(ego: Pose2) -> None:
    van = (BodyKind.CAR, (14.0, -3.0), VAN)
    assert seen(van, (BodyKind.WALKER, (18.0, -3.6), WALKER), ego=ego) == [True, False]
    assert seen(van, (BodyKind.WALKER, (18.0, -1.8), WALKER), ego=ego) == [True, True]


def test_a_walker_behind_a_low_car_is_seen_when_near_enough_to_look_over_it() -> None:
    walker = (BodyKind.WALKER, (12.0, 0.0), WALKER)
    assert seen((BodyKind.CAR, (6.0, 0.0), CAR), walker) == [True, True]
    assert seen((BodyKind.CAR, (6.0, 0.0), VAN), walker) == [True, False]


def test_a_truck_is_seen_over_a_car_and_a_car_is_not_seen_behind_a_truck() -> None:
    assert seen((BodyKind.CAR, (12.0, 0.0), CAR), (BodyKind.TRUCK, (24.0, 0.0), TRUCK)) == [True, True]
    assert seen((BodyKind.TRUCK, (12.0, 0.0), TRUCK), (BodyKind.CAR, (24.0, 0.0), CAR)) == [True, False]


def test_buildings_hide_and_what_hangs_high_does_not() -> None:
    car = (BodyKind.CAR, (30.0, 0.0), CAR)
    assert seen((BodyKind.BUILDING, (15.0, 0.0), (8.0, 9.0, 6.0)), car) == [True, False]
    assert seen((BodyKind.TREE, (15.0, 0.0), (3.0, 3.0, 4.0)), car, base_z_m=3.0) == [True, True]


def test_nothing_is_seen_beyond_sixty_metres_and_an_empty_world_is_no_trouble() -> None:
    assert seen((BodyKind.TRUCK, (59.0, 0.0), TRUCK), (BodyKind.TRUCK, (0.0, 61.0), TRUCK)) == [True, False]
    assert seen() == []


def test_a_camera_ahead_of_the_lidar_sees_past_an_edge_but_not_behind_itself() -> None:
    # From the camera, 1.3 m further on, the line to the walker passes the van's far corner.
    def look(side: float) -> list[bool]:
        lidar_only = Rig(cameras=())
        rows = ((BodyKind.CAR, (side * 5.0, -3.0), VAN), (BodyKind.WALKER, (side * 12.3, -3.62), WALKER))
        return [seen(*rows, rig=lidar_only)[1], seen(*rows)[1]]

    assert look(1.0) == [False, True]
    assert look(-1.0) == [False, False]


def test_what_the_lidar_hits_well_is_seen_and_what_is_unseen_is_hardly_hit() -> None:
    world, rig = World(task_of("ParkingCutIn", 3)), Rig()
    boxes = Boxes.join(world.moving_boxes(), world.static_boxes)
    pose = world.ego.pose_map_to_ego
    points = np.concatenate([sweep(rig.lidar, pose, boxes, half) for half in (0, 1)])[:, :3]
    points = points[points[:, 2] > 0.05 - rig.lidar.position_ego_m[2]].astype(np.float64)
    xy = pose.apply(points[:, :2] + np.array(rig.lidar.position_ego_m[:2]))
    z = points[:, 2] + rig.lidar.position_ego_m[2]
    c, s = np.cos(boxes.yaw_N)[:, None], np.sin(boxes.yaw_N)[:, None]
    d = xy - boxes.xy_N2[:, None]
    own = np.abs(np.stack([c * d[..., 0] + s * d[..., 1], c * d[..., 1] - s * d[..., 0]], axis=-1))
    on = np.all(own < 0.5 * boxes.sizes_N3[:, None, :2] + 0.01, axis=2)
    on &= (z > boxes.base_z_N[:, None]) & (z < (boxes.base_z_N + boxes.sizes_N3[:, 2])[:, None] + 0.01)
    hits = on.sum(axis=1)
    mask = visible(boxes, pose, rig)
    near = np.hypot(*(boxes.xy_N2 - pose.position_m).T) < 55.0
    bodies = near & (boxes.base_z_N < 0.5) & (boxes.sizes_N3[:, :2].max(axis=1) > 0.45)
    assert (bodies & mask).sum() > 10
    assert (bodies & ~mask).sum() > 0
    assert hits[bodies & ~mask].max() < 10
    assert np.mean(hits[bodies & mask] > 0) > 0.9


def test_the_plan_from_what_is_seen_differs_only_while_the_walker_who_will_cross_is_hidden() -> None:
    world = World(replace(task_of("DynamicObjectCrossing", 1), traffic=EMPTY))
    expert = Expert(world)
    walker = next(int(n) for n, kind in zip(world.moving_boxes().ids_N, world.moving_boxes().kinds_N, strict=True)
                  if kind == int(BodyKind.WALKER))
    differed, answered = 0, 0
    for tick in range(400):
        if tick % 4 == 0:
            every, by_sight = expert.plan(), expert.plan(only_seen=True)
            boxes = Boxes.join(world.moving_boxes(), world.static_boxes)
            sees = visible(boxes, world.ego.pose_map_to_ego, Rig())[boxes.ids_N == walker].any()
            same = np.array_equal(every.waypoints_62, by_sight.waypoints_62)
            assert same or not sees
            assert by_sight.hazard_id != walker or sees
            differed += not same
            answered += every.hazard_id == walker and by_sight.hazard_id == walker
        world.step(follow(world, every))
    assert differed > 0, "the expert knows the walker behind the obstacle"
    assert answered > 0, "once it is out, both answer to it"
