"""YieldToEmergencyVehicle: an ambulance comes up from behind on the ego's lane and wants to pass."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_paths import pose_on
from automot_ros.simulation.scenarios.scenario import Scenario, Script

DISTANCE_M = 140.0
FASTER_MPS = 25.0
NEAR_M, PATIENCE_S, BEYOND_M = 50.0, 10.0, 50.0
RUSH_MPS2 = 6.0
_AHEAD_M, _CLEAR_M = 400.0, 118.0


class YieldToEmergencyVehicle(Scenario):
    """An ambulance appears on the ego's lane `distance` m behind the trigger; it wants 25 m/s more than the ego drives.

    It keeps its lane and brakes for what is before it: it pushes the ego, and passes once a neighbour lane has taken
    that in. Ends 10 s after it has come within 50 m, or when it has driven 50 m before the ego; if it is behind the ego
    then, the ego did not yield. Parameter: distance (m, 140).
    Source: scenario_runner, yield_to_emergency_vehicle.py (MIT); there it speeds up at once, here at 6 m/s2.
    """

    map_kinds = ("arterial", "highway")
    before_m = (14.0, 30.0)

    def prepare(self) -> None:
        """The lane of the ambulance."""
        behind_m = self.number("distance", DISTANCE_M)
        lane = self.around.lane(self.trigger_s_m)
        here_m = lane.center.project(self.on_route(self.trigger_s_m).position_m)[0]
        self._path = self.around.through(lane.index, here_m, behind_m, _AHEAD_M)
        trigger_m = self._path.project(self.on_route(self.trigger_s_m).position_m)[0]
        self._start_m = max(0.0, trigger_m - behind_m)

    def closed_lanes(self) -> set[int]:
        """The lane that the ambulance comes along, before and behind the trigger."""
        end_m = self.world.route_line.length_m
        lane = self.around.lane(self.trigger_s_m)
        return self.around.lanes_between(0.0, end_m) | {lane.index, *lane.previous}

    def script(self) -> Script:
        """Come, push, pass or give up."""
        world, path = self.world, self._path
        car = world.cast.add(BodyKind.EMERGENCY, pose_on(path, self._start_m))
        car.acceleration_mps2 = RUSH_MPS2
        car.go(path, 0.0, start_s_m=self._start_m, now_mps=world.ego.speed_mps, heeds=True)
        near_ticks, ahead_since_m = -1, math.inf
        goal_m = world.route_line.length_m - 3.0
        while car.left_m > 1.0 and world.route_s_m < goal_m:
            car.wanted_mps = world.ego.speed_mps + FASTER_MPS
            to_ego = world.ego.pose_map_to_ego.position_m - car.pose.position_m
            if near_ticks < 0 and float(np.hypot(*to_ego)) < NEAR_M:
                near_ticks = world.tick
            if near_ticks >= 0 and world.tick - near_ticks >= PATIENCE_S / world.TICK_S:
                break
            if ahead_since_m == math.inf and float(to_ego @ car.pose.forward) < 0.0:
                ahead_since_m = car.moved_m
            if car.moved_m - ahead_since_m >= BEYOND_M:
                break
            yield
        to_ego = world.ego.pose_map_to_ego.position_m - car.pose.position_m
        if float(to_ego @ car.pose.forward) > 0.0:
            world.note_no_yield(car.id)
        self.cleared([car])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A stretch of 150 m without a junction, with a neighbour lane all the way."""
        distance = float(rng.integers(26, 31))
        for a, b in view.blocks(distance + _CLEAR_M + 8.0):
            trigger = float(rng.uniform(a + distance + 2.0, min(b - _CLEAR_M, a + 160.0)))
            for left in (True, False):
                beside = partial(view.around.same_way, left=left)
                if trigger >= 8.0 and view.everywhere(trigger, trigger + _CLEAR_M - 8.0, beside):
                    return Wish(trigger, {"distance": {"value": f"{distance:.0f}"}}, end_m=trigger + _CLEAR_M - 3.0)
        return None
