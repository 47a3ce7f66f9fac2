"""VehicleOpensDoorTwoWays: the door of a parked car opens into the ego's lane."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_obstacle import TwoWays, obstacle_place, with_flow
from automot_ros.simulation.scenarios.scenario import Floats, Script

ARRIVAL_S, ARRIVAL_M = 3.0, 10.0
HINGE_AHEAD_M, OPEN_RAD, OPENING_S = 0.55, math.radians(70.0), 0.6
_BODY_M = 0.05


class VehicleOpensDoorTwoWays(TwoWays):
    """A car is parked beside the ego's lane, `distance` m behind the trigger, at the road side of its own lane.

    When the ego is 3 s or 10 m from it, its front door on the ego's side opens, and stays open. The oncoming lane is
    the way round, on which cars come with gaps of `frequency` m, and using it is no fault. Ends 50 m behind the car;
    240 s. Parameters: distance (m, 50), direction (left | right, right: where it is parked), frequency (from, to: m,
    20, 100). Source: scenario_runner, vehicle_opens_door.py (MIT).
    """

    map_kinds = ("town",)
    distance_m = 50.0

    def prepare(self) -> None:
        """The parked car, its door still shut, and oncoming traffic."""
        super().prepare()
        self._car = self.put(BodyKind.CAR, self.on_route(self.at_s_m, self._off_m()))
        self._door = self.put(BodyKind.DOOR, self._hinged(0.0), color=self._car.color)

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """The car's own place."""
        return [(self.on_route(self.at_s_m, self._off_m()).position_m, 6.5)]

    def over(self) -> Script:
        """Open the door when the ego comes; over behind the car."""
        rest = super().over()
        come = self.arriving(self.on_route(self.at_s_m).position_m, ARRIVAL_S, ARRIVAL_M)
        yield from come
        ticks = round(20.0 * OPENING_S)
        for k in range(ticks):
            self.world.cast.move(self._door, self._hinged(OPEN_RAD * (k + 1) / ticks))
            yield
        yield from rest

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A street with one lane each way and parking at its right."""
        wish = obstacle_place(view, rng, 0.0, two_ways=True, distance_m=(37.0, 59.0), before_m=-20.0)
        if wish is None:
            return None
        at = wish.trigger_s_m + float(wish.parameters["distance"]["value"])
        if not view.everywhere(at - 8.0, at + 8.0, view.around.parking, 4.0):
            return None
        return with_flow(view, rng, 0.0, wish)

    def _off_m(self) -> float:
        """Metres to the left of the route: shifted towards it, or the door would not reach the ego."""
        found = self.around.parking(self.at_s_m, self.right < 0.0)
        half = 0.5 * SIZES[BodyKind.CAR][1]
        if found is None:
            return -self.right * (0.5 * self.around.lane(self.at_s_m).width_m + half)
        return -self.right * (found[0] - 0.25 * max(0.0, found[1] - half))

    def _hinged(self, open_rad: float) -> Pose2:
        """Where the door is: it hangs at its front edge, on the car's side towards the ego."""
        long_m = SIZES[BodyKind.DOOR][1]
        pose = self.on_route(self.at_s_m, self._off_m())
        hinge = pose.apply(np.array([[HINGE_AHEAD_M, self.right * (0.5 * SIZES[BodyKind.CAR][1] + _BODY_M)]]))[0]
        along = pose.yaw_rad + self.right * (math.pi - open_rad)
        middle = hinge + 0.5 * long_m * np.array([math.cos(along), math.sin(along)])
        return Pose2(float(middle[0]), float(middle[1]), along - 0.5 * math.pi)
