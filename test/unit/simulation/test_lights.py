from itertools import pairwise
from typing import NamedTuple

from automot_ros.simulation.lights import GREEN_TICKS, SLOT_TICKS, YELLOW_TICKS, Lights, LightState


class Light(NamedTuple):
    id: int
    kind: str
    junction_id: int
    approach: int


FOUR_ARMS = [Light(10 + a, "light", 7, a) for a in range(4)] + [Light(99, "stop", 8, 0)]


def test_at_most_one_arm_of_a_junction_is_not_red_and_every_arm_gets_its_turn():
    lights = Lights(FOUR_ARMS, seed=3)
    green = dict.fromkeys(lights.ids, 0)
    for tick in range(4 * SLOT_TICKS):
        lights.update(tick)
        going = [i for i, state in lights.states.items() if state is not LightState.RED]
        assert len(going) <= 1
        for i in going:
            green[i] += lights.states[i] is LightState.GREEN
    assert set(green.values()) == {GREEN_TICKS}
    assert 99 not in green


def test_green_turns_yellow_then_red():
    lights = Lights(FOUR_ARMS, seed=3)
    seen = []
    for tick in range(8 * SLOT_TICKS):
        lights.update(tick)
        if not seen or seen[-1] is not lights.states[11]:
            seen.append(lights.states[11])
    order = {LightState.GREEN: LightState.YELLOW, LightState.YELLOW: LightState.RED, LightState.RED: LightState.GREEN}
    assert len(seen) > 4
    assert all(order[a] is b for a, b in pairwise(seen))


def test_states_depend_on_the_tick_not_on_the_calls_before():
    stepped, jumped = Lights(FOUR_ARMS, seed=5), Lights(FOUR_ARMS, seed=5)
    for tick in range(700):
        stepped.update(tick)
    jumped.update(699)
    assert dict(stepped.states) == dict(jumped.states)
    stepped.update(3)
    jumped.update(3)
    assert dict(stepped.states) == dict(jumped.states)


def test_time_to_green_is_right_at_every_tick():
    lights = Lights(FOUR_ARMS, seed=1)
    for tick in range(0, 4 * SLOT_TICKS, 37):
        left = lights.red_ticks_left(12, tick)
        lights.update(tick)
        assert (left == 0) == (lights.states[12] is not LightState.RED)
        if left:
            lights.update(tick + left - 1)
            assert lights.states[12] is LightState.RED
            lights.update(tick + left)
            assert lights.states[12] is LightState.GREEN


def test_a_lone_arm_is_red_half_of_the_time_and_seeds_shift_the_phase():
    alone = [Light(1, "light", 2, 0)]
    lights = Lights(alone, seed=0)
    shown = []
    for tick in range(2 * SLOT_TICKS):
        lights.update(tick)
        shown.append(lights.states[1])
    assert shown.count(LightState.GREEN) == GREEN_TICKS
    assert shown.count(LightState.YELLOW) == YELLOW_TICKS
    firsts = {Lights(FOUR_ARMS, seed=s).red_ticks_left(10, 0) for s in range(8)}
    assert len(firsts) > 3
