"""OppositeVehicleTakingPriority and OppositeVehicleRunningRedLight: an emergency vehicle crosses without asking."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.arms import hold_arms, road_before_m, way_between
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import KMH, Floats, Scenario, Script
from automot_ros.simulation.scenarios.surroundings import Way

SPEED_MPS = 60.0 * KMH
ARRIVAL_S, ARRIVAL_M = 2.2, 12.0
SOURCE_M, SINK_M = 30.0, 10.0
_PARALLEL, _AFTER_M = 0.3, 45.0


class OppositeVehicleTakingPriority(Scenario):
    """An ambulance with its beacons on stands up to 30 m before the junction, on the arm at `direction`.

    It appears at the trigger. When the ego is 2.2 s or 12 m from where their lanes would meet straight on, it drives
    straight over at a constant 60 km/h, heeds nobody, and vanishes 10 m behind the junction. Ends when the ego has left
    the junction, which background traffic keeps off. Parameters: direction (left | right | opposite, right).
    Trigger: 35-50 m before the junction. Source: scenario_runner, opposite_vehicle_taking_priority.py (MIT).
    """

    control: tuple[str, ...] = ("none", "stop", "yield")

    def prepare(self) -> None:
        """The ways of ego and adversary."""
        self._passage = self.around.junction_after(self.trigger_s_m)
        side = self.word("direction", "right")
        ways = [w for w in self.around.ways(self._passage) if w.side == side]
        if not ways:
            ways = [w for w in self.around.ways(self._passage) if w.side != "own"]
        self._way: Way | None = min(ways, key=lambda w: abs(w.turn_rad)) if ways else None

    def closed_lanes(self) -> set[int]:
        """Nobody else at the junction."""
        return self.around.around_junction(self.around.junction_after(self.trigger_s_m))

    def script(self) -> Script:
        """Wait for the ego, cross, vanish."""
        if self._way is not None:
            path, _ = way_between(self.around, self._way, SOURCE_M, SINK_M)
            x, y = path.at(0.0)
            actor = self.world.cast.add(BodyKind.EMERGENCY, Pose2(float(x), float(y), path.yaw_at(0.0)))
            yield from self.arriving(self._meet(self._way), ARRIVAL_S, ARRIVAL_M)
            actor.acceleration_mps2 = 100.0
            actor.go(path, SPEED_MPS, start_s_m=0.0, now_mps=SPEED_MPS)
            yield from self.until(lambda: actor.left_m < 0.5, at_most_s=2.0 * path.length_m / SPEED_MPS + 4.0)
            self.cleared([actor])
        yield from self.passed(self._passage.end_m)

    def _meet(self, way: Way) -> Floats:
        """Where the straight lines on from the two approaches meet; of opposite arms: where the ways are nearest."""
        own = self.on_route(self._passage.begin_m)
        lane = self.world.map.lanes[way.entry].center
        yaw = lane.yaw_at(lane.length_m)
        other = np.array([math.cos(yaw), math.sin(yaw)])
        across = float(own.forward[0] * other[1] - own.forward[1] * other[0])
        if abs(across) < _PARALLEL:
            return self.around.crossing(way, self._passage)
        to = lane.at(lane.length_m) - own.position_m
        point: Floats = own.position_m + float(to[0] * other[1] - to[1] * other[0]) / across * own.forward
        return point

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A junction of the right control that the route crosses straight on or turning, with an arm to one side."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(35.0, 50.0))
            if trigger < 12.0 or way.end_m + _AFTER_M > view.line.length_m or view.control(way) not in cls.control:
                continue
            if any(p is not way and p.begin_m < way.end_m + _AFTER_M + 14.0 and p.end_m > trigger - 5.0
                   for p in view.passages):
                continue
            ways = [w for w in view.around.ways(way) if w.side in ("left", "right") and abs(w.turn_rad) < 0.6
                    and view.around.conflicting(w, way) and road_before_m(view.around, w, SOURCE_M) >= SOURCE_M]
            if ways:
                side = ways[int(rng.integers(len(ways)))].side
                return Wish(trigger, {"direction": {"value": side}}, end_m=way.end_m + _AFTER_M)
        return None


class OppositeVehicleRunningRedLight(OppositeVehicleTakingPriority):
    """An ambulance runs a red light: green for the ego, red for all others, till the ego has left the junction."""

    control = ("light",)

    def script(self) -> Script:
        """Hold the lights for as long as it takes."""
        hold_arms(self, self._passage, LightState.GREEN)
        yield from super().script()
        self.world.hold_lights({})
