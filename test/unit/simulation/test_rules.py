import math
from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.rules import LineWatch

LINE = np.array([[20.0, 2.0], [20.0, -2.0]])  # left to right for somebody who drives along x


def _watch(kind):
    return LineWatch(SimpleNamespace(signals=[SimpleNamespace(id=4, kind=kind, stop_line=LINE)]))


def _drive(watch, state, speeds=(6.0,) * 120, y=0.0, yaw=0.0):
    lights = SimpleNamespace(states={4: state})
    x, broken = (0.0 if yaw == 0.0 else 40.0), []
    for v in speeds:
        before = Pose2(x, y, yaw)
        x += v * 0.05 * math.cos(yaw)
        broken += watch.crossed(before, Pose2(x, y, yaw), 2.3, v, lights)
    return broken


@pytest.mark.parametrize(("state", "count"), [(LightState.RED, 1), (LightState.YELLOW, 0), (LightState.GREEN, 0)])
def test_only_red_is_broken_and_once(state, count):
    assert _drive(_watch("light"), state) == [(4, True)] * count


def test_beside_the_line_and_from_behind_nothing_is_broken():
    assert _drive(_watch("light"), LightState.RED, y=4.0) == []
    assert _drive(_watch("light"), LightState.RED, yaw=math.pi) == []


def test_a_stop_sign_wants_a_standstill_before_its_line():
    to_line = [6.0] * 50  # bumper at 17.3 m
    assert _drive(_watch("stop"), LightState.RED, [*to_line, *[0.0] * 5, *[6.0] * 60]) == []
    assert _drive(_watch("stop"), LightState.RED, [*to_line, *[0.5] * 20, *[6.0] * 60]) == [(4, False)]
    far_off = [6.0] * 20
    assert _drive(_watch("stop"), LightState.RED, [*far_off, *[0.0] * 5, *[6.0] * 90]) == [(4, False)]


def test_a_stop_counts_for_one_passage_only():
    watch = _watch("stop")
    assert _drive(watch, LightState.RED, [*[6.0] * 50, 0.0, *[6.0] * 60]) == []
    assert _drive(watch, LightState.RED) == [(4, False)]
