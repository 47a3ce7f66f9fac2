import pytest

from automot_ros.scene.actors import BodyKind


def _number(world, tag):
    return float(world.scenarios[0].spec.parameters[tag]["value"])


@pytest.mark.parametrize(("kind", "seed"), [("HazardAtSideLane", 4), ("HazardAtSideLaneTwoWays", 5)])
def test_two_bicycles_ride_at_the_right_edge_and_stop(lonely, roll, kind, seed) -> None:
    world = lonely(kind, seed)
    scenario = world.scenarios[0]
    riders = world.cast.actors[:2]
    at = scenario.trigger_s_m + _number(world, "distance")
    assert [a.kind for a in riders] == [BodyKind.BICYCLE] * 2
    assert [world.route_line.project(a.pose.position_m)[0] for a in riders] == pytest.approx([at, at + 9.0], abs=0.4)

    roll(world, 8.0, 25.0, until=lambda: scenario.state == "running")
    assert all(a.moved_m < 0.1 for a in riders)
    roll(world, 0.0, 3.0)
    assert [a.speed_mps for a in riders] == pytest.approx([_number(world, "bicycle_speed") / 3.6] * 2, abs=0.05)
    roll(world, 0.0, 75.0, until=lambda: all(a.speed_mps == 0.0 for a in riders))
    assert [a.moved_m for a in riders] == pytest.approx([_number(world, "bicycle_drive_distance")] * 2, abs=1.0)
    off = [world.route_line.project(a.pose.position_m)[1] for a in riders]
    assert off == pytest.approx([-0.55 * 1.75] * 2, abs=0.15)


def test_it_is_over_fifty_metres_behind_the_foremost(lonely, roll) -> None:
    world = lonely("HazardAtSideLane", 4)
    scenario = world.scenarios[0]
    first = world.cast.actors[1]
    roll(world, 9.0, 60.0, until=lambda: scenario.state == "running" and (
        world.route_s_m > world.route_line.project(first.pose.position_m)[0]), left_m=lambda s: 3.5 if s > 20 else 0.0)
    begin = world.route_s_m
    roll(world, 9.0, 10.0, until=lambda: scenario.state == "done", left_m=lambda s: 3.5)
    assert world.route_s_m - begin == pytest.approx(50.0, abs=1.5)
    assert len(world.cast) == 0
