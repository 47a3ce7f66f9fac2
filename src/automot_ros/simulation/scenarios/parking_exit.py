"""ParkingExit: the ego stands in a parking lane between two parked cars and has to join the traffic beside it."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES, Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.flow import Flow
from automot_ros.simulation.scenarios.lane_paths import lanes_on, pose_on
from automot_ros.simulation.scenarios.scenario import Scenario, Script

FRONT_M, BEHIND_M, FLOW_M = 20.0, 10.0, 25.0
BEYOND_M, SIDE_M, SIDE_MPS = 15.0, 50.0, 8.0
FLOW_MPS = 6.5
_REACH_M = 6.0
_SOURCE_M, _SINK_M = 60.0, 70.0
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class ParkingExit(Scenario):
    """The ego is parked between two cars beside the trigger, and has to join the traffic on the lane at its side.

    They stand `front_vehicle_distance` before and `behind_vehicle_distance` behind it.
    A car beside it drives away as it starts, and others follow on the lane, `flow_distance` to twice as much apart;
    they brake for an ego that comes out. Ends when the ego has driven `front_vehicle_distance` and 15 m; 240 s.
    Parameters: front_vehicle_distance (m, 20), behind_vehicle_distance (m, 10), direction (left | right, right),
    flow_distance (m, 25). The route may begin in the parking lane or, as CARLA's do, on the lane beside it.
    Source: scenario_runner, parking_exit.py (MIT).
    """

    map_kinds = ("town",)
    timeout_s = 240.0
    after_m = 85.0

    def prepare(self) -> None:
        """The parked cars, the ego between them, and the car beside it."""
        strip, at_m = self._strip()
        outward = 1.0 if self.word("direction", "right") == "left" else -1.0
        kerb_m = 0.25 * (2.2 - 0.5 * SIZES[BodyKind.CAR][1])
        self._front_m = self.number("front_vehicle_distance", FRONT_M)
        for ahead_m in (self._front_m, -self.number("behind_vehicle_distance", BEHIND_M)):
            self.world.cast.add(BodyKind.CAR, _aside(pose_on(strip, at_m + ahead_m), outward * kerb_m))
        own = _aside(pose_on(strip, at_m), outward * kerb_m)
        self.world.place_ego(own)
        gap_m = self.number("flow_distance", FLOW_M)
        self._path = self._lane_path()
        self._from_m = self._path.project(own.position_m)[0]
        self._flow = Flow(self, self._path, FLOW_MPS, (gap_m, 2.0 * gap_m))

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """The row of the parked cars."""
        strip, at_m = self._strip()
        front_m = self.number("front_vehicle_distance", FRONT_M)
        behind_m = self.number("behind_vehicle_distance", BEHIND_M)
        return [(strip.at(float(s)), 3.2) for s in np.arange(at_m - behind_m - 2.0, at_m + front_m + 2.1, 2.0)]

    def closed_lanes(self) -> set[int]:
        """The lane that the ego joins has a flow of its own."""
        return lanes_on(self.world.map, self._lane_path())

    def script(self) -> Script:
        """A car drives away, others come."""
        car = self.world.cast.add(BodyKind.CAR, pose_on(self._path, self._from_m))
        car.go(self._path, SIDE_MPS, start_s_m=self._from_m, heeds=True)
        yield from self._flow.during(self._out(car))

    def _out(self, beside: Actor) -> Script:
        """Until the ego is out; the car beside it vanishes on its way."""
        begin = self.world.route_s_m
        while self.world.route_s_m - begin < self._front_m + BEYOND_M:
            if beside.moved_m >= SIDE_M:
                self.cleared([beside])
            yield
        self.cleared([beside])

    def _lane(self) -> tuple[int, float]:
        """The driving lane beside the trigger, and the arc length on it."""
        at = self.spec.trigger_map
        found = self.world.map.lane_along(at.position_m, at.yaw_rad, _REACH_M)
        if found is None:
            raise MapError("no lane beside the trigger", where=f"scenario {self.spec.name}", wanted=f"<= {_REACH_M} m")
        return found[0], found[1]

    def _lane_path(self) -> Polyline:
        lane, here_m = self._lane()
        return self.around.through(lane, here_m, _SOURCE_M, _SINK_M)

    def _strip(self) -> tuple[Polyline, float]:
        """The parking lane on the side asked for, and the arc length beside the trigger."""
        lane, here_m = self._lane()
        pose = pose_on(self.world.map.lanes[lane].center, here_m)
        side = 1.0 if self.word("direction", "right") == "left" else -1.0
        best: tuple[float, Polyline, float] | None = None
        for line in self.world.map.parking:
            s, off = line.project(pose.position_m)
            beside = side * pose.inverse_apply(line.at(s))[1]
            if 0.5 < beside < _REACH_M and abs(off) < _REACH_M and (best is None or beside < best[0]):
                best = (float(beside), line, s)
        if best is None:
            raise MapError("no parking lane beside the trigger", where=f"scenario {self.spec.name}")
        return best[1], best[2]

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A straight block with a parking lane on the right."""
        for a, b in view.blocks(75.0):
            begin = float(rng.uniform(a + 26.0, b - 45.0))
            if begin + cls.after_m + 40.0 > view.line.length_m:
                continue
            parking = view.everywhere(begin - 14.0, begin + 16.0, lambda s: view.around.parking(s, False), 4.0)
            if parking and view.is_straight(begin - 14.0, begin + 30.0, 0.1) and begin > 2.0:
                found = view.around.parking(begin, False)
                assert found is not None
                return Wish(begin, {"front_vehicle_distance": {"value": "9"}, "behind_vehicle_distance":
                            {"value": "9"}, "direction": {"value": "right"},
                            "flow_distance": {"value": f"{rng.uniform(28.0, 40.0):.0f}"}}, begin, None, found[0] + 0.32)
        return None


def _aside(pose: Pose2, left_m: float) -> Pose2:
    return Pose2(pose.x_m - left_m * math.sin(pose.yaw_rad), pose.y_m + left_m * math.cos(pose.yaw_rad), pose.yaw_rad)
