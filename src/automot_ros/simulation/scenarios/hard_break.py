"""HardBreakRoute: the car before the ego brakes hard for no reason."""

from __future__ import annotations

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Scenario, Script

STOP_S, END_M = 10.0, 15.0
BRAKING_MPS2 = 8.0
_AHEAD_M, _APPROACH_M = 14.0, 70.0
_ROOM_M, _HEADWAY_S, _SOFT = 6.0, 1.2, 0.5
_ROLL_MPS, _FASTEST_MPS = 4.0, 11.0
_FAR_M = 60.0
_STUCK_S = 60.0


class HardBreakRoute(Scenario):
    """A car drives before the ego, 6 m and 1.2 s ahead. At the trigger it brakes with 8 m/s2 and stands for 10 s.

    Then it drives on, and ends when the ego has driven 15 m; the car drives on to the end of the block, or until it is
    far ahead. No parameters. Source: scenario_runner, hard_break.py (MIT), where it happens to whoever of the
    background is before the ego; here the scenario brings its own leader, who is there from the start of a short drive.
    """

    map_kinds = ("town", "rural", "arterial")

    def prepare(self) -> None:
        """How far the leader may drive: to the next junction."""
        ways = [p for p in self.world.passages if p.begin_m > self.trigger_s_m]
        self._end_m = min([self.world.route_line.length_m, *(p.begin_m - 1.0 for p in ways)])
        self._car: Actor | None = None if self.trigger_s_m > _APPROACH_M else self._leader(0.0)

    def closed_lanes(self) -> set[int]:
        """The ego's lane is the leader's."""
        return self.around.lanes_between(self.trigger_s_m - _APPROACH_M, self.trigger_s_m + 60.0)

    def step(self) -> None:
        """One tick; until the trigger the leader keeps its distance."""
        if self.state == "waiting":
            if self._car is None and self.world.route_s_m > self.trigger_s_m - _APPROACH_M:
                self._car = self._leader(self.world.route_s_m)
            if self._car is not None:
                self._keep_ahead()
        super().step()

    def script(self) -> Script:
        """Brake, stand, drive on."""
        car = self._car
        if car is None:
            return
        car.stop(BRAKING_MPS2)
        yield from self.wait(STOP_S)
        car.wanted_mps = _FASTEST_MPS
        yield from self.driven(END_M)
        yield from self.until(lambda: car.left_m < 1.0 or self._gap_m() > _FAR_M, at_most_s=_STUCK_S)
        self.cleared([car])

    def _leader(self, ego_s_m: float) -> Actor:
        begin = ego_s_m + _AHEAD_M + self.world.ego.speed_mps * _HEADWAY_S
        car = self.world.cast.add(BodyKind.CAR, self.on_route(begin))
        car.go(self.along_route(begin, max(self._end_m, begin + 1.0), lambda _: 0.0), 0.0, start_s_m=0.0,
               now_mps=self.world.ego.speed_mps, heeds=True)
        self._begin_m = begin
        return car

    def _gap_m(self) -> float:
        """Bumper to bumper, along the route."""
        assert self._car is not None
        ahead = self._begin_m + self._car.moved_m - self.world.route_s_m
        return ahead - 0.5 * (self._car.size[0] + self.world.vehicle.length_m)

    def _keep_ahead(self) -> None:
        assert self._car is not None
        speed, gap = self.world.ego.speed_mps, self._gap_m()
        wanted = speed + _SOFT * (_ROOM_M + _HEADWAY_S * speed - gap)
        if gap < _AHEAD_M:
            wanted = max(wanted, _ROLL_MPS)
        self._car.wanted_mps = min(max(wanted, 0.0), _FASTEST_MPS)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A long block: road to get going, and to brake on."""
        for a, b in view.blocks(120.0):
            begin = a + 3.0
            trigger = begin + float(rng.uniform(48.0, 52.0))
            return Wish(trigger, begin_m=begin, end_m=min(trigger + 100.0, b - 20.0))
        return None
