"""What the scenarios with an actor flow share: parameters, paths, the lanes they keep free, and how gaps are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.scenarios.flow import Flow
from automot_ros.simulation.scenarios.lane_paths import lanes_on
from automot_ros.simulation.scenarios.scenario import Scenario, Script

FLOW_MPS, GAP_M = 10.0, (20.0, 50.0)
SINK_M = 2.0
Floats = NDArray[np.float64]


class ActorFlowScenario(Scenario):
    """Cars drive from `start_actor_flow` to `end_actor_flow` all the time; at the trigger they are on the whole way.

    Background traffic keeps off their lanes. Parameters: flow_speed (m/s, 10), source_dist_interval (from, to: m, 20 to
    50), start_actor_flow and end_actor_flow (places). `filled`: False where the first one starts at the source.
    Source: scenario_runner, actor_flow.py (MIT), where they drive on regardless until one is touched; here they brake
    for an ego that is in their way.
    """

    timeout_s = 240.0
    filled = True

    def paths(self) -> list[Polyline]:
        """The ways of the flows."""
        return [self.way_of(self._given("start_actor_flow"), self._given("end_actor_flow"))]

    def over(self) -> Script:
        """Until the incident is over."""
        raise NotImplementedError

    def prepare(self) -> None:
        """The flows, not yet on the road."""
        speed_mps, gap_m = self.number("flow_speed", FLOW_MPS), self.interval("source_dist_interval", GAP_M)
        self.flows = [Flow(self, path, speed_mps, gap_m, filled=self.filled) for path in self.paths()]

    def closed_lanes(self) -> set[int]:
        """Where the flows drive."""
        return {lane for path in self.paths() for lane in lanes_on(self.world.map, path)}

    def script(self) -> Script:
        """The flows run until the incident is over."""
        running = self.over()
        for flow in self.flows:
            running = flow.during(running)
        yield from running

    def way_of(self, start_2: Floats, end_2: Floats) -> Polyline:
        """The way over the lanes from one place to another."""
        return Polyline(self.world.map.route_through(np.stack([start_2, end_2])))

    def near_any(self, places: list[Floats], within_m: float) -> bool:
        """Whether the ego is so near to one of some places."""
        here = self.world.ego.pose_map_to_ego.position_m
        return any(float(np.hypot(*(here - p))) <= within_m for p in places)

    def _given(self, tag: str) -> Floats:
        found = self.location(tag)
        if found is None:
            raise MapError("a flow without a place", where=f"scenario {self.spec.name}", wanted=f"<{tag} x= y= z=/>")
        return found


def place_of(xy: Floats) -> dict[str, str]:
    """A place as a route file has it: CARLA's left-handed frame."""
    return {"x": f"{xy[0]:.1f}", "y": f"{-xy[1]:.1f}", "z": "0.0"}


def flow_parameters(rng: np.random.Generator, start_2: Floats, end_2: Floats, speed_mps: tuple[float, float],
                    least_gap_m: tuple[float, float], most_gap_m: tuple[float, float]) -> dict[str, dict[str, str]]:
    """Parameters of a flow, drawn within bounds."""
    return {"flow_speed": {"value": f"{rng.uniform(*speed_mps):.0f}"},
            "source_dist_interval": {"from": f"{rng.uniform(*least_gap_m):.0f}",
                                     "to": f"{rng.uniform(*most_gap_m):.0f}"},
            "start_actor_flow": place_of(start_2), "end_actor_flow": place_of(end_2)}
