import pytest

from automot_ros.scene.actors import BodyKind


def test_three_walkers_cross_before_the_junction_and_are_gone(lonely, roll) -> None:
    world = lonely("PedestrianCrossing", 0)
    scenario = world.scenarios[0]
    meet = scenario.around.junction_after(scenario.trigger_s_m).begin_m - 0.5
    walkers = list(world.cast.actors)
    places = [world.route_line.project(a.pose.position_m) for a in walkers]
    side = scenario.around.sidewalk(meet)
    assert [a.kind for a in walkers] == [BodyKind.WALKER] * 3
    assert [s - meet for s, _ in places] == pytest.approx([0.4, 1.0, 1.6], abs=0.3)
    assert [-left - side for _, left in places] == pytest.approx([1.5, 2.5, 0.5], abs=0.3)

    roll(world, 8.0, 30.0, until=lambda: meet - world.route_s_m < 3.5 * world.ego.speed_mps + 0.5)
    assert all(a.speed_mps == 0.0 for a in walkers)
    roll(world, 8.0, 0.15)
    starts = {}
    for tick in range(40):
        roll(world, 0.0, 0.05)
        for a in walkers:
            if a.speed_mps > 0.0:
                starts.setdefault(a.id, tick)
    assert len(starts) == 3
    assert len(set(starts.values())) > 1
    assert all(1.3 <= a.speed_mps <= 2.0 for a in walkers)
    roll(world, 0.0, 20.0, until=lambda: len(world.cast) == 0)
    assert len(world.cast) == 0
    assert [world.route_line.project(a.pose.position_m)[1] > 5.0 for a in walkers] == [True] * 3
    assert not world.events


def test_who_drives_on_meets_them(lonely, roll) -> None:
    world = lonely("PedestrianCrossing", 0)
    roll(world, 8.0, 12.0, until=lambda: bool(world.events))
    assert [e.kind.name for e in world.events] == ["COLLISION_WALKER"]
