"""DynamicObjectCrossing and ParkingCrossingPedestrian: somebody steps out from behind what hides them."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.parking_cut_in import parked_off_m
from automot_ros.simulation.scenarios.scenario import Floats, Scenario, Script, straight

DISTANCE_M, SPEED_MPS, ARRIVAL_M, GAP_M, END_M = 12.0, 2.0, 6.0, 0.5, 40.0
PER_ANGLE_S, ANGLE_STEP_DEG = 0.1, 5.0
_NO_SIDEWALK_M = 1.9
_STUCK_S = 30.0
_BLOCKERS = {"vendingmachine": (0.9, 0.95, 1.9), "advertisement": (0.5, 1.7, 2.4), "container": (1.2, 2.2, 2.1)}


class DynamicObjectCrossing(Scenario):
    """A walker stands on the sidewalk right behind a big object (0.5 m clear), `distance` m behind the trigger.

    When the ego is 2.1 s (0.1 s more for each 5 degrees of `crossing_angle`) or 6 m from the place, the walker goes
    over the road at 2 m/s, turned towards the ego by the angle, for twice the way to the ego's lane. Then walker and
    object are gone; ends when the ego has driven 40 m more. Parameters: distance (m, 12), crossing_angle (degrees, 0),
    direction (left | right, right), blocker_model (CARLA's name of the object, static.prop.vendingmachine; a vehicle
    stands along the road). Source: scenario_runner, object_crash_vehicle.py (MIT).
    """

    map_kinds: ClassVar[tuple[str, ...]] = ("town", "arterial")
    arrival_s: ClassVar[float] = 2.1

    def prepare(self) -> None:
        """Object and walker."""
        kind, pose, size = self._hiding()
        self._blocker = self.world.cast.add(kind, pose, size=size)
        reach = 0.5 * self._blocker.size[0] + GAP_M
        self._walker = self.world.cast.add(BodyKind.WALKER, self._start(reach), base_z_m=0.1)
        self._meet_s_m = self._meeting(reach)

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """Nobody parked where they come out, nothing in their way."""
        s_m = self.trigger_s_m + self.number("distance", DISTANCE_M)
        left = self._side > 0.0
        aside = self._side * (self.around.sidewalk(s_m, left) or self._beyond(s_m))
        parked = self._side * parked_off_m(self.around, s_m, left)
        return [(self.on_route(s_m + ahead, off).position_m, radius)
                for ahead, off, radius in ((1.0, aside, 2.5), (0.0, parked, 4.5), (4.0, parked, 4.0))]

    def closed_lanes(self) -> set[int]:
        """The ego's lane: nobody else between the ego and the place."""
        return self.around.lanes_between(self.trigger_s_m - 20.0, self.trigger_s_m + self._distance_m + 15.0)

    def script(self) -> Script:
        """Wait for the ego, cross, be gone."""
        in_time = self.arrival_s + PER_ANGLE_S * math.floor(self._angle_deg / ANGLE_STEP_DEG)
        yield from self.arriving(self.on_route(self._meet_s_m).position_m, in_time, ARRIVAL_M)
        length_m = self._way_m()
        self._walker.acceleration_mps2 = 10.0
        self._walker.go(straight(self._walker.pose, length_m), SPEED_MPS, start_s_m=0.0)
        yield from self.until(lambda: self._walker.left_m < 0.1, at_most_s=_STUCK_S)
        self.cleared([self._walker, self._blocker])
        yield from self.driven(END_M)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with a sidewalk at its right, and no second lane between the ego and it."""
        distance = round(float(rng.uniform(40.0, 50.0)))
        trigger = crossing_place(view, rng, distance, view.around.sidewalk)
        if trigger is None:
            return None
        model = ("static.prop.advertisement", "static.prop.container")[int(rng.integers(2))]
        return Wish(trigger, {"distance": {"value": str(distance)}, "direction": {"value": "right"},
                              "crossing_angle": {"value": f"{rng.uniform(0.0, 11.0):.0f}"},
                              "blocker_model": {"value": model}})

    @property
    def _side(self) -> float:
        return 1.0 if self.word("direction", "right") == "left" else -1.0

    @property
    def _angle_deg(self) -> float:
        return self.number("crossing_angle", 0.0)

    @property
    def _distance_m(self) -> float:
        return self.number("distance", DISTANCE_M)

    def _beyond(self, s_m: float) -> float:
        """Where there is no sidewalk: beside the outermost lane."""
        if self._side < 0.0:
            return self.around.kerb_right_m(s_m) + _NO_SIDEWALK_M
        over = self.around.opposite(s_m)
        return (0.0 if over is None else over[1]) + 0.5 * self.around.lane(s_m).width_m + _NO_SIDEWALK_M

    def _facing(self) -> float:
        """Heading of the walker relative to the route: across it, and towards the ego by the angle."""
        return -self._side * (0.5 * math.pi + math.radians(self._angle_deg))

    def _meeting(self, reach_m: float) -> float:
        """Arc length of the place that the ego's distance is measured to."""
        return self.trigger_s_m + self._distance_m

    def _hiding(self) -> tuple[BodyKind, Pose2, tuple[float, float, float] | None]:
        s_m = self.trigger_s_m + self._distance_m
        pose = self.on_route(s_m, self._side * (self.around.sidewalk(s_m, self._side > 0.0) or self._beyond(s_m)))
        model = self.word("blocker_model", "static.prop.vendingmachine")
        if "vehicle" in model:
            return BodyKind.CAR, pose, None
        return BodyKind.CONTAINER, pose, _BLOCKERS.get(model.rpartition(".")[2], SIZES[BodyKind.CONTAINER])

    def _start(self, reach_m: float) -> Pose2:
        s_m = self.trigger_s_m + self._distance_m + reach_m
        off = self.around.sidewalk(s_m, self._side > 0.0) or self._beyond(s_m)
        return self.on_route(s_m, self._side * off, self._facing())

    def _way_m(self) -> float:
        meet = self.on_route(self._meet_s_m).position_m
        return 2.0 * float(np.hypot(*(self._walker.pose.position_m - meet)))


