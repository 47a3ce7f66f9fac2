"""InvadingTurn: in a bend, oncoming cars come over the centre line, for cones stand at their edge of the road."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.flow import Flow
from automot_ros.simulation.scenarios.scenario import Scenario, Script

DISTANCE_M, OFFSET_M = 100.0, 0.25
SOURCE_M, SPACING_M = 30.0, 40.0
CONES_FROM_M, CONES_EVERY_M, CONES_SHARE, CONES_LATERAL = 10.0, 5.0, 0.5, 0.8
HALF_CAR_M = 0.7
_BEND_RAD = 0.45


class InvadingTurn(Scenario):
    """A flow of cars, 40 m apart, comes the other way over `offset` m of the ego's lane, as CARLA reckons it.

    They start 30 m behind `distance` m from the trigger, drive at the speed limit (slower in bends), offset + half a
    lane's width - 0.7 m to the left of their lane's centre, and vanish at the trigger. Cones stand every 5 m at 0.8 of
    half a lane's width at the right of their lane, from 10 m behind the source, for half of `distance`. Ends when the
    ego is at the source; 240 s. Parameters: distance (m, 100), offset (m, 0.25).
    Source: scenario_runner, invading_turn.py (MIT).
    """

    map_kinds = ("rural",)
    timeout_s = 240.0
    after_m = 140.0

    def prepare(self) -> None:
        """Cones at their edge."""
        distance = self.number("distance", DISTANCE_M)
        self._far_m = min(self.trigger_s_m + distance + SOURCE_M, self.world.route_line.length_m)
        self._cones = []
        for k in range(math.ceil(CONES_SHARE * distance / CONES_EVERY_M)):
            s_m = self._far_m - CONES_FROM_M - CONES_EVERY_M * (k + 1)
            apart, width = self._opposite(s_m)
            self._cones.append(self.world.cast.add(
                BodyKind.CONE, self.on_route(s_m, apart + CONES_LATERAL * 0.5 * width)))

    def closed_lanes(self) -> set[int]:
        """The ego's lane and the oncoming one."""
        end = min(self.trigger_s_m + self.number("distance", DISTANCE_M) + SOURCE_M, self.world.route_line.length_m)
        found = (self.around.opposite(float(s)) for s in np.arange(self.trigger_s_m, end, 4.0))
        return self.around.lanes_between(self.trigger_s_m - 20.0, end) | {f[0] for f in found if f is not None}

    def script(self) -> Script:
        """Cars come until the ego is past."""
        limit = self.around.lane(self.trigger_s_m).speed_limit_mps
        gap = SPACING_M - SIZES[BodyKind.CAR][0]
        flow = Flow(self, self._path(), limit, (gap, gap), filled=False)
        yield from flow.during(self.passed(self._far_m))
        self.cleared(self._cones)

    def _opposite(self, s_m: float) -> tuple[float, float]:
        """How far left of the route the oncoming lane's centre is, and its width."""
        own = self.around.lane(s_m).width_m
        found = self.around.opposite(s_m)
        return (own, own) if found is None else (found[1], self.world.map.lanes[found[0]].width_m)

    def _path(self) -> Polyline:
        """Their way: along the oncoming lane, moved to the left of it, which is towards the ego."""
        apart, width = self._opposite(0.5 * (self.trigger_s_m + self._far_m))
        off = self.number("offset", OFFSET_M) + 0.5 * width - HALF_CAR_M
        return self.along_route(self._far_m, self.trigger_s_m, lambda _: apart - off)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A bend of a road with one lane each way."""
        distance = round(float(rng.uniform(50.0, 60.0)))
        need = distance + SOURCE_M + 6.0
        for a, b in view.blocks(need + 6.0):
            low, high = max(a + 2.0, 12.0), b - need
            if high <= low:
                continue
            for _ in range(4):
                trigger = float(rng.uniform(low, high))
                far = trigger + distance + SOURCE_M
                if not view.is_straight(trigger, far, _BEND_RAD) and view.everywhere(
                        trigger, far, view.around.opposite) and view.around.same_way(trigger, True) is None:
                    return Wish(trigger, {"distance": {"value": str(distance)},
                                          "offset": {"value": f"{rng.uniform(0.18, 0.34):.2f}"}})
        return None
