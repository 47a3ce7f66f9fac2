"""Bodies that scenarios direct: they go, heed, stop, and never pass through anything."""

import numpy as np
import pytest

from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.cast import Cast

ROAD = Polyline(np.array([[0.0, 0.0], [100.0, 0.0]]))
START = Pose2(0.0, 0.0, 0.0)


def cast() -> Cast:
    return Cast(stream(1, "cast"))


def run(stage: Cast, seconds: float) -> None:
    for tick in range(round(20 * seconds)):
        stage.step(tick, Boxes.empty())


def test_a_body_goes_along_its_path_at_the_wanted_speed_and_stays_at_its_end():
    stage = cast()
    car = stage.add(BodyKind.CAR, START)
    car.go(ROAD, 10.0, start_s_m=0.0, now_mps=10.0)
    run(stage, 4.0)
    assert car.moved_m == pytest.approx(40.0, abs=0.6)
    assert car.pose.x_m == pytest.approx(40.0, abs=0.6)
    run(stage, 10.0)
    assert (car.left_m, car.speed_mps) == (0.0, 0.0)


def test_who_heeds_stops_behind_what_stands_and_who_does_not_drives_on():
    for heeds, reaches_m in ((True, 44.0), (False, 60.0)):
        stage = cast()
        stage.add(BodyKind.CAR, Pose2(50.0, 0.0, 0.0))
        car = stage.add(BodyKind.CAR, START)
        car.go(ROAD, 8.0, start_s_m=0.0, now_mps=8.0, heeds=heeds)
        run(stage, 14.0)
        assert (car.pose.x_m < 46.0) is heeds
        assert car.pose.x_m > (40.0 if heeds else reaches_m)


def test_a_push_back_stops_a_body_for_two_seconds_and_it_goes_on():
    stage = cast()
    walker = stage.add(BodyKind.WALKER, START)
    walker.go(ROAD, 2.0, start_s_m=0.0, now_mps=2.0)
    run(stage, 1.0)
    at = walker.s_m
    walker.push_back(0.5)
    assert (walker.s_m, walker.touched) == (pytest.approx(at - 0.5), True)
    run(stage, 1.9)
    assert walker.s_m == pytest.approx(at - 0.5)
    run(stage, 3.0)
    assert walker.s_m > at


def test_rubbish_can_be_driven_over_and_everything_else_is_solid():
    stage = cast()
    stage.add(BodyKind.DEBRIS, START)
    cone = stage.add(BodyKind.CONE, START)
    boxes, index = stage.solid()
    assert len(stage.boxes()) == 2
    assert boxes.ids_N.tolist() == [cone.id]
    assert index.tolist() == [1]
    stage.remove([cone])
    assert len(stage.solid()[1]) == 0
