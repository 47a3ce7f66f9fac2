"""What stands on the ego's lane and has to be passed: the common part of Accident, ParkedObstacle and the like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.oncoming import OncomingFlow, fair_gap, pass_room_m
from automot_ros.simulation.scenarios.scenario import KMH, Scenario, Script
from automot_ros.simulation.tasks import ScenarioSpec

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

SPEED_KMH, SLOW_AFTER_S = 60.0, 5.0
FREQUENCY_M = (20.0, 100.0)
APPROACH_M = 120.0
_SIGN_OFF_M = 1.2


class LaneObstacle(Scenario):
    """An obstacle on the ego's lane, `distance` m behind the trigger, with a lane beside it to pass on.

    distance_m: the default of `distance`; near_m: ego so near, and 5 s later traffic slows to `speed` km/h (60);
    long_m: from the obstacle's nearest end to its farthest. Ends `beyond_m` behind that; 240 s.
    """

    map_kinds: ClassVar[tuple[str, ...]] = ("arterial", "town")
    timeout_s = 240.0
    distance_m: ClassVar[float] = 120.0
    near_m: ClassVar[float] = 50.0
    long_m: ClassVar[float] = 0.0
    beyond_m: ClassVar[float] = 50.0
    slows_traffic: ClassVar[bool] = True

    def __init__(self, world: World, spec: ScenarioSpec) -> None:
        super().__init__(world, spec)
        self._stage: list[Actor] = []

    @property
    def at_s_m(self) -> float:
        """Where on the route the obstacle begins."""
        return self.trigger_s_m + self.number("distance", self.distance_m)

    @property
    def right(self) -> float:
        """1 where the obstacle leans to the right edge of the lane, -1 for `direction` left."""
        return -1.0 if self.word("direction", "right") == "left" else 1.0

    def put(self, kind: BodyKind, pose: Pose2, size: tuple[float, float, float] | None = None,
            color: tuple[int, int, int] | None = None) -> Actor:
        """Add a body that goes away when the incident is over."""
        actor = self.world.cast.add(kind, pose, size=size, color=color)
        self._stage.append(actor)
        return actor

    def warn(self) -> None:
        """A warning sign beside the road at the trigger, behind a parking lane where there is one."""
        kerb = self.around.kerb_right_m(self.trigger_s_m)
        parking = self.around.parking(self.trigger_s_m)
        if parking is not None:
            kerb = parking[0] + 0.5 * parking[1]
        self.put(BodyKind.SIGN, self.on_route(self.trigger_s_m, -(kerb + _SIGN_OFF_M), math.pi))

    def leaning(self, s_m: float, share: float) -> Pose2:
        """A pose on the ego's lane, moved by a share of half its width to the edge."""
        return self.on_route(s_m, -self.right * share * 0.5 * self.around.lane(s_m).width_m)

    def closed_lanes(self) -> set[int]:
        """The ego's lane from before the trigger to the obstacle."""
        return self.around.lanes_between(self.trigger_s_m - 30.0, self.at_s_m + self.long_m)

    def script(self) -> Script:
        """Slow traffic when the ego has come near; over behind the obstacle."""
        slow = self._slowing()
        for _ in self.over():
            next(slow, None)
            yield

    def _slowing(self) -> Script:
        yield from self.passed(self.at_s_m - self.near_m)
        yield from self.slowed()

    def slowed(self) -> Script:
        """Slow the traffic beside, some time after the ego has come near."""
        yield from self.wait(SLOW_AFTER_S)
        if self.slows_traffic:
            self.world.limit_traffic(self.number("speed", SPEED_KMH) * KMH)

    def over(self) -> Script:
        """Wait for the ego to have passed, and clear the stage."""
        yield from self.passed(self.at_s_m + self.long_m + self.beyond_m)
        self.world.limit_traffic(math.inf)
        self.cleared(self._stage)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with a second lane to the left."""
        return obstacle_place(view, rng, cls.long_m, two_ways=False)


class TwoWays(LaneObstacle):
    """The same where the only way past is the oncoming lane, on which cars come with gaps U(from, to) m (`frequency`).

    Passing on the opposite lane is no fault while it runs. The flow is there when the ego comes (CARLA's begins 5 s
    after the ego has come near, and until then background traffic comes along, which here keeps out of that lane).
    """

    map_kinds: ClassVar[tuple[str, ...]] = ("rural", "town")
    opens_opposite_lane = True
    slows_traffic = False

    def prepare(self) -> None:
        """The obstacle, and oncoming traffic."""
        super().prepare()
        self._flow = OncomingFlow(self, self.at_s_m, self.flow_m, self.gap_m)

    @property
    def flow_m(self) -> float:
        """How long the stretch is that cars come along."""
        return self.long_m

    @property
    def gap_m(self) -> tuple[float, float]:
        """Least and greatest gap between them."""
        return self.interval("frequency", FREQUENCY_M)

    def closed_lanes(self) -> set[int]:
        """Also the oncoming lane, which has a flow of its own."""
        return super().closed_lanes() | OncomingFlow.lanes(self, self.at_s_m, self.flow_m)

    def step(self) -> None:
        """One tick; the flow begins when the ego comes into sight of it."""
        if self.state == "waiting" and self.world.route_s_m > self.trigger_s_m - APPROACH_M:
            self._flow.step()
        super().step()

    def script(self) -> Script:
        """The flow runs as long as the incident."""
        yield from self._flow.during(super().script())

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block of a street with one lane each way."""
        return with_flow(view, rng, cls.long_m, obstacle_place(view, rng, cls.long_m, two_ways=True))


