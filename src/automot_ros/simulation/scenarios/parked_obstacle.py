"""ParkedObstacle and its TwoWays variant: a car is parked where none may, on the ego's lane."""

from __future__ import annotations

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.lane_obstacle import LaneObstacle, TwoWays

OFFSET = 0.7


class ParkedObstacle(LaneObstacle):
    """A car stands on the ego's lane, `distance` m behind the trigger, 0.7 of half the lane's width to its right.

    A warning sign stands beside the road at the trigger. Ego within 50 m and 5 s later: traffic beside slows to `speed`
    km/h. Ends 50 m behind the car; 240 s. Parameters: distance (m, 120), speed (km/h, 60), direction (left | right,
    right: the side it stands at). Source: scenario_runner, route_obstacles.py (MIT).
    """

    def prepare(self) -> None:
        """Sign and car."""
        self.warn()
        self.put(BodyKind.CAR, self.leaning(self.at_s_m, OFFSET))


class ParkedObstacleTwoWays(TwoWays, ParkedObstacle):
    """A broken-down car that can only be passed on the oncoming lane, on which cars come with gaps of `frequency` m.

    Parameters: as ParkedObstacle, and frequency (from, to: m, 20, 100).
    """
