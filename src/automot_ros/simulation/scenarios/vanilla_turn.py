"""Junctions with nothing but their rules and the usual traffic: T_Junction and the Vanilla turns of Bench2Drive."""

from __future__ import annotations

import numpy as np

from automot_ros.simulation.junctions import Passage
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.arms import hold_arms
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Scenario, Script

END_M, T_DRIVEN_M = 10.0, 200.0
RED_S, RED_FROM_M, AFTER_GREEN_S, YELLOW_S = 5.0, 12.0, 5.0, 2.0
_PATIENCE_S = 30.0
_AFTER_M = 45.0


class VanillaTurn(Scenario):
    """What they share: a turn at one junction, over when the ego has left it and driven 10 m. No parameters.

    Trigger: 25-40 m before the junction. Source: Bench2Drive's scenario_runner, vanilla_turn.py (MIT).
    """

    controls: tuple[str, ...] = ("none", "yield")

    def prepare(self) -> None:
        """The junction in question."""
        self._passage = self.around.junction_after(self.trigger_s_m)

    def script(self) -> Script:
        """Wait for the ego."""
        yield from self.passed(self._passage.end_m)
        yield from self.driven(END_M)

    @classmethod
    def fits(cls, view: RouteView, way: Passage) -> bool:
        """Whether a passage is what the class is about."""
        return view.turn(way) != "straight" and view.control(way) in cls.controls

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """The first junction that fits, alone within the drive."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(25.0, 40.0))
            clear = not any(p is not way and trigger - 5.0 < p.end_m and p.begin_m < way.end_m + _AFTER_M + 14.0
                            for p in view.passages)
            if trigger > 12.0 and clear and way.end_m + _AFTER_M < view.line.length_m and cls.fits(view, way):
                return Wish(trigger, end_m=way.end_m + _AFTER_M)
        return None


class VanillaNonSignalizedTurn(VanillaTurn):
    """A turn at a junction with neither lights nor a stop sign for the ego."""


class VanillaNonSignalizedTurnEncounterStopsign(VanillaTurn):
    """A turn at a junction where the ego has a stop sign."""

    controls = ("stop",)


class VanillaSignalizedTurnEncounterGreenLight(VanillaTurn):
    """A turn at lights: green for the ego and red for all others, till it is over the line; then red for all for 5 s.

    The original's green lasts 5 s from the trigger on and ends without yellow; here nobody is caught by that.
    """

    controls = ("light",)

    def script(self) -> Script:
        """Green as long as the ego comes."""
        hold_arms(self, self._passage, LightState.GREEN)
        over_m = self._passage.begin_m + 0.5 * self.world.vehicle.length_m + 1.0
        yield from self.until(lambda: self.world.route_s_m >= over_m, at_most_s=_PATIENCE_S)
        if self.world.route_s_m < over_m:
            hold_arms(self, self._passage, LightState.YELLOW)
            yield from self.wait(YELLOW_S)
        hold_arms(self, self._passage, LightState.RED)
        yield from self.wait(AFTER_GREEN_S)
        self.world.hold_lights({})
        yield from super().script()


class VanillaSignalizedTurnEncounterRedLight(VanillaTurn):
    """A turn at lights: red for the ego when it arrives and 5 s more; then green for it, red for all others to the end.

    The original's 5 s count from the trigger on, a few metres after the start; here from 12 m before the line.
    """

    controls = ("light",)

    def script(self) -> Script:
        """Red, wait for the ego, green."""
        hold_arms(self, self._passage, LightState.RED)
        near_m = self._passage.stop_m - RED_FROM_M - 0.5 * self.world.vehicle.length_m
        yield from self.until(lambda: self.world.route_s_m >= near_m, at_most_s=_PATIENCE_S)
        yield from self.wait(RED_S)
        hold_arms(self, self._passage, LightState.GREEN)
        yield from super().script()
        self.world.hold_lights({})


class T_Junction(VanillaTurn):  # noqa: N801 - CARLA's name
    """A drive over a junction of three arms, whatever rules it; over after 200 m, or 240 s as a timeout.

    Source: Bench2Drive's scenario_runner, t_junction.py (MIT).
    """

    timeout_s = 240.0

    def script(self) -> Script:
        """Let the ego drive."""
        yield from self.driven(min(T_DRIVEN_M, self.world.route_line.length_m - 3.0 - self.world.route_s_m))

    @classmethod
    def fits(cls, view: RouteView, way: Passage) -> bool:
        """Three arms, and a turn."""
        return view.turn(way) != "straight" and len({w.side for w in view.around.ways(way)}) == 3