def with_flow(view: RouteView, rng: np.random.Generator, long_m: float, wish: Wish | None) -> Wish | None:
    """The wish with a `frequency` that lets a driver pass within a minute."""
    if wish is None:
        return None
    low, high = fair_gap(view.around, wish.trigger_s_m + float(wish.parameters["distance"]["value"]), long_m, rng)
    gap = {"from": f"{low:.0f}", "to": f"{high:.0f}"}
    return Wish(wish.trigger_s_m, {**wish.parameters, "frequency": gap}, wish.begin_m, wish.end_m)


def obstacle_place(view: RouteView, rng: np.random.Generator, long_m: float, two_ways: bool,
                   distance_m: tuple[float, float] = (40.0, 45.0), before_m: float = 12.0, beyond_m: float = 35.0,
                   pass_m: float | None = None) -> Wish | None:
    """A stretch with 40-45 m before an obstacle and `beyond_m` behind it, and a lane to pass it on.

    two_ways: that lane is the oncoming one, there is none beside it that runs the same way, and the road beyond is long
    enough to see who comes (pass_m: for an obstacle so long, where it is not `long_m`). before_m: room behind the last
    junction, before the trigger (negative: it may lie earlier).
    """
    distance = round(float(rng.uniform(*distance_m)))
    for a, b in view.blocks(distance + long_m + beyond_m + before_m + 10.0):
        sight = beyond_m
        if two_ways:
            sight = max(beyond_m, pass_room_m(view.around, 0.5 * (a + b), long_m if pass_m is None else pass_m))
        low, high = max(a + before_m, 14.0), b - distance - long_m - sight - 8.0
        if high < low:
            continue
        trigger = float(rng.uniform(low, high))
        site = distance + trigger
        far = site + long_m
        if not view.is_straight(site - 35.0, far + 20.0, 0.25):
            continue
        left = view.everywhere(site - 30.0, far + 25.0, lambda s: view.around.same_way(s, True))
        oncoming = view.everywhere(site - 30.0, far + 25.0, view.around.opposite)
        if (left and not two_ways) or (two_ways and oncoming and view.around.same_way(site, True) is None):
            parameters = {"distance": {"value": str(distance)},
                          "speed": {"value": f"{rng.uniform(40.0, 59.0):.0f}"}}
            return Wish(trigger, parameters, end_m=view.end_near(far + beyond_m + 35.0))
    return None
