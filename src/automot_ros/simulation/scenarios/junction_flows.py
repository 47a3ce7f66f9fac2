"""EnterActorFlow, InterurbanActorFlow, InterurbanAdvancedActorFlow: junctions where cars come in a row, unstopped."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.junctions import Junctions, Passage
from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.actor_flow import SINK_M, ActorFlowScenario, flow_parameters
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_paths import view_through
from automot_ros.simulation.scenarios.scenario import Script
from automot_ros.simulation.scenarios.surroundings import Way

_BEFORE_M, _BEHIND_M = 55.0, 32.0
_STRAIGHT_RAD = 0.6
_OPEN = ("none", "stop", "yield")
_ROUTE_BEFORE_M, _ROUTE_BEHIND_M, _CLEAR_BEFORE_M, _CLEAR_BEHIND_M = 90.0, 92.0, 45.0, 84.0
_TURN_RAD = 0.6
Floats = NDArray[np.float64]


class _JunctionFlow(ActorFlowScenario):
    """A flow at a junction that the route turns in."""

    turns_left: ClassVar[bool] = True

    def closed_lanes(self) -> set[int]:
        """The whole junction, and the flows' roads."""
        passage = self.around.junction_after(self.trigger_s_m)
        return super().closed_lanes() | self.around.around_junction(passage)

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """A route that turns in a junction without lights."""
        turning = [i for junction in road_map.junctions.values() if not junction.signalised for i in junction.lanes
                   if (_bend(road_map.lanes[i]) > _TURN_RAD if cls.turns_left
                       else _bend(road_map.lanes[i]) < -_TURN_RAD)]
        if not turning:
            return None
        return view_through(road_map, junctions, turning[int(rng.integers(len(turning)))], _ROUTE_BEFORE_M,
                            _ROUTE_BEHIND_M)


class EnterActorFlow(_JunctionFlow):
    """The ego turns onto a road where cars come from the left on every lane that runs its way; they mind no light.

    Runs from the trigger until the ego is 2 m from the end of one of the flows; 240 s. Parameters: flow_speed (m/s,
    10), source_dist_interval (from, to: m, 20 to 50), start_actor_flow and end_actor_flow (places on one lane; the
    lanes beside it have flows, too). Source: scenario_runner, actor_flow.py (MIT).
    """

    map_kinds = ("arterial", "town")
    turns_left = False

    def paths(self) -> list[Polyline]:
        """One for each pair of lanes at source and sink."""
        sources, sinks = self._row(self._given("start_actor_flow")), self._row(self._given("end_actor_flow"))
        return [self.way_of(a, b) for a, b in zip(sources, sinks, strict=False)]

    def over(self) -> Script:
        """The ego is where the flow ends, on whichever lane, or beyond it."""
        sinks = self._row(self._given("end_actor_flow"))
        end_s_m = self.world.route_line.project(sinks[0])[0]
        yield from self.until(lambda: self.near_any(sinks, SINK_M) or self.world.route_s_m >= end_s_m)

    def _row(self, xy: Floats) -> list[Floats]:
        """A place, and those beside it on the lanes that run the same way: to the left first, then to the right."""
        road_map = self.world.map
        found = road_map.lane_at(xy)
        if found is None:
            raise MapError("no lane there", where=f"scenario {self.spec.name}", got=xy.tolist())
        places = [xy]
        for left in (True, False):
            lane = road_map.lanes[found[0]]
            while (index := lane.left if left else lane.right) is not None:
                lane = road_map.lanes[index]
                places.append(lane.center.at(lane.center.project(xy)[0]))
        return places

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A right turn without lights into a road that goes straight on from the left."""
        for way in _junctions(view, "right", _OPEN):
            exit_lane = _behind(view, way)
            flows = [w for w in view.around.ways(way) if w.side == "left" and abs(w.turn_rad) < _STRAIGHT_RAD
                     and w.exit == exit_lane]
            if flows:
                parameters = _flow(view, rng, flows[0], (8.0, 10.4), (45.0, 56.0), (70.0, 90.0))
                return Wish(way.begin_m - float(rng.uniform(28.0, 38.0)), parameters, end_m=way.end_m + 75.0)
        return None


class InterurbanActorFlow(_JunctionFlow):
    """The ego leaves a road to the left; towards it, straight on, cars come all the time.

    Runs from the trigger until the ego is behind the junction; 240 s. The flow starts at its source at the trigger.
    Parameters: flow_speed (m/s, 10), source_dist_interval (from, to: m, 20 to 50), start_actor_flow and end_actor_flow
    (places). Source: scenario_runner, actor_flow.py (MIT).
    """

    map_kinds = ("rural", "arterial")
    filled = False

    def over(self) -> Script:
        """The ego has turned."""
        yield from self.passed(self.around.junction_after(self.trigger_s_m).end_m + SINK_M)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A left turn without lights across oncoming traffic."""
        for way in _junctions(view, "left", _OPEN):
            flows = [w for w in view.around.ways(way) if w.side == "opposite" and abs(w.turn_rad) < _STRAIGHT_RAD
                     and view.around.conflicting(w, way)]
            if flows:
                parameters = _flow(view, rng, flows[0], (8.0, 11.0), (48.0, 60.0), (84.0, 98.0))
                return Wish(way.begin_m - float(rng.uniform(28.0, 38.0)), parameters, end_m=way.end_m + 60.0)
        return None


