import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind


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
