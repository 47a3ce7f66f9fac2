"""HazardAtSideLane and its TwoWays variant: two slow bicycles ride at the right edge of the ego's lane."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_obstacle import (
    LaneObstacle,
    TwoWays,
    obstacle_place,
)
from automot_ros.simulation.scenarios.scenario import KMH, Script

APART_M, OFFSET = 9.0, 0.55
BICYCLE_KMH, DRIVE_M = 10.0, 50.0
FREQUENCY_M, WIDEST = 100.0, 2.0
_BRAKING_MPS2 = 3.0


class HazardAtSideLane(LaneObstacle):
    """Two bicycles, `distance` m behind the trigger and 9 m more, at 0.55 of half the lane's width to its right.

    From the trigger on each rides `bicycle_speed` km/h for `bicycle_drive_distance` m, braking for what is before it,
    and then stays. Ego within 50 m and 5 s later: traffic beside slows to `speed` km/h. Ends 50 m after the ego has
    passed both; 240 s. Parameters: distance (m, 100), speed (km/h, 60), bicycle_speed (km/h, 10),
    bicycle_drive_distance (m, 50). Source: scenario_runner, route_obstacles.py (MIT).
    """

    distance_m = 100.0
    long_m = APART_M

    def prepare(self) -> None:
        """The two, standing."""
        self._riders = [self.put(BodyKind.BICYCLE, self.leaning(s, OFFSET)) for s in self._starts]

    @property
    def _starts(self) -> tuple[float, float]:
        return self.at_s_m, self.at_s_m + APART_M

    @property
    def ride_m(self) -> float:
        """How far each of them rides."""
        return self.number("bicycle_drive_distance", DRIVE_M)

    def closed_lanes(self) -> set[int]:
        """The ego's lane as far as they ride."""
        return self.around.lanes_between(self.trigger_s_m - 30.0, self._starts[1] + self.ride_m + 20.0)

    def script(self) -> Script:
        """Ride; slow the traffic; over when the ego is well past."""
        for rider, begin in zip(self._riders, self._starts, strict=True):
            off = -OFFSET * 0.5 * self.around.lane(begin).width_m
            end = min(begin + self.ride_m, self.world.route_line.length_m)
            path = self.along_route(begin, end, lambda _, off=off: off)  # type: ignore[misc]
            rider.go(path, self.number("bicycle_speed", BICYCLE_KMH) * KMH, start_s_m=0.0, heeds=True)
        for _ in super().script():
            for rider in self._riders:
                if rider.left_m <= rider.speed_mps**2 / (2.0 * _BRAKING_MPS2) + 0.1:
                    rider.stop(_BRAKING_MPS2)
            yield

    def _slowing(self) -> Script:
        near: Actor = self._riders[0]
        yield from self.until(
            lambda: math.dist(self.world.ego.pose_map_to_ego.position_m, near.pose.position_m) <= self.near_m)
        yield from self.slowed()

    def over(self) -> Script:
        """Wait until the ego is past the first of them, and 50 m further."""
        yield from self.until(lambda: self.world.route_s_m > self._starts[1] + self._riders[1].moved_m)
        yield from self.driven(self.beyond_m)
        self.world.limit_traffic(math.inf)
        self.cleared(self._stage)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with a second lane to the left, as long as they ride."""
        return _place(view, rng, two_ways=False)


class HazardAtSideLaneTwoWays(TwoWays, HazardAtSideLane):
    """Two slow bicycles on a street with one lane each way: passing takes the oncoming lane, which is no fault then.

    Further parameter: frequency (m, 100), how far apart cars come on it. CARLA lets one in whenever the last is so far
    from the source, and lights and slow cars widen that: here gaps are U(1, 2) times `frequency`.
    """

    @property
    def flow_m(self) -> float:
        """As far as the second one rides."""
        return APART_M + self.ride_m

    @property
    def gap_m(self) -> tuple[float, float]:
        """Once to twice the frequency."""
        least = self.number("frequency", FREQUENCY_M)
        return least, WIDEST * least

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block of a street with one lane each way."""
        wish = _place(view, rng, two_ways=True)
        if wish is None:
            return None
        parameters = {k: v for k, v in wish.parameters.items() if k != "speed"}
        frequency = {"frequency": {"value": f"{rng.uniform(75.0, 100.0):.0f}"}}
        return Wish(wish.trigger_s_m, {**parameters, **frequency}, wish.begin_m, wish.end_m)


def _place(view: RouteView, rng: np.random.Generator, two_ways: bool) -> Wish | None:
    ride = float(rng.uniform(40.0, 101.0))
    wish = obstacle_place(view, rng, APART_M + ride, two_ways, (41.0, 45.0), before_m=-25.0, beyond_m=12.0,
                          pass_m=APART_M)
    if wish is None:
        return None
    more = {"bicycle_drive_distance": {"value": f"{ride:.0f}"},
            "bicycle_speed": {"value": f"{rng.uniform(6.0, 12.0):.0f}"}}
    return Wish(wish.trigger_s_m, {**wish.parameters, **more}, wish.begin_m, wish.end_m)
