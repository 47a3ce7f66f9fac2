"""Turns over or into a flow of cars, with lights and without: the JunctionLeftTurn and JunctionRightTurn families."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from automot_ros.simulation.junctions import Passage
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.arms import hold_arms, road_before_m, way_between
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.flow import Flow
from automot_ros.simulation.scenarios.scenario import Scenario, Script
from automot_ros.simulation.scenarios.surroundings import Surroundings, Way

FLOW_MPS, GAP_M = 20.0, (25.0, 50.0)
RED_S, END_M = 5.0, 10.0
SOURCE_S = 8.0
_STRAIGHT_RAD, _BESIDE_M, _AFTER_M = 0.6, 20.0, 60.0
_LEAST_S = 6.5
_GAP_FROM_S, _GAP_TO_S = (1.8, 3.0), (8.5, 10.5)


class JunctionTurn(Scenario):
    """What all of them share: a flow over the junction that ends when the ego has left it and driven 10 m; 240 s.

    Sources lie 8 s of flow speed before the junction (4 or 5 s in scenario_runner: who turns must see who comes), sinks
    `sink_s` behind it, neither beyond the next junction. The flow is dense at first, minds no lights, and keeps its
    speed for whoever cuts across. Background traffic keeps off the junction and its roads.
    """

    timeout_s = 240.0
    lit: ClassVar[bool] = False
    controls: tuple[str, ...] = ("none", "stop", "yield")
    turn: ClassVar[str] = "left"
    sink_s: ClassVar[float] = 2.5
    speeds_mps: ClassVar[tuple[float, float]] = (8.0, 11.0)

    @staticmethod
    def choose(around: Surroundings, passage: Passage) -> Way | None:
        """The flow's way through the junction."""
        raise NotImplementedError

    def prepare(self) -> None:
        """The flow's way."""
        self._passage = self.around.junction_after(self.trigger_s_m)
        self._way = self.choose(self.around, self._passage)

    def closed_lanes(self) -> set[int]:
        """The junction, the flow's roads and those 20 m behind its sink."""
        passage = self.around.junction_after(self.trigger_s_m)
        way = self.choose(self.around, passage)
        closed = self.around.around_junction(passage)
        if way is None:
            return closed
        speed = self.number("flow_speed", FLOW_MPS)
        return closed | way_between(self.around, way, SOURCE_S * speed, self.sink_s * speed + _BESIDE_M)[1]

    def script(self) -> Script:
        """The flow, and its lights: the ego's arm is red for 5 s, then green as the flow's arm is all the time."""
        if self._way is None:
            return
        speed = self.number("flow_speed", FLOW_MPS)
        path, _ = way_between(self.around, self._way, SOURCE_S * speed, self.sink_s * speed)
        flow = Flow(self, path, speed, self.interval("source_dist_interval", GAP_M), thirds=True, priority=True,
                    dense=True)
        try:
            yield from flow.during(self._until_over())
        finally:
            if self.lit:
                self.world.hold_lights({})

    def _until_over(self) -> Script:
        if self.lit:
            hold_arms(self, self._passage, LightState.RED, self._way, LightState.GREEN)
            yield from self.wait(RED_S)
            hold_arms(self, self._passage, LightState.GREEN, self._way, LightState.GREEN)
        yield from self.passed(self._passage.end_m)
        yield from self.driven(END_M)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A junction of the right control where the route turns, with a road that the flow can come from."""
        for passage in view.passages:
            trigger = passage.begin_m - float(rng.uniform(30.0, 45.0))
            clear = not any(p is not passage and trigger - 5.0 < p.end_m and p.begin_m < passage.end_m + _AFTER_M
                            for p in view.passages)
            if trigger < 12.0 or not clear or passage.end_m + _AFTER_M > view.line.length_m or (
                    view.turn(passage) != cls.turn or view.control(passage) not in cls.controls):
                continue
            way = cls.choose(view.around, passage)
            if way is None or not view.around.conflicting(way, passage):
                continue
            speed = float(round(rng.uniform(*cls.speeds_mps)))
            if road_before_m(view.around, way, _LEAST_S * speed) < _LEAST_S * speed:
                continue
            # Gaps in time: a wide one is enough for a car that starts from the line.
            gap = {"from": f"{speed * rng.uniform(*_GAP_FROM_S):.0f}", "to": f"{speed * rng.uniform(*_GAP_TO_S):.0f}"}
            return Wish(trigger, {"flow_speed": {"value": f"{speed:.0f}"}, "source_dist_interval": gap},
                        end_m=passage.end_m + _AFTER_M)
        return None


class NonSignalizedJunctionLeftTurn(JunctionTurn):
    """The ego turns left at a junction without lights; cars come against it, straight over, one after another.

    Parameters: flow_speed (m/s, 20), source_dist_interval (m, 25 to 50). Trigger: 30-45 m before the junction.
    Source: scenario_runner, signalized_junction_left_turn.py (MIT).
    """

    @staticmethod
    def choose(around: Surroundings, passage: Passage) -> Way | None:
        """From the opposite arm, the straightest."""
        return _best(around, passage, lambda w: w.side == "opposite" and abs(w.turn_rad) < _STRAIGHT_RAD,
                     lambda w: abs(w.turn_rad))


class SignalizedJunctionLeftTurn(NonSignalizedJunctionLeftTurn):
    """The ego turns left at lights across a flow: red for it and green for the flow for 5 s, then green for both."""

    lit = True
    controls = ("light",)


class NonSignalizedJunctionLeftTurnEnterFlow(JunctionTurn):
    """The ego turns left into a road that a flow of cars from the opposite arm turns right into.

    Parameters: flow_speed (m/s, 20), source_dist_interval (m, 25 to 50). Trigger: 30-45 m before the junction.
    Source: Bench2Drive's scenario_runner, left_turn_enter_flow.py (MIT).
    """

    @staticmethod
    def choose(around: Surroundings, passage: Passage) -> Way | None:
        """From the opposite arm to the ego's exit; where the lanes differ, the nearest of its road."""
        end = around.line.at(passage.end_m)
        return _best(around, passage, lambda w: w.side == "opposite" and w.turn_rad < -_STRAIGHT_RAD,
                     lambda w: float(np.hypot(*(around.map.lanes[w.exit].center.points_N2[0] - end))))