class ParkingCrossingPedestrian(DynamicObjectCrossing):
    """A walker steps out from behind a parked car, right before it (0.5 m clear), beside the ego's lane.

    When the ego is 2.15 s (0.1 s more for each 5 degrees) or 6 m from the walker, it goes 8 m over the road at 2 m/s.
    Parameters: distance (m, 12: to the car), crossing_angle (degrees, 0), direction (left | right, right).
    Source: scenario_runner, object_crash_vehicle.py (MIT).
    """

    map_kinds = ("town",)
    arrival_s = 2.15

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """The parked car's own place, and the walker's."""
        at = self.trigger_s_m + self._distance_m
        return [(self._parked(at + ahead).position_m, 6.0) for ahead in (0.0, 4.0)]

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with parking at its right."""
        distance = round(float(rng.uniform(36.0, 45.0)))
        trigger = crossing_place(view, rng, distance, view.around.parking)
        if trigger is None:
            return None
        return Wish(trigger, {"distance": {"value": str(distance)}, "direction": {"value": "right"}})

    def _parked(self, s_m: float) -> Pose2:
        """CARLA puts it a lane's width to the side; here on the parking lane, where there is one."""
        left = self._side > 0.0
        found = self.around.parking(s_m, left)
        return self.on_route(s_m, self._side * (self.around.lane(s_m).width_m if found is None else found[0]))

    def _meeting(self, reach_m: float) -> float:
        return self.trigger_s_m + self._distance_m + reach_m

    def _hiding(self) -> tuple[BodyKind, Pose2, tuple[float, float, float] | None]:
        return BodyKind.CAR, self._parked(self.trigger_s_m + self._distance_m), None

    def _start(self, reach_m: float) -> Pose2:
        pose = self._parked(self.trigger_s_m + self._distance_m + reach_m)
        return Pose2(pose.x_m, pose.y_m, pose.yaw_rad + self._facing())

    def _way_m(self) -> float:
        return 8.0


def crossing_place(view: RouteView, rng: np.random.Generator, distance_m: float, beside: object) -> float | None:
    """Arc length of a trigger with a crossing place `distance_m` further that has something beside the outer lane."""
    assert callable(beside)
    for a, b in view.blocks(46.0):
        low, high = max(a + 20.0 - distance_m, 12.0), b - distance_m - 18.0
        if high <= low:
            continue
        trigger = float(rng.uniform(low, high))
        at = trigger + distance_m
        if view.is_straight(at - 25.0, at + 8.0, 0.3) and view.everywhere(at - 6.0, at + 10.0, beside, 4.0) and (
                view.around.same_way(at, False) is None):
            return trigger
    return None
