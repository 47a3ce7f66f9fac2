"""OppositeVehicleTakingPriority and OppositeVehicleRunningRedLight: an emergency vehicle crosses without asking."""

from __future__ import annotations

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import KMH, Scenario, Script
from automot_ros.simulation.scenarios.surroundings import Way

SPEED_MPS = 60.0 * KMH
ARRIVAL_S, ARRIVAL_M = 2.2, 12.0
SOURCE_M, SINK_M = 30.0, 10.0


class OppositeVehicleTakingPriority(Scenario):
    """An ambulance with its beacons on stands up to 30 m before the junction, on the arm at `direction`.

    When the ego is 2.2 s or 12 m from where their ways cross, it drives straight over at a constant 60 km/h and heeds
    nobody, until 10 m behind the junction. Parameters: direction (left | right, right).
    Source: scenario_runner, opposite_vehicle_taking_priority.py (MIT).
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
        if self._way is None:
            return
        path, _ = self.around.way_path(self._way, SOURCE_M, SINK_M)
        x, y = path.at(0.0)
        actor = self.world.cast.add(BodyKind.EMERGENCY, Pose2(float(x), float(y), path.yaw_at(0.0)))
        yield from self.arriving(self.around.crossing(self._way, self._passage), ARRIVAL_S, ARRIVAL_M)
        actor.acceleration_mps2 = 100.0
        actor.go(path, SPEED_MPS, start_s_m=0.0, now_mps=SPEED_MPS)
        yield from self.until(lambda: actor.left_m < 0.5, at_most_s=2.0 * path.length_m / SPEED_MPS + 4.0)
        self.cleared([actor])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A junction of the right control that the route crosses straight on or turning, with an arm to one side."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(35.0, 50.0))
            if trigger < 12.0 or way.end_m + 45.0 > view.line.length_m or view.control(way) not in cls.control:
                continue
            if any(p.begin_m < way.begin_m and p.end_m > trigger - 5.0 for p in view.passages):
                continue
            ways = [w for w in view.around.ways(way) if w.side in ("left", "right") and abs(w.turn_rad) < 0.6
                    and view.around.conflicting(w, way)]
            if ways:
                side = ways[int(rng.integers(len(ways)))].side
                return Wish(trigger, {"direction": {"value": side}}, end_m=way.end_m + 45.0)
        return None


class OppositeVehicleRunningRedLight(OppositeVehicleTakingPriority):
    """The same at a junction with lights: the ego has green, everybody else red."""

    control = ("light",)

    def script(self) -> Script:
        """Hold the lights for as long as it takes."""
        own = {s.id for s in self.world.map.signals if s.junction_id == self._passage.junction_id and s.kind == "light"
               and set(s.lanes) & set(self._passage.lanes)}
        others = {s.id for s in self.world.map.signals if s.junction_id == self._passage.junction_id} - own
        self.world.hold_lights({**dict.fromkeys(others, LightState.RED), **dict.fromkeys(own, LightState.GREEN)})
        yield from super().script()
        self.world.hold_lights({})
