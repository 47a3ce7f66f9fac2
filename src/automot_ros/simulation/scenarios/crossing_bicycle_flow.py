"""CrossingBicycleFlow: the ego turns over a row of cyclists who ride on and look at nobody."""

from __future__ import annotations

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.arms import hold_arms, road_before_m, way_between
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.flow import Flow
from automot_ros.simulation.scenarios.junction_turns import NonSignalizedJunctionLeftTurn
from automot_ros.simulation.scenarios.scenario import Floats, Scenario, Script
from automot_ros.simulation.scenarios.surroundings import Surroundings, Way

FLOW_MPS, GAP_M = 10.0, (20.0, 50.0)
RED_S, SINK_M = 5.0, 40.0
_FROM_EDGE_M = 0.5
_ON_WAY_M = 10.0
_STRAIGHT_RAD = 0.6
_SOURCE_S, _LEAST_S, _LONG_M = 8.0, 6.0, 150.0
_GAP_FROM_S, _GAP_TO_S = (0.8, 1.4), (10.0, 12.0)
_AFTER_M = 60.0


class CrossingBicycleFlow(Scenario):
    """Bicycles ride from `start_actor_flow` over the junction to 40 m behind it, along the road that they start beside.

    They heed neither lights nor vehicles, and are all over their way when the ego passes the trigger. At lights the
    ego's is red for 5 s, then green; all others stay red. Ends when the ego has left the junction; 240 s.
    Parameters: start_actor_flow and end_actor_flow (x, y, z; without them they come along the edge of the oncoming
    lane), flow_speed (m/s, 10), source_dist_interval (m, 20 to 50). Trigger: 30-45 m before the junction.
    Source: scenario_runner, cross_bicycle_flow.py (MIT).
    """

    timeout_s = 240.0

    def prepare(self) -> None:
        """The junction in question."""
        self._passage = self.around.junction_after(self.trigger_s_m)

    def closed_lanes(self) -> set[int]:
        """The junction, and the road that they ride along."""
        passage = self.around.junction_after(self.trigger_s_m)
        way = self._way()[0]
        road = set() if way is None else way_between(self.around, way, _LONG_M, SINK_M)[1]
        return self.around.around_junction(passage) | road

    def script(self) -> Script:
        """Lights and bicycles until the ego is over."""
        path = self._path()
        if path is None:
            return
        flow = Flow(self, path, self.number("flow_speed", FLOW_MPS), self.interval("source_dist_interval", GAP_M),
                    BodyKind.BICYCLE, thirds=True, heeds=False, dense=True)
        try:
            yield from flow.during(self._until_over())
        finally:
            self.world.hold_lights({})

    def _until_over(self) -> Script:
        hold_arms(self, self._passage, LightState.RED)
        yield from self.wait(RED_S)
        hold_arms(self, self._passage, LightState.GREEN)
        yield from self.passed(self._passage.end_m)

    def _way(self) -> tuple[Way | None, float, float]:
        """The way that they ride along, how far they are to its left, and where on its path they begin."""
        passage = self.around.junction_after(self.trigger_s_m)
        start, end = self.location("start_actor_flow"), self.location("end_actor_flow")
        if start is None:
            way = NonSignalizedJunctionLeftTurn.choose(self.around, passage)
            return way, 0.0 if way is None else _edge_m(self.around, way), 0.0
        best: tuple[Way | None, float, float] = (None, 0.0, 0.0)
        least = _ON_WAY_M
        for way in self.around.ways(passage):
            if abs(way.turn_rad) > _STRAIGHT_RAD:
                continue
            path, _ = way_between(self.around, way, _LONG_M, SINK_M)
            s, off = path.project(start)
            to_s, to_off = (path.length_m, 0.0) if end is None else path.project(end)
            if max(abs(off), abs(to_off)) < least and to_s > s:
                best, least = (way, off, s), max(abs(off), abs(to_off))
        return best

    def _path(self) -> Polyline | None:
        """Beside a way through the junction, or straight from start to end."""
        way, left_m, from_m = self._way()
        if way is not None:
            path, _ = way_between(self.around, way, _LONG_M, SINK_M)
            return beside(path, left_m, from_m)
        start, end = self.location("start_actor_flow"), self.location("end_actor_flow")
        return None if start is None or end is None else Polyline(np.stack([start, end]))

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A left turn over an oncoming road; they ride at its edge."""
        for passage in view.passages:
            trigger = passage.begin_m - float(rng.uniform(30.0, 45.0))
            clear = not any(p is not passage and trigger - 5.0 < p.end_m and p.begin_m < passage.end_m + _AFTER_M
                            for p in view.passages)
            if trigger < 12.0 or not clear or passage.end_m + _AFTER_M > view.line.length_m or (
                    view.turn(passage) != "left"):
                continue
            way = NonSignalizedJunctionLeftTurn.choose(view.around, passage)
            speed = float(round(rng.uniform(6.0, 9.0)))
            if way is None or not view.around.conflicting(way, passage) or (
                    road_before_m(view.around, way, _LEAST_S * speed) < _LEAST_S * speed):
                continue
            path = beside(way_between(view.around, way, _SOURCE_S * speed, SINK_M)[0], _edge_m(view.around, way), 0.0)
            gap = {"from": f"{speed * rng.uniform(*_GAP_FROM_S):.0f}", "to": f"{speed * rng.uniform(*_GAP_TO_S):.0f}"}
            return Wish(trigger, {
                "start_actor_flow": _location(path.at(0.0)), "end_actor_flow": _location(path.at(path.length_m - 15.0)),
                "flow_speed": {"value": f"{speed:.0f}"}, "source_dist_interval": gap}, end_m=passage.end_m + _AFTER_M)
        return None


def beside(path: Polyline, left_m: float, from_m: float) -> Polyline:
    """A path to the left of another, from an arc length of it on."""
    at = np.append(np.arange(from_m, path.length_m, 1.0), path.length_m)
    yaw = np.array([path.yaw_at(float(s)) for s in at])
    return Polyline(path.at(at) + left_m * np.stack([-np.sin(yaw), np.cos(yaw)], axis=1))


def _edge_m(around: Surroundings, way: Way) -> float:
    """The right edge of a way's own lane, metres to the left."""
    return -(0.5 * around.map.lanes[way.entry].width_m - _FROM_EDGE_M)


def _location(xy: Floats) -> dict[str, str]:
    """A place as a route file has it: CARLA's left-handed frame."""
    return {"x": f"{xy[0]:.1f}", "y": f"{-xy[1]:.1f}", "z": "0.0"}
