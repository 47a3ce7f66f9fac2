"""PedestrianCrossing: three people step off the sidewalk right before a junction, without looking."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Scenario, Script, straight

ARRIVAL_S, ARRIVAL_M = 3.5, 12.0
OVER = 2.3
PLACES = ((0.4, 1.5), (1.0, 2.5), (1.6, 0.5))
DEFAULT_SIDEWALK_M = 5.0


class PedestrianCrossing(Scenario):
    """Three walkers stand beside the last point before the junction after the trigger, on the sidewalk at its right.

    When the ego is 3.5 s or 12 m from that point, each waits U(0, 1.5) s and walks straight over the road at
    U(1.3, 2.0) m/s for 2.3 times the way to the ego's lane. Ends when the ego has driven 40 m. No parameters.
    Source: scenario_runner, pedestrian_crossing.py (MIT).
    """

    map_kinds = ("town",)
    before_m = (2.0, 8.0)

    def prepare(self) -> None:
        """The three on the sidewalk."""
        way = self.around.junction_after(self.trigger_s_m)
        self._meet_s_m = way.begin_m - 0.5
        side_m = self.around.sidewalk_right(self._meet_s_m) or DEFAULT_SIDEWALK_M
        self._walkers: list[tuple[Actor, float]] = []
        for ahead_m, right_m in PLACES:
            pose = self.on_route(self._meet_s_m + ahead_m, -(side_m + right_m), math.pi / 2.0)
            self._walkers.append((self.world.cast.add(BodyKind.WALKER, pose, base_z_m=0.1), OVER * (side_m + right_m)))

    def script(self) -> Script:
        """Wait for the ego, cross, and be gone when it has driven on."""
        yield from self.arriving(self.on_route(self._meet_s_m).position_m, ARRIVAL_S, ARRIVAL_M)
        begin = self.world.tick
        starts = {a.id: begin + round(20 * self.rng.uniform(0.0, 1.5)) for a, _ in self._walkers}
        speeds = {a.id: float(self.rng.uniform(1.3, 2.0)) for a, _ in self._walkers}
        driven = self.driven(40.0)
        for _ in driven:
            for actor, length_m in self._walkers:
                if self.world.tick == starts[actor.id]:
                    actor.acceleration_mps2 = 10.0
                    actor.go(straight(actor.pose, length_m), speeds[actor.id], start_s_m=0.0)
            yield
        self.cleared([a for a, _ in self._walkers])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """30-50 m before a junction that the route reaches on a street with a sidewalk."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(30.0, 50.0))
            free = not any(p.begin_m < way.begin_m and p.end_m > trigger - 10.0 for p in view.passages)
            if trigger > 12.0 and free and way.end_m + 40.0 < view.line.length_m and (
                    view.around.sidewalk_right(way.begin_m - 0.5) is not None):
                return Wish(trigger, end_m=min(way.end_m + 45.0, view.line.length_m))
        return None


