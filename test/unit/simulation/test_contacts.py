"""Touches between the ego, the cast and traffic: what they count as, and that nobody ends inside anybody."""

import math
from dataclasses import replace

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation.collisions import push_out
from automot_ros.simulation.events import EventKind, EventLog
from automot_ros.simulation.tasks import TrafficConfig, plain_task
from automot_ros.simulation.world import World
from automot_ros.vehicle.bicycle import BicycleState

GO, STAND = DriveCommand.of(0, 0.5, 0.0, 0.0), DriveCommand.of(0, 0.0, 1.0, 0.0)
EMPTY = replace(plain_task(1), traffic=TrafficConfig(vehicles=0, parked=0, walkers=0))


def place(world: World, ahead_m: float, left_m: float = 0.0) -> Pose2:
    """A place ahead of the ego, looking its way."""
    pose = world.ego.pose_map_to_ego
    x, y = pose.apply(np.array([[ahead_m, left_m]]))[0]
    return Pose2(float(x), float(y), pose.yaw_rad)


@pytest.mark.parametrize(("kind", "event"), [
    (BodyKind.CONE, EventKind.COLLISION_STATIC), (BodyKind.SIGN, EventKind.COLLISION_STATIC),
    (BodyKind.CAR, EventKind.COLLISION_VEHICLE), (BodyKind.BICYCLE, EventKind.COLLISION_VEHICLE),
    (BodyKind.DOOR, EventKind.COLLISION_VEHICLE), (BodyKind.WALKER, EventKind.COLLISION_WALKER)])
def test_what_the_ego_hits_is_named_once_and_stops_it(kind: BodyKind, event: EventKind) -> None:
    world = World(EMPTY)
    actor = world.cast.add(kind, place(world, 8.0))
    world._state = BicycleState(world._state.pose, 6.0)
    for _ in range(30):
        world.step(GO)
    assert [(e.kind, e.other_id) for e in world.events] == [(event, actor.id)]
    hit, _ = push_out(world.ego.pose_map_to_ego, 4.55, 1.85, actor.pose.position_m[None],
                      np.array([actor.pose.yaw_rad]), np.array([actor.size[:2]]))
    assert not hit[0], "nobody stands inside anybody"


def test_rubbish_is_driven_over() -> None:
    world = World(EMPTY)
    world.cast.add(BodyKind.DEBRIS, place(world, 8.0))
    world._state = BicycleState(world._state.pose, 6.0)
    for _ in range(40):
        world.step(GO)
    assert world.events == []
    assert world.route_s_m > 10.0


def test_who_walks_into_a_standing_car_walks_round_it_and_nothing_is_counted() -> None:
    world = World(EMPTY)
    begin = place(world, 1.0, -4.0)
    walker = world.cast.add(BodyKind.WALKER, Pose2(begin.x_m, begin.y_m, begin.yaw_rad + math.pi / 2.0))
    end = place(world, 1.0, 6.0)
    walker.go(Polyline(np.stack([begin.position_m, end.position_m])), 1.5, start_s_m=0.0, now_mps=1.5)
    for _ in range(260):
        world.step(STAND)
    assert world.events == []
    assert walker.left_m < 0.5, "it arrived on the other side"


def test_two_bodies_of_the_cast_stop_each_other() -> None:
    world = World(EMPTY)
    first = world.cast.add(BodyKind.CAR, place(world, 20.0))
    second = world.cast.add(BodyKind.CAR, place(world, 34.0))
    a, b = first.pose.position_m, second.pose.position_m
    first.go(Polyline(np.stack([a, b])), 8.0, start_s_m=0.0, now_mps=8.0)
    for _ in range(100):
        world.step(STAND)
    assert first.touched
    assert float(np.hypot(*(first.pose.position_m - b))) > 0.9 * 4.5


def test_collisions_count_by_the_rules_of_the_leaderboard() -> None:
    log, here = EventLog(), Pose2(0.0, 0.0, 0.0)
    second = 1_000_000_000

    def note(at_s: float, other: int, pose: Pose2, speed: float = 5.0) -> int:
        log.moved(pose)
        log.note(round(at_s * second), EventKind.COLLISION_VEHICLE, other, pose, speed)
        return len(log.events)

    assert note(1.0, 7, here, 0.05) == 0, "a standing ego is not to blame"
    assert note(1.1, 7, here) == 1
    assert note(2.0, 8, Pose2(3.0, 0.0, 0.0)) == 1, "within five metres of the last"
    assert note(4.0, 7, Pose2(9.0, 0.0, 0.0)) == 1, "the same body within five seconds"
    assert note(4.5, 8, Pose2(9.0, 0.0, 0.0)) == 2
    assert note(12.0, 7, Pose2(30.0, 0.0, 0.0)) == 3