class InterurbanAdvancedActorFlow(_JunctionFlow):
    """The ego joins a road to the left: it crosses a flow from the left and merges into another from the right.

    The second flow runs against the first on the lanes beside its end and start. Runs from the trigger until the ego is
    beyond the second flow's end; 240 s. Both start at their sources at the trigger. Parameters: as InterurbanActorFlow,
    for the first flow. Source: scenario_runner, actor_flow.py (MIT).
    """

    map_kinds = ("rural", "arterial")
    filled = False

    def paths(self) -> list[Polyline]:
        """There and back."""
        start, end = self._given("start_actor_flow"), self._given("end_actor_flow")
        return [self.way_of(start, end), self.way_of(self._beside(end), self._beside(start))]

    def over(self) -> Script:
        """The ego is beyond the end of the flow that it merged into."""
        yield from self.passed(self.world.route_line.project(self._beside(self._given("start_actor_flow")))[0])

    def _beside(self, xy: Floats) -> Floats:
        """The place on the next lane that runs the other way."""
        found = self.world.map.lane_at(xy)
        if found is None:
            raise MapError("no lane there", where=f"scenario {self.spec.name}", got=xy.tolist())
        line = self.world.map.lanes[found[0]].center
        other = self.around.beside(Pose2(float(xy[0]), float(xy[1]), line.yaw_at(found[1])), left=True, same_way=False)
        if other is None:
            raise MapError("no oncoming lane beside a flow", where=f"scenario {self.spec.name}", got=xy.tolist())
        lane = self.world.map.lanes[other[0]].center
        return lane.at(lane.project(xy)[0])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A left turn without lights into a road that goes straight on both ways, with one lane each way."""
        for way in _junctions(view, "left", _OPEN):
            exit_lane = _behind(view, way)
            ways = [w for w in view.around.ways(way) if abs(w.turn_rad) < _STRAIGHT_RAD]
            first = [w for w in ways if w.side == "left" and view.around.conflicting(w, way)]
            second = [w for w in ways if w.side == "right" and w.exit == exit_lane]
            lanes = view.map.lanes
            if first and second and lanes[exit_lane].left is None and lanes[exit_lane].right is None:
                parameters = _flow(view, rng, first[0], (8.0, 10.4), (50.0, 60.0), (85.0, 98.0))
                return Wish(way.begin_m - float(rng.uniform(28.0, 38.0)),
                            {**parameters, "direction": {"value": "right"}}, end_m=way.end_m + 80.0)
        return None


def _junctions(view: RouteView, turn: str, control: tuple[str, ...]) -> list[Passage]:
    """Ways of the route through junctions with room before and behind them."""
    return [way for way in view.passages if view.turn(way) == turn and view.control(way) in control
            and way.begin_m > _ROUTE_BEFORE_M - 20.0 and way.end_m + _CLEAR_BEHIND_M < view.line.length_m
            and not any(p is not way and p.end_m > way.begin_m - _CLEAR_BEFORE_M
                        and p.begin_m < way.end_m + _CLEAR_BEHIND_M for p in view.passages)]


def _bend(lane: Lane) -> float:
    return lane.center.yaw_at(lane.center.length_m) - lane.center.yaw_at(0.0)


def _behind(view: RouteView, way: Passage) -> int:
    return view.around.lane(way.end_m + 3.0).index


def _flow(view: RouteView, rng: np.random.Generator, way: Way, speed_mps: tuple[float, float],
          least_m: tuple[float, float], most_m: tuple[float, float]) -> dict[str, dict[str, str]]:
    """Parameters of a flow on a way through a junction."""
    path, inside_m = view.around.way_path(way, _BEFORE_M, _BEHIND_M)
    end_m = inside_m + sum(view.map.lanes[i].center.length_m for i in way.lanes) + _BEHIND_M
    return flow_parameters(rng, path.at(max(1.0, inside_m - _BEFORE_M)), path.at(min(end_m, path.length_m - 1.0)),
                           speed_mps, least_m, most_m)


