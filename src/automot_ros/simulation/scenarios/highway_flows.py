"""HighwayExit, MergerIntoSlowTraffic and its second version: into a flow of cars, or through it, at a ramp."""

from __future__ import annotations

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.actor_flow import SINK_M, ActorFlowScenario, flow_parameters
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_paths import view_over
from automot_ros.simulation.scenarios.ramps import exits, joins
from automot_ros.simulation.scenarios.scenario import Script

_EXIT_LEAST_M, _FAST_LEAST_M = 125.0, 150.0
_ON_M = 45.0
_SPEED_MPS = (8.0, 9.4)


class HighwayExit(ActorFlowScenario):
    """The route leaves the highway, and between it and the exit lane cars drive in a row: the ego cuts through them.

    Runs from the trigger until the ego is behind the junction of the exit; 240 s. Parameters: flow_speed (m/s, 10),
    source_dist_interval (from, to: m, 20 to 50), start_actor_flow and end_actor_flow (places).
    Source: scenario_runner, actor_flow.py (MIT).
    """

    map_kinds = ("highway",)

    def over(self) -> Script:
        """The ego has left the road."""
        yield from self.passed(self.around.junction_after(self.trigger_s_m).end_m + SINK_M)

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """From the second lane over the first and the exit lane onto the ramp."""
        lanes = road_map.lanes
        good = [e for e in exits(road_map) if lanes[e.through].left is not None
                and lanes[e.slow].center.length_m > _EXIT_LEAST_M]
        if not good:
            return None
        way = good[int(rng.integers(len(good)))]
        first = lanes[way.through].left
        assert first is not None
        length = lanes[first].center.length_m
        try:
            return view_over(road_map, junctions, [first, way.through, way.slow, way.inner, way.ramp], 3.0, _ON_M,
                             [0.36 * length, 0.75 * length])
        except MapError:
            return None

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """The whole of such a route."""
        way = next(e for e in exits(view.map) if e.through == view.lanes[1])
        lanes = view.map.lanes
        before = lanes[lanes[way.through].previous[0]].previous[0]
        start = lanes[before].center
        parameters = flow_parameters(rng, start.at(start.length_m - 10.0), lanes[way.onward].center.at(_ON_M),
                                     _SPEED_MPS, (22.0, 30.0), (40.0, 56.0))
        return Wish(4.0, parameters, begin_m=0.0, end_m=view.line.length_m)


class MergerIntoSlowTraffic(ActorFlowScenario):
    """The ego comes up a ramp; on the lane that it has to change to, before its own ends, slow cars drive in a row.

    Runs from the trigger until the ego is 2 m from the end of the flow, on any lane; 240 s. Parameters: flow_speed
    (m/s, 10), source_dist_interval (from, to: m, 20 to 50), start_actor_flow and end_actor_flow (places).
    Source: scenario_runner, actor_flow.py (MIT).
    """

    map_kinds = ("highway",)

    def over(self) -> Script:
        """The ego is at the sink, or beyond it."""
        sink = self._given("end_actor_flow")
        sink_s_m = self.world.route_line.project(sink)[0]
        yield from self.until(lambda: self.near_any([sink], SINK_M) or self.world.route_s_m >= sink_s_m)

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """Up the ramp, along its lane, over to the left."""
        good = [j for j in joins(road_map) if road_map.lanes[j.extra].center.length_m > _FAST_LEAST_M]
        if not good:
            return None
        way = good[int(rng.integers(len(good)))]
        ramp = road_map.lanes[way.ramp].center
        try:
            return view_over(road_map, junctions, [way.ramp, way.inner, way.extra, way.through],
                             max(2.0, ramp.length_m - float(rng.uniform(40.0, 55.0))), _FAST_LEAST_M - 4.0,
                             [float(rng.uniform(55.0, 70.0))])
        except MapError:
            return None

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """The whole of such a route."""
        way = next(j for j in joins(view.map) if j.ramp == view.lanes[0])
        lanes = view.map.lanes
        start = lanes[way.through_before].center
        parameters = flow_parameters(rng, start.at(start.length_m - float(rng.uniform(60.0, 75.0))),
                                     lanes[way.through].center.at(_FAST_LEAST_M - 14.0), _SPEED_MPS, (22.0, 30.0),
                                     (40.0, 56.0))
        return Wish(6.0, parameters, begin_m=0.0, end_m=view.line.length_m)


class MergerIntoSlowTrafficV2(MergerIntoSlowTraffic):
    """The ego drives on the highway, slow cars come up the ramp beside it, and the two lanes become one.

    Runs, ends and is parametrised as MergerIntoSlowTraffic; the flow starts on the ramp.
    Source: scenario_runner, actor_flow.py (MIT).
    """

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """Along the lane beside the ramp's, and through the place where that one ends."""
        lanes = road_map.lanes
        good = [(j, inner, after) for j in joins(road_map) for inner in lanes[j.through].next
                for after in lanes[inner].next if lanes[inner].junction_id >= 0 and any(
                    after in lanes[i].next for i in lanes[j.extra].next)]
        if not good:
            return None
        way, inner, after = good[int(rng.integers(len(good)))]
        begin = max(2.0, lanes[way.through].center.length_m - 150.0)
        try:
            return view_over(road_map, junctions, [way.through, inner, after], begin, 70.0)
        except MapError:
            return None

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """The whole of such a route."""
        way = next(j for j in joins(view.map) if j.through == view.lanes[0])
        lanes = view.map.lanes
        ramp = lanes[way.ramp].center
        parameters = flow_parameters(rng, ramp.at(ramp.length_m - float(rng.uniform(25.0, 40.0))),
                                     lanes[view.lanes[-1]].center.at(58.0), _SPEED_MPS, (20.0, 26.0), (34.0, 46.0))
        return Wish(6.0, parameters, begin_m=0.0, end_m=view.line.length_m)