class SignalizedJunctionLeftTurnEnterFlow(NonSignalizedJunctionLeftTurnEnterFlow):
    """The ego turns left at lights into a road that a flow turns into: red for 5 s, then green for both."""

    lit = True
    controls = ("light",)


class NonSignalizedJunctionRightTurn(JunctionTurn):
    """The ego turns right into a road on which a flow of cars comes from its left, straight over the junction.

    Parameters: flow_speed (m/s, 20), source_dist_interval (m, 25 to 50). Trigger: 30-45 m before the junction.
    Source: scenario_runner, signalized_junction_right_turn.py (MIT).
    """

    turn = "right"
    controls: tuple[str, ...] = ("stop", "yield")
    sink_s = 3.0
    speeds_mps = (8.0, 12.0)

    @staticmethod
    def choose(around: Surroundings, passage: Passage) -> Way | None:
        """From the left arm, straight over into the ego's exit; where the lanes differ, the nearest of its road."""
        end = around.line.at(passage.end_m)
        return _best(around, passage, lambda w: w.side == "left" and abs(w.turn_rad) < _STRAIGHT_RAD,
                     lambda w: float(np.hypot(*(around.map.lanes[w.exit].center.points_N2[0] - end))))


class SignalizedJunctionRightTurn(NonSignalizedJunctionRightTurn):
    """The ego turns right at lights into a flow: red for it and green for the flow for 5 s, then green for both."""

    lit = True
    controls = ("light",)


def _best(around: Surroundings, passage: Passage, fits: Callable[[Way], bool],
          cost: Callable[[Way], float]) -> Way | None:
    """The cheapest way that fits, of those that cross or meet the ego's if there are any."""
    ways = [w for w in around.ways(passage) if fits(w)]
    ways = [w for w in ways if around.conflicting(w, passage)] or ways
    return min(ways, key=lambda w: (cost(w), w.lanes), default=None)
