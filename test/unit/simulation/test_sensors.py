"""One tick of sensing: one stamp everywhere, alternate half sweeps, and a picture only when asked."""

import numpy as np
import pytest

from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import SIDE_CAMERAS, CameraModel, Rig
from automot_ros.simulation import sensors as sensors_module
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
