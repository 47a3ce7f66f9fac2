"""ConstructionObstacle and its TwoWays variant: a building site on the ego's lane, with a warning sign before it."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.oncoming import OncomingFlow
from automot_ros.simulation.scenarios.scenario import KMH, Scenario, Script

DISTANCE_M, SPEED_KMH = 100.0, 60.0
BEFORE_SITE_M = 5.0
LATERAL = 0.85
NEAR_M, SLOW_AFTER_S, BEYOND_M = 30.0, 5.0, 50.0


class ConstructionObstacle(Scenario):
    """A site of warning board, rubbish and seven cones closes the ego's lane `distance` m behind the trigger.

    Cones stand at 0.85 of half the lane's width to its left: four 2 m apart, then three 1 m apart along the closing
    edge. Ego within 30 m and 5 s later: traffic beside slows to `speed` km/h. Ends 50 m behind the site; 240 s.
    Parameters: distance (m, 100), speed (km/h, 60). Source: scenario_runner, construction_crash_vehicle.py (MIT).
    """

    map_kinds = ("arterial", "town")
    timeout_s = 240.0
    after_m = 130.0

    def prepare(self) -> None:
        """Sign at the trigger, site further on."""
        self._site_s_m = self.trigger_s_m + self.number("distance", DISTANCE_M)
        lane = self.around.lane(self._site_s_m)
        kerb = -(0.5 * lane.width_m + 0.6)
        side = LATERAL * 0.5 * lane.width_m
        cast = self.world.cast
        cast.add(BodyKind.SIGN, self.on_route(self.trigger_s_m + 2.0, kerb - 0.6, math.pi))
        cast.add(BodyKind.SIGN, self.on_route(self._site_s_m - BEFORE_SITE_M, 0.0, math.pi))
        cast.add(BodyKind.DEBRIS, self.on_route(self._site_s_m + 2.0, 0.0))
        # Along the open side four cones, and three that close the lane before the rubbish.
        for k in range(4):
            cast.add(BodyKind.CONE, self.on_route(self._site_s_m - 3.0 + 2.0 * k, side))
        for k in range(3):
            cast.add(BodyKind.CONE, self.on_route(self._site_s_m + 5.0, side - 1.0 * (k + 1)))

    def closed_lanes(self) -> set[int]:
        """The lane that is blocked, from the trigger on."""
        site_s_m = self.trigger_s_m + self.number("distance", DISTANCE_M)
        return self.around.lanes_between(self.trigger_s_m - 30.0, site_s_m)

    def script(self) -> Script:
        """Slow traffic when the ego has come near, end behind the site."""
        yield from self.passed(self._site_s_m - NEAR_M)
        yield from self.wait(SLOW_AFTER_S)
        self.world.limit_traffic(self.number("speed", SPEED_KMH) * KMH)
        yield from self.passed(self._site_s_m + BEYOND_M)
        self.world.limit_traffic(math.inf)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with a second lane to the left."""
        return obstacle_place(view, rng, two_ways=False)


class ConstructionObstacleTwoWays(ConstructionObstacle):
    """The same where the only way past is the oncoming lane, on which cars come with gaps of `frequency` m."""

    map_kinds = ("rural", "town")
    opens_opposite_lane = True

    def prepare(self) -> None:
        """The site, and oncoming traffic with gaps."""
        super().prepare()
        self._flow = OncomingFlow(self, self._site_s_m, self.interval("frequency", (20.0, 100.0)))

    def closed_lanes(self) -> set[int]:
        """Also the oncoming lane, which has a flow of its own."""
        return super().closed_lanes() | OncomingFlow.lanes(self, self.trigger_s_m + self.number("distance", DISTANCE_M))

    def script(self) -> Script:
        """The flow runs as long as the incident."""
        yield from self._flow.during(super().script())

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block of a street with one lane each way."""
        wish = obstacle_place(view, rng, two_ways=True)
        if wish is None:
            return None
        gap = {"from": f"{rng.uniform(50.0, 70.0):.0f}", "to": f"{rng.uniform(100.0, 160.0):.0f}"}
        return Wish(wish.trigger_s_m, {**wish.parameters, "frequency": gap}, wish.begin_m, wish.end_m)


def obstacle_place(view: RouteView, rng: np.random.Generator, two_ways: bool, beyond_m: float = 35.0) -> Wish | None:
    """A stretch with 40-45 m before an obstacle and `beyond_m` behind it, and a lane to pass it on.

    two_ways: that lane is the oncoming one, and there is none beside it that runs the same way.
    """
    distance = float(rng.uniform(40.0, 45.0))
    for a, b in view.blocks(distance + beyond_m + 22.0):
        trigger = float(rng.uniform(a + 12.0, b - distance - beyond_m - 8.0))
        site = trigger + distance
        if trigger < 14.0 or not view.is_straight(site - 35.0, site + 20.0, 0.25):
            continue
        left = view.everywhere(site - 30.0, site + 25.0, lambda s: view.around.same_way(s, True))
        oncoming = view.everywhere(site - 30.0, site + 25.0, view.around.opposite)
        if (left and not two_ways) or (two_ways and oncoming and view.around.same_way(site, True) is None):
            parameters = {"distance": {"value": f"{distance:.0f}"},
                          "speed": {"value": f"{rng.uniform(40.0, 59.0):.0f}"}}
            return Wish(trigger, parameters, end_m=min(site + beyond_m + 35.0, view.line.length_m))
    return None
