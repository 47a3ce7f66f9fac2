import math

import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind


def test_the_third_of_a_queue_cuts_in_and_speeds_away(lonely, roll) -> None:
    world = lonely("StaticCutIn", 7)
    scenario = world.scenarios[0]
    queue = world.cast.actors
    places = np.array([world.route_line.project(a.pose.position_m) for a in queue])
    first = scenario.trigger_s_m + float(scenario.spec.parameters["distance"]["value"])
    assert places[:, 0] == pytest.approx(first + 11.0 * np.arange(6), abs=0.5)
    assert places[:, 1] == pytest.approx(-3.5, abs=0.2)

    car = queue[2]
    roll(world, 8.0, 30.0, until=lambda: car.speed_mps > 0.0)
    assert places[2, 0] - world.route_s_m == pytest.approx(2.7 * 8.0, abs=1.3)
    turned, near = [], []
    while scenario.state == "running":
        roll(world, 4.0, 0.05)
        s, off = world.route_line.project(car.pose.position_m)
        turned.append(car.pose.yaw_rad - world.route_line.yaw_at(s))
        local = queue[3].pose.inverse_apply(car.pose.position_m[None])[0]
        near.append(float(np.hypot(*np.maximum(np.abs(local) - (4.5, 1.85), 0.0))))
    assert max(turned) < math.radians(30.0)
    assert max(np.abs(np.diff(turned))) < 0.05
    assert min(near) > 0.0
    assert off == pytest.approx(0.0, abs=0.1)
    assert car.moved_m == pytest.approx(70.0, abs=1.0)
    assert car.speed_mps > 12.0
    assert not world.events
    assert len(world.cast) == 0


def test_a_door_opens_into_the_lane_when_the_ego_is_three_seconds_away(lonely, roll) -> None:
    world = lonely("VehicleOpensDoorTwoWays", 0)
    scenario = world.scenarios[0]
    car, door = world.cast.actors[:2]
    assert (car.kind, door.kind) == (BodyKind.CAR, BodyKind.DOOR)

    def reach() -> float:
        box = door.pose.apply(np.array([[0.0, 0.475], [0.0, -0.475]]))
        return max(world.route_line.project(p)[1] for p in box)

    shut = reach()
    assert shut < -1.5
    roll(world, 8.0, 30.0, until=lambda: reach() > shut + 0.01)
    assert scenario.at_s_m - world.route_s_m == pytest.approx(24.0, abs=1.2)
    roll(world, 8.0, 1.0)
    assert -0.85 < reach() < -0.6
    roll(world, 8.0, 4.0)
    assert [(e.kind.name, e.other_id) for e in world.events] == [("COLLISION_VEHICLE", door.id)]


def test_who_keeps_a_metre_to_the_left_passes_the_door(lonely, roll) -> None:
    world = lonely("VehicleOpensDoorTwoWays", 0)
    at = world.scenarios[0].at_s_m
    roll(world, 7.0, 30.0, until=lambda: world.route_s_m > at + 10.0, left_m=lambda s: 1.0 if s > at - 25.0 else 0.0)
    assert world.route_s_m > at + 9.0
    assert not [e for e in world.events if e.other_id < 3002]


def test_the_leader_keeps_ahead_brakes_hard_stands_ten_seconds_and_drives_on(lonely, roll) -> None:
    world = lonely("HardBreakRoute", 4)
    scenario, car = world.scenarios[0], world.cast.actors[0]
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "running")
    gap = float(np.hypot(*(car.pose.position_m - world.ego.pose_map_to_ego.position_m))) - 4.6
    assert car.speed_mps == pytest.approx(8.0, abs=1.0)
    assert 10.0 < gap < 22.0
    before = car.speed_mps
    roll(world, 0.0, 0.5)
    assert before - car.speed_mps > 3.0
    roll(world, 0.0, 9.0)
    assert car.speed_mps == 0.0
    roll(world, 0.0, 3.0)
    assert car.speed_mps > 3.0
    roll(world, 6.0, 20.0, until=lambda: scenario.state == "done")
    assert scenario.state == "done"
    assert not world.events


def test_who_drives_on_hits_the_leader(lonely, roll) -> None:
    world = lonely("HardBreakRoute", 4)
    leader = world.cast.actors[0].id
    roll(world, 8.0, 25.0, until=lambda: bool(world.events))
    assert world.events[0].other_id == leader


def test_steering_is_off_only_over_the_three_heaps(lonely, roll) -> None:
    world = lonely("ControlLoss", 1)
    scenario = world.scenarios[0]
    assert [a.kind for a in world.cast.actors] == [BodyKind.DEBRIS] * 3
    noise = []

    def note(offset: float) -> None:
        noise.append((world.route_s_m - scenario.trigger_s_m, offset))

    world.disturb_steer = note
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "done")
    off = [(s, v) for s, v in noise if v != 0.0]
    for at in (14.0, 48.0, 74.0):
        here = [v for s, v in off if abs(s - at) < 3.0]
        assert len(here) >= 8
        assert abs(np.mean(here)) == pytest.approx(0.055, abs=0.02)
    assert all(min(abs(s - at) for at in (14.0, 48.0, 74.0)) < 3.0 for s, _ in off)
    assert noise[-1][1] == 0.0
    assert world.route_s_m - scenario.trigger_s_m >= 110.0
    assert not world.events


def test_in_a_bend_cars_come_over_the_centre_line(lonely, roll) -> None:
    world = lonely("InvadingTurn", 0)
    scenario = world.scenarios[0]
    distance, offset = (float(scenario.spec.parameters[k]["value"]) for k in ("distance", "offset"))
    cones = [world.route_line.project(a.pose.position_m) for a in world.cast.actors if a.kind is BodyKind.CONE]
    assert len(cones) == math.ceil(0.5 * distance / 5.0)
    assert cones[0][0] == pytest.approx(scenario.trigger_s_m + distance + 30.0 - 15.0, abs=0.6)
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "running")
    cars, over = set(), []
    for _ in range(8):
        roll(world, 0.0, 1.0)
        on_road = [a for a in world.cast.actors if a.kind is BodyKind.CAR]
        cars |= {a.id for a in on_road}
        for car in on_road:
            over.append(0.5 * 3.4 - world.route_line.project(car.pose.position_m)[1])
    wanted = offset + 0.5 * 3.4 - 0.7 - 0.5 * 3.4
    assert np.median(over) == pytest.approx(wanted, abs=0.15)
    assert len(cars) >= 3
    roll(world, 8.0, 20.0, until=lambda: scenario.state == "done", left_m=lambda s: -0.5)
    assert not world.events
