"""PedestrianCrossing: three people step off the sidewalk right before a junction, without looking."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Floats, Scenario, Script, straight

ARRIVAL_S, ARRIVAL_M = 3.5, 12.0
IDLE_S, SPEED_MPS = (0.0, 1.5), (1.3, 2.0)
OVER, END_M = 2.3, 40.0
PLACES = ((0.4, 1.5), (1.0, 2.5), (1.6, 0.5))
DEFAULT_SIDEWALK_M = 5.0
_SLIM_M = (0.4, 0.5, 1.75)  # they pass each other 0.6 m apart
_STUCK_S = 30.0


class PedestrianCrossing(Scenario):
    """Three walkers stand beside the last point before the junction after the trigger, on the sidewalk at its right.

    When the ego is 3.5 s or 12 m from that point, each waits U(0, 1.5) s, walks straight over the road at
    U(1.3, 2.0) m/s for 2.3 times the way to the ego's lane, and is gone. Ends when that is over and the ego has driven
    40 m. No parameters. Source: scenario_runner, pedestrian_crossing.py (MIT).
    """

    map_kinds = ("town",)
    before_m = (2.0, 8.0)

    def prepare(self) -> None:
        """The three on the sidewalk."""
        self._walkers: list[tuple[Actor, float]] = []
        meet, side_m = self.on_route(self._meet_s_m), self._sidewalk_m
        for ahead_m, right_m in PLACES:
            pose = meet.compose(Pose2(ahead_m, -(side_m + right_m), math.pi / 2.0))
            actor = self.world.cast.add(BodyKind.WALKER, pose, size=_SLIM_M, base_z_m=0.1)
            self._walkers.append((actor, OVER * math.hypot(ahead_m, side_m + right_m)))

    @property
    def _meet_s_m(self) -> float:
        """Arc length of the last point before the junction."""
        return self.around.junction_after(self.trigger_s_m).begin_m - 0.5

    @property
    def _sidewalk_m(self) -> float:
        return self.around.sidewalk(self._meet_s_m) or DEFAULT_SIDEWALK_M

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """Where they stand and step onto the road."""
        return [(self.on_route(self._meet_s_m + 1.0, -(self._sidewalk_m + out)).position_m, 3.0) for out in (-2.0, 1.5)]

    def closed_lanes(self) -> set[int]:
        """The ego's lane up to the junction."""
        return self.around.lanes_between(self.trigger_s_m - 20.0, self._meet_s_m)

    def script(self) -> Script:
        """Wait for the ego, cross, and be gone."""
        yield from self.arriving(self.on_route(self._meet_s_m).position_m, ARRIVAL_S, ARRIVAL_M)
        parts = [self._walk(actor, length_m) for actor, length_m in self._walkers]
        parts.append(self.driven(END_M))
        while parts:
            parts = [part for part in parts if next(part, self) is None]
            yield

    def _walk(self, actor: Actor, length_m: float) -> Script:
        speed = float(self.rng.uniform(*SPEED_MPS))
        yield from self.wait(float(self.rng.uniform(*IDLE_S)))
        actor.acceleration_mps2 = 10.0
        actor.go(straight(actor.pose, length_m), speed, start_s_m=0.0)
        yield from self.until(lambda: actor.left_m < 0.1, at_most_s=length_m / speed + _STUCK_S)
        self.cleared([actor])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """30-50 m before a junction that the route reaches on a street with a sidewalk."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(30.0, 50.0))
            free = not any(p.begin_m < way.begin_m and p.end_m > trigger - 10.0 for p in view.passages)
            if trigger > 12.0 and free and way.end_m + END_M < view.line.length_m and (
                    view.around.sidewalk(way.begin_m - 0.5) is not None):
                return Wish(trigger, end_m=view.end_near(way.end_m + END_M + 5.0))
        return None
