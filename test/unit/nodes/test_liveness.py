"""An input that comes on time may still be dead."""

import pytest

from automot_ros.base.errors import MessageError
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes.liveness import InputLiveness
from automot_ros.scene.sensing import EgoState

TICK_NS = 50_000_000


class Car:
    """A car with odometry and a camera; `tick` drives on and hands both in."""

    def __init__(self):
        self.checks = InputLiveness("image")
        self.stamp_ns, self.x_m = 0, 0.0

    def tick(self, speed_mps, picture, *, odometry=True):
        self.stamp_ns += TICK_NS
        self.x_m += 0.05 * speed_mps
        if odometry:
            self.checks.odometry("map", EgoState(self.stamp_ns, Pose2(self.x_m, 0.0, 0.0), speed_mps))
        self.checks.sensor("image", "hero/rgb_front", self.stamp_ns, picture)


@pytest.fixture
def car():
    made = Car()
    for n in range(5):
        made.tick(5.0, n)
    return made


def test_the_same_picture_with_a_new_stamp_is_frozen_while_the_car_moves(car):
    for _ in range(3):
        with pytest.raises(MessageError, match="frozen"):
            car.tick(5.0, 4)
    car.tick(5.0, 5)


def test_it_stays_frozen_when_the_car_has_stopped_over_it(car):
    with pytest.raises(MessageError, match="frozen"):
        car.tick(5.0, 4)
    for _ in range(3):
        with pytest.raises(MessageError, match="frozen"):
            car.tick(0.0, 4)
    car.tick(0.0, 5)


def test_a_car_that_stands_sees_the_same_for_ever(car):
    for _ in range(50):
        car.tick(0.0, 4)


def test_a_car_that_stopped_without_odometry_is_not_held_by_its_own_standing(car):
    for n in range(10):
        car.tick(5.0, 10 + n, odometry=False)
    for _ in range(10):
        car.tick(0.0, 20, odometry=False)
    for _ in range(10):
        car.tick(0.0, 20)


def test_odometry_that_comes_late_does_not_hold_a_car_that_stands():
    checks, late = InputLiveness("image"), 20
    speeds = [5.0] * 40 + [0.0] * 60
    for n, speed in enumerate(speeds):
        checks.sensor("image", "hero/rgb_front", n * TICK_NS, n if speed else "standing")
        if n >= late:
            x_m = 0.25 * min(n - late, 40)
            checks.odometry("map", EgoState((n - late) * TICK_NS, Pose2(x_m, 0.0, 0.0), speeds[n - late]))


def test_a_frozen_picture_is_noticed_with_late_odometry_too():
    checks = InputLiveness("image")
    for n in range(31):
        checks.sensor("image", "hero/rgb_front", n * TICK_NS, min(n, 10))
        checks.odometry("map", EgoState((n - 20) * TICK_NS, Pose2(0.25 * n, 0.0, 0.0), 5.0))
    checks.odometry("map", EgoState(11 * TICK_NS, Pose2(8.0, 0.0, 0.0), 5.0))
    with pytest.raises(MessageError, match="frozen"):
        checks.sensor("image", "hero/rgb_front", 31 * TICK_NS, 10)


def test_time_that_begins_anew_does_not_hide_a_frozen_picture(car):
    car.stamp_ns = 0
    car.tick(5.0, 4)  # the odometry of the other drive does not count
    with pytest.raises(MessageError, match="frozen"):
        car.tick(5.0, 4)


def test_a_message_that_comes_again_is_not_frozen(car):
    car.checks.sensor("image", "hero/rgb_front", car.stamp_ns, 4)


def test_odometry_that_says_it_moves_and_stays_is_frozen():
    checks = InputLiveness()
    pose = Pose2(1.0, 2.0, 0.0)
    checks.odometry("map", EgoState(TICK_NS, pose, 5.0))
    with pytest.raises(MessageError, match="frozen"):
        checks.odometry("map", EgoState(2 * TICK_NS, pose, 5.0))
    checks.odometry("map", EgoState(3 * TICK_NS, Pose2(9.0, 2.0, 0.0), 0.0))
    checks.odometry("map", EgoState(4 * TICK_NS, Pose2(9.0, 2.0, 0.0), 0.0))


def test_the_frame_stays_what_it_was(car):
    with pytest.raises(MessageError, match="frame changed"):
        car.checks.sensor("image", "elsewhere", car.stamp_ns + 1, 6)
    car.tick(5.0, 7)
