"""Accident and its TwoWays variant: two crashed cars on the ego's lane, and the police before them."""

from __future__ import annotations

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.lane_obstacle import LaneObstacle, TwoWays

FIRST_M, SECOND_M, OFFSET = 10.0, 6.0, 0.6
POLICE_SIZE_M = (5.2, 2.0, 1.6)


class Accident(LaneObstacle):
    """A police car with its beacons on, `distance` m behind the trigger; 10 m on a crashed car, 6 m on the second.

    All stand on the ego's lane, 0.6 of half its width to the right; a warning sign stands beside the road at the
    trigger. Ego within 50 m of the first crashed car and 5 s later: traffic beside slows to `speed` km/h. Ends 50 m
    behind the last; 240 s. Parameters: distance (m, 120), speed (km/h, 60), direction (left | right, right: the side
    they stand at). Source: scenario_runner, route_obstacles.py (MIT).
    """

    near_m = 50.0 - FIRST_M
    long_m = FIRST_M + SECOND_M

    def prepare(self) -> None:
        """Sign, police and the two cars."""
        self.warn()
        self.put(BodyKind.EMERGENCY, self.leaning(self.at_s_m, OFFSET), POLICE_SIZE_M)
        self.put(BodyKind.CAR, self.leaning(self.at_s_m + FIRST_M, OFFSET))
        self.put(BodyKind.CAR, self.leaning(self.at_s_m + self.long_m, OFFSET))


class AccidentTwoWays(TwoWays, Accident):
    """An accident that can only be passed on the oncoming lane, on which cars come with gaps of `frequency` m.

    Parameters: as Accident, and frequency (from, to: m, 20, 100).
    """
