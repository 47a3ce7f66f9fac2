"""The arms of a junction for scenarios that send a flow over it: paths that stay between two junctions, and lights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.junctions import Passage
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.surroundings import Surroundings, Way

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.scenario import Scenario


def way_between(around: Surroundings, way: Way, before_m: float, after_m: float) -> tuple[Polyline, set[int]]:
    """The path of a way with `before_m` of road before the junction and `after_m` behind it, and all its lanes.

    It ends where the next junction begins, on either side, as scenario_runner's sources do.
    """
    entry, leave = _road(around, way.entry, before_m, True), _road(around, way.exit, after_m, False)
    lead, tail = around.path(entry), around.path(leave)
    parts = [lead.at(_metres(max(0.0, lead.length_m - before_m), lead.length_m)), around.path(way.lanes).points_N2,
             tail.at(_metres(0.0, min(tail.length_m, after_m)))]
    return Polyline(np.concatenate(parts)), {*entry, *way.lanes, *leave}


def road_before_m(around: Surroundings, way: Way, enough_m: float) -> float:
    """How long the road is that leads to a way from the junction before, at most `enough_m`."""
    length = sum(around.map.lanes[i].center.length_m for i in _road(around, way.entry, enough_m, True))
    return min(float(length), enough_m)


def hold_arms(scenario: Scenario, passage: Passage, own: LightState, way: Way | None = None,
              its: LightState = LightState.RED, rest: LightState = LightState.RED) -> None:
    """Hold the lights of a junction: what the ego's arm shows, what the arm of `way`, and what all others.

    Nothing happens at a junction without lights.
    """
    lights = [s for s in scenario.world.map.signals if s.kind == "light" and s.junction_id == passage.junction_id]
    mine = {s.approach for s in lights if set(s.lanes) & set(passage.lanes)}
    theirs = set() if way is None else {s.approach for s in lights if set(s.lanes) & set(way.lanes)} - mine
    scenario.world.hold_lights({
        s.id: own if s.approach in mine else its if s.approach in theirs else rest for s in lights})


def _road(around: Surroundings, lane: int, length_m: float, back: bool) -> list[int]:
    """Lanes that go on from one, outside junctions, until they are long enough; in the direction of travel."""
    lanes, chain = around.map.lanes, [lane]
    while sum(lanes[i].center.length_m for i in chain) < length_m:
        end = lanes[chain[-1]]
        found = [i for i in (end.previous if back else end.next) if lanes[i].junction_id < 0 and i not in chain]
        if not found:
            break
        chain.append(found[0])
    return chain[::-1] if back else chain


def _metres(low: float, high: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.append(np.arange(low, high, 1.0), high)
