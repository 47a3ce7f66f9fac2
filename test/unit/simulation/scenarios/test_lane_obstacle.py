import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind

WIDE = 0.5 * 3.5


def _stage(world):
    """(kind, metres behind the trigger, metres left of the route) of everything that stands there."""
    begin = world.scenarios[0].trigger_s_m
    found = []
    for actor in world.cast.actors:
        s, left = world.route_line.project(actor.pose.position_m)
        found.append((actor.kind, s - begin, left))
    return found


def _distance(world):
    return float(world.scenarios[0].spec.parameters["distance"]["value"])


def test_a_parked_car_stands_on_the_lane_at_its_right_edge(lonely) -> None:
    world = lonely("ParkedObstacle", 6)
    sign, car = _stage(world)
    assert sign[0] is BodyKind.SIGN
    assert sign[1] == pytest.approx(0.0, abs=0.5)
    assert sign[2] < -WIDE - 1.0
    assert car[0] is BodyKind.CAR
    assert car[1] == pytest.approx(_distance(world), abs=0.3)
    assert car[2] == pytest.approx(-0.7 * WIDE, abs=0.1)
    assert world.scenarios[0].around.same_way(world.scenarios[0].at_s_m, True) is not None


def test_an_accident_is_police_and_two_cars(lonely, roll) -> None:
    world = lonely("Accident", 2)
    _, *cars = _stage(world)
    at = _distance(world)
    assert [kind for kind, _, _ in cars] == [BodyKind.EMERGENCY, BodyKind.CAR, BodyKind.CAR]
    assert [s for _, s, _ in cars] == pytest.approx([at, at + 10.0, at + 16.0], abs=0.4)
    assert [left for *_, left in cars] == pytest.approx([-0.6 * WIDE] * 3, abs=0.1)

    past = world.scenarios[0].at_s_m + 16.0 + 50.0
    roll(world, 9.0, 40.0, until=lambda: world.route_s_m > past, left_m=lambda s: 3.5 if s > 30.0 else 0.0)
    roll(world, 9.0, 0.1, left_m=lambda s: 3.5)
    assert world.scenarios[0].state == "done"
    assert len(world.cast) == 0
    assert not world.events


def test_cones_stand_along_the_open_side_and_across_the_far_end_of_a_site(lonely) -> None:
    world = lonely("ConstructionObstacle", 1)
    stage, at, side = _stage(world), _distance(world), 0.85 * WIDE
    boards = [s for kind, s, _ in stage if kind is BodyKind.SIGN]
    cones = [(s - at, left) for kind, s, left in stage if kind is BodyKind.CONE]
    assert boards == pytest.approx([0.0, at - 5.0], abs=0.5)
    assert [s - at for kind, s, _ in stage if kind is BodyKind.DEBRIS] == pytest.approx([2.0], abs=0.3)
    wanted = [(2.0, side), (4.0, side), (6.0, side), *((8.0, side - k) for k in range(4))]
    assert np.array(cones) == pytest.approx(np.array(wanted), abs=0.15)


def test_traffic_beside_slows_five_seconds_after_the_ego_came_near(lonely, roll) -> None:
    world = lonely("ParkedObstacle", 6)
    scenario = world.scenarios[0]
    caps = []
    world.limit_traffic = caps.append
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "running")
    roll(world, 0.0, 4.5)
    assert caps == []
    roll(world, 0.0, 1.5)
    assert caps == pytest.approx([float(scenario.spec.parameters["speed"]["value"]) / 3.6])


def test_oncoming_cars_come_with_gaps_as_given_while_the_ego_waits(lonely, roll) -> None:
    world = lonely("AccidentTwoWays", 2)
    scenario = world.scenarios[0]
    assert scenario.opens_opposite_lane
    raw = scenario.spec.parameters["frequency"]
    roll(world, 8.0, 20.0, until=lambda: world.route_s_m > scenario.at_s_m - 25.0)
    flow = scenario._flow._flow
    gaps, last = [], flow.cars[-1]
    for _ in range(20 * 25):
        roll(world, 0.0, 0.05)
        if flow.cars and flow.cars[-1] is not last:
            gaps.append(last.s_m - 4.5)
            last = flow.cars[-1]
    assert len(gaps) >= 1
    assert min(gaps) >= float(raw["from"]) - 1.0
    assert max(gaps) <= float(raw["to"]) + 1.0
    closed = scenario.closed_lanes()
    assert scenario.around.opposite(scenario.at_s_m)[0] in closed
    assert scenario.around.lane(scenario.at_s_m).index in closed


@pytest.mark.parametrize(("kind", "seed", "long_m"), [
    ("AccidentTwoWays", 2, 16.0), ("ConstructionObstacleTwoWays", 6, 8.0), ("ParkedObstacleTwoWays", 7, 0.0)])
def test_one_gap_in_three_lets_a_driver_pass_and_is_seen_to_come(lonely, kind, seed, long_m) -> None:
    scenario = lonely(kind, seed).scenarios[0]
    low, high = scenario.gap_m
    speed = 0.7 * scenario.around.lane(scenario.at_s_m).speed_limit_mps
    needed = 9.0 * speed + long_m + 15.0
    assert low + 2.0 / 3.0 * (high - low) >= needed
    assert needed / speed < 15.0
    flow = scenario._flow._flow
    here = flow._path.project(scenario.on_route(scenario.at_s_m).position_m)[0]
    assert here >= needed - 0.5
    thirds = [int(3.0 * (flow._gap() - low) / (high - low)) for _ in range(9)]
    assert [sorted(thirds[i : i + 3]) for i in (0, 3, 6)] == [[0, 1, 2]] * 3


def test_two_worlds_of_one_task_play_alike(lonely, roll) -> None:
    a, b = (roll(lonely("ParkedObstacleTwoWays", 7), 7.0, 6.0) for _ in range(2))
    assert np.array_equal(a.cast.boxes().xy_N2, b.cast.boxes().xy_N2)
    assert np.array_equal(a.cast.boxes().color_N3, b.cast.boxes().color_N3)
