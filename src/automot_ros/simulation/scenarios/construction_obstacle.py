"""ConstructionObstacle and its TwoWays variant: a building site on the ego's lane, with a warning sign before it."""

from __future__ import annotations

import math

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.lane_obstacle import LaneObstacle, TwoWays

BOARD_BEFORE_M, DEBRIS_M = 5.0, 2.0
LATERAL = 0.85
ALONG, ALONG_STEP_M, ACROSS, ACROSS_STEP_M = 4, 2.0, 3, 1.0


class ConstructionObstacle(LaneObstacle):
    """A site of warning board, rubbish and seven cones closes the ego's lane `distance` m behind the trigger.

    The board stands 5 m before the site, the rubbish 2 m behind its begin. Cones: four, 2 m apart, along 0.85 of half
    the lane's width to its open side, then three, 1 m apart, across the lane at the far end. A warning sign stands
    beside the road at the trigger. Ego within 30 m and 5 s later: traffic beside slows to `speed` km/h. Ends 50 m
    behind the site's begin; 240 s. Parameters: distance (m, 100), speed (km/h, 60), direction (left | right, right: the
    closed side). Source: scenario_runner, construction_crash_vehicle.py (MIT).
    """

    distance_m = 100.0
    near_m = 30.0
    long_m = ALONG * ALONG_STEP_M
    beyond_m = 50.0 - long_m

    def prepare(self) -> None:
        """Sign at the trigger, site further on."""
        self.warn()
        site = self.at_s_m
        side = self.right * LATERAL * 0.5 * self.around.lane(site).width_m
        self.put(BodyKind.SIGN, self.on_route(site - BOARD_BEFORE_M, 0.0, math.pi))
        self.put(BodyKind.DEBRIS, self.on_route(site + DEBRIS_M))
        for k in range(ALONG):
            self.put(BodyKind.CONE, self.on_route(site + ALONG_STEP_M * (k + 1), side))
        for k in range(ACROSS):
            self.put(BodyKind.CONE, self.on_route(site + self.long_m, side - self.right * ACROSS_STEP_M * (k + 1)))


class ConstructionObstacleTwoWays(TwoWays, ConstructionObstacle):
    """A site that can only be passed on the oncoming lane, on which cars come with gaps of `frequency` m.

    Parameters: as ConstructionObstacle, and frequency (from, to: m, 20, 100).
    """
