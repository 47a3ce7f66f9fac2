"""VehicleTurningRoute and VehicleTurningRoutePedestrian: somebody crosses the road that the ego turns into."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Floats, Scenario, Script, straight

BEHIND_M, RIGHT_BEHIND_M = 11.0, 0.5
SPEED_MPS, NEAR_M, END_M = 1.8, 6.0, 40.0
DEFAULT_SIDEWALK_M, DEFAULT_ROAD_M = 5.0, 10.0
_FARTHEST_M = 5.6
_CLEAR_M = 1.5
_AFTER_M = 60.0


class VehicleTurningRoute(Scenario):
    """A cyclist waits on the sidewalk at the ego's right, 11 m behind the junction, and looks over the road.

    When the ego is 1.8 s or 6 m from the point before it, it crosses at 1.8 m/s, twice the way to the ego's lane, and
    vanishes. Ends when the ego has driven 40 m more. No parameters.
    Source: scenario_runner, object_crash_intersection.py (MIT).
    """

    map_kinds = ("town",)
    kind = BodyKind.BICYCLE
    behind_m = BEHIND_M
    arrival_s = 1.8

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """Its way over the road."""
        begin, length_m = self._crossing()
        return [(begin.position_m + m * begin.forward, _CLEAR_M) for m in np.arange(0.0, length_m + 1.0, 2.0)]

    def script(self) -> Script:
        """Stand, cross, vanish."""
        begin, length_m = self._crossing()
        actor = self.world.cast.add(self.kind, begin, base_z_m=0.1)
        yield from self.arriving(self.on_route(self._meet_s_m()).position_m, self.arrival_s, NEAR_M)
        actor.acceleration_mps2 = 100.0
        actor.go(straight(begin, length_m), SPEED_MPS, start_s_m=0.0, now_mps=SPEED_MPS)
        yield from self.until(lambda: actor.left_m < 0.1, at_most_s=length_m / SPEED_MPS + 4.0)
        self.cleared([actor])
        yield from self.driven(END_M)

    def _meet_s_m(self) -> float:
        return self.around.junction_after(self.trigger_s_m).end_m + self.behind_m

    def _crossing(self) -> tuple[Pose2, float]:
        """Where it stands, and how far it goes."""
        s = self._meet_s_m()
        right = self.around.sidewalk(s) or DEFAULT_SIDEWALK_M
        return self.on_route(s, -right, math.pi / 2.0), 2.0 * right

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A turn into a street with a sidewalk so near that who steps off it is in the way in time."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(25.0, 40.0))
            meet = way.end_m + cls.behind_m
            clear = not any(p is not way and trigger - 5.0 < p.end_m and p.begin_m < way.end_m + _AFTER_M
                            for p in view.passages)
            if trigger < 12.0 or not clear or way.end_m + _AFTER_M > view.line.length_m or not cls._fits(
                    view.turn(way)):
                continue
            side = view.around.sidewalk(meet)
            if side is not None and side < _FARTHEST_M and view.around.sidewalk(meet, True) is not None:
                return Wish(trigger, end_m=way.end_m + _AFTER_M)
        return None

    @classmethod
    def _fits(cls, turn: str) -> bool:
        return turn != "straight"


class VehicleTurningRoutePedestrian(VehicleTurningRoute):
    """A walker crosses right behind the junction, from the outer side of the ego's turn (right after a left one).

    It starts when the ego is 2.2 s or 6 m from the point, and goes at 1.8 m/s from one sidewalk to the other.
    """

    kind = BodyKind.WALKER
    behind_m = RIGHT_BEHIND_M
    arrival_s = 2.2

    def _crossing(self) -> tuple[Pose2, float]:
        s = self._meet_s_m()
        right = self.around.sidewalk(s) or DEFAULT_SIDEWALK_M
        left = self.around.sidewalk(s, True) or DEFAULT_ROAD_M - DEFAULT_SIDEWALK_M
        line = self.world.route_line
        turned_left = wrap_angle(line.yaw_at(s) - line.yaw_at(self.trigger_s_m)) > 0.0
        if turned_left:
            return self.on_route(s, -right, math.pi / 2.0), right + left
        return self.on_route(s, left, -math.pi / 2.0), right + left

    @classmethod
    def _fits(cls, turn: str) -> bool:
        """After a right turn it would come from the far side, too late to matter."""
        return turn == "left"
