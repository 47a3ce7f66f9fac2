"""One tick of sensing: one stamp everywhere, alternate half sweeps, a picture only when asked, and what goes wrong."""

import dataclasses

import numpy as np
import pytest

from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import SIDE_CAMERAS, CameraModel, Rig
from automot_ros.simulation import sensors as sensors_module
from automot_ros.simulation.conditions import Conditions
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World

HOLD = DriveCommand.of(0, 0.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def world():
    return World(plain_task(3))


def test_everything_of_a_tick_carries_the_stamp_of_the_world(world):
    tick = SensorSuite(world, Rig(cameras=(CameraModel(), *SIDE_CAMERAS))).sense()
    assert tick.stamp_ns == tick.ego.stamp_ns == tick.points.stamp_ns == world.stamp_ns
    assert [c.stamp_ns for c in tick.cameras] == [world.stamp_ns] * 3
    assert [c.camera for c in tick.cameras] == ["rgb_front", "rgb_left", "rgb_right"]
    assert tick.cameras[0].image_HW3.shape == (256, 512, 3)
    assert not tick.cameras[0].image_HW3.flags.writeable
    assert not tick.points.points_N4.flags.writeable


def test_half_sweeps_alternate_with_the_ticks(world):
    suite = SensorSuite(world)
    sides = []
    for _ in range(4):
        sides.append(np.sign(suite.sense(camera=False).points.points_N4[:, 1]).mean())
        world.step(HOLD)
    assert [abs(s) for s in sides] == [1.0] * 4
    assert sides[0] == -sides[1] == sides[2] == -sides[3]


def test_without_pictures_no_graphics_driver_is_needed(world, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a renderer was made")

    monkeypatch.setattr(sensors_module, "CameraRenderer", refuse)
    assert SensorSuite(world).sense(camera=False).cameras == ()


def test_two_worlds_of_one_seed_look_the_same_to_the_bit():
    ticks = []
    for _ in range(2):
        made = World(plain_task(4))
        for _ in range(10):
            made.step(HOLD)
        ticks.append(SensorSuite(made).sense())
    a, b = ticks
    assert np.array_equal(a.cameras[0].image_HW3, b.cameras[0].image_HW3)
    assert np.array_equal(a.points.points_N4, b.points.points_N4)
    assert a.cameras[0].image_HW3.std() > 20.0


def driven(conditions, ticks=8):
    """Sensor ticks of a drive that speeds up, under conditions."""
    made = World(dataclasses.replace(plain_task(4), conditions=conditions))
    suite = SensorSuite(made, Rig(cameras=(CameraModel(width_px=64, height_px=32),)))
    seen = [suite.sense()]
    for _ in range(ticks):
        made.step(DriveCommand.of(0, 1.0, 0.0, 0.0))
        seen.append(suite.sense())
    return seen


def test_late_sensors_give_the_content_of_earlier_ticks_under_the_present_stamp():
    now, late = driven(Conditions()), driven(Conditions(sensor_latency_ticks=3))
    for tick in range(3, 9):
        assert late[tick].stamp_ns == late[tick].points.stamp_ns == late[tick].cameras[0].stamp_ns == now[tick].stamp_ns
        assert late[tick].ego == now[tick].ego
        assert np.array_equal(late[tick].points.points_N4, now[tick - 3].points.points_N4)
        assert np.array_equal(late[tick].cameras[0].image_HW3, now[tick - 3].cameras[0].image_HW3)
    assert np.array_equal(late[1].points.points_N4, now[0].points.points_N4)


def test_lost_returns_are_lost_anew_at_every_tick():
    whole, holes = driven(Conditions(), 3), driven(Conditions(lidar_dropout=0.5), 3)
    for a, b in zip(whole, holes, strict=True):
        assert len(b.points.points_N4) == pytest.approx(0.5 * len(a.points.points_N4), rel=0.05)
        assert not b.points.points_N4.flags.writeable


def test_brake_lamps_are_lit_on_what_slows_down_and_on_nothing_else():
    made = World(dataclasses.replace(plain_task(4), conditions=Conditions(varied_vehicles=True)))
    suite = SensorSuite(made)
    braking = 0
    for _ in range(30):
        before = made.moving_boxes()
        made.step(HOLD)
        suite.sense(camera=False)
        moment, after = suite._moments[-1], made.moving_boxes()
        assert moment.braking_N is not None
        fell = {int(i): float(v) for i, v in zip(before.ids_N, before.speed_N, strict=True)}
        for place in np.flatnonzero(moment.braking_N):
            assert after.speed_N[place] < fell[int(after.ids_N[place])]
            braking += 1
    assert braking > 0
