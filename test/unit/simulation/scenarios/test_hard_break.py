import numpy as np
import pytest


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
