"""HighwayCutIn: a car comes up the on-ramp beside the ego and changes onto the ego's lane right before it."""

from __future__ import annotations

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.actor_flow import place_of
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_paths import beside, lanes_on, pose_on, view_over
from automot_ros.simulation.scenarios.ramps import joins
from automot_ros.simulation.scenarios.scenario import Scenario, Script

SAME_LANE_S, CHANGE_S, OTHER_LANE_S = 0.3, 2.0, 3.0
SPEED_SHARE, BEYOND_M, ARRIVED_M = 0.8, 10.0, 5.0
_LEAST_MPS = 2.0
_PATH_M, _BESIDE_M = 400.0, 12.0


class HighwayCutIn(Scenario):
    """A car on the ramp at `other_actor_location` comes to be 10 m ahead of the ego where the ramp has joined the road.

    From the trigger its speed is such that it is 10 m behind the end of the junction when the ego is at that end. There
    it goes on for 0.3 s, changes to the lane on its left in 2 s, at 0.8 of the ego's speed of that moment (at least
    2 m/s), follows it for 3 s, and is gone. Parameter: other_actor_location (a place on the ramp).
    Source: scenario_runner, highway_cut_in.py (MIT).
    """

    map_kinds = ("highway",)

    def prepare(self) -> None:
        """Where the ramp leads."""
        self._path, self._meet_m, self._ego_meet_m = self._way()

    def closed_lanes(self) -> set[int]:
        """The ramp, and its lane behind the junction."""
        path, meet_m, _ = self._way()
        here = Polyline(path.at(np.arange(0.0, meet_m + 60.0, 1.0)))
        return lanes_on(self.world.map, here)

    def script(self) -> Script:
        """Keep in step with the ego, cut in, be gone."""
        world, path = self.world, self._path
        car = world.cast.add(BodyKind.CAR, pose_on(path, 0.0))
        car.go(path, 0.0, start_s_m=0.0, now_mps=0.0, heeds=True)
        car.acceleration_mps2 = 5.0
        goal_m = self._meet_m + BEYOND_M
        while goal_m - car.s_m > ARRIVED_M and world.route_s_m < self._ego_meet_m + BEYOND_M:
            own_m = max(self._ego_meet_m - world.route_s_m, 1.0)
            car.wanted_mps = (goal_m - car.s_m) * world.ego.speed_mps / own_m
            yield
        yield from self._cut_in(car)
        self.cleared([car])

    def _cut_in(self, car: Actor) -> Script:
        """Onto the lane to the left, for as long as CARLA's agent would take."""
        speed = max(_LEAST_MPS, SPEED_SHARE * self.world.ego.speed_mps)
        ahead = Polyline(self._path.at(np.arange(car.s_m, self._path.length_m, 1.0)))
        pose = pose_on(ahead, 20.0)
        found = self.around.beside(pose, left=True, same_way=True)
        if found is None:
            raise MapError("no lane to cut into", where=f"scenario {self.spec.name}", got=pose)
        lane = self.world.map.lanes[found[0]].center
        here_m = lane.project(ahead.at(0.0))[0]
        other = self.around.downstream(found[0], _PATH_M, here_m)
        car.go(beside(ahead, other, SAME_LANE_S * speed, CHANGE_S * speed), speed, start_s_m=0.0, heeds=True)
        gone_m = car.moved_m + (SAME_LANE_S + CHANGE_S + OTHER_LANE_S) * speed
        yield from self.until(lambda: car.moved_m >= gone_m or car.left_m < 1.0)

    def _way(self) -> tuple[Polyline, float, float]:
        """The way from the car's place on, the arc length on it where the junction ends, and the route's arc length."""
        start = self.location("other_actor_location")
        if start is None:
            raise MapError("no place for the car", where=f"scenario {self.spec.name}",
                           wanted="<other_actor_location x= y= z=/>")
        found = self.world.map.lane_at(start)
        if found is None:
            raise MapError("no lane there", where=f"scenario {self.spec.name}", got=start.tolist())
        path = self.around.downstream(found[0], _PATH_M, found[1])
        inside = False
        for s in np.arange(0.0, path.length_m, 1.0):
            here = self.world.map.lane_along(path.at(float(s)), path.yaw_at(float(s)))
            in_junction = here is not None and self.world.map.lanes[here[0]].junction_id >= 0
            if inside and not in_junction:
                route_s, off = self.world.route_line.project(path.at(float(s)))
                if abs(off) < _BESIDE_M:
                    return path, float(s), route_s
            inside = in_junction
        raise MapError("the ramp does not lead to the route", where=f"scenario {self.spec.name}", got=start.tolist())

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """Along the lane that a ramp joins."""
        lanes = road_map.lanes
        ways = joins(road_map)
        if not ways:
            return None
        way = ways[int(rng.integers(len(ways)))]
        begin = max(2.0, lanes[way.through_before].center.length_m - float(rng.uniform(60.0, 75.0)))
        end = min(130.0, lanes[way.through].center.length_m - 14.0)
        try:
            return view_over(road_map, junctions, [way.through_before, way.through_inner, way.through], begin, end)
        except MapError:
            return None

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """The ego has as far to go as the car, which needs to be that far up the ramp."""
        way = next(j for j in joins(view.map) if j.through == view.lanes[-1])
        lanes = view.map.lanes
        ramp, inner = lanes[way.ramp].center, lanes[way.inner].center
        trigger = float(rng.uniform(20.0, 28.0))
        ahead = lanes[way.through_before].center.length_m - lanes[way.through_before].center.project(
            view.line.at(trigger))[0] + lanes[way.through_inner].center.length_m
        back = ahead * float(rng.uniform(0.85, 0.95)) - BEYOND_M - inner.length_m
        if not 5.0 < back < ramp.length_m - 10.0:
            return None
        at = ramp.at(ramp.length_m - back)
        return Wish(trigger, {"other_actor_location": place_of(at)}, begin_m=0.0, end_m=view.line.length_m)
