"""What every scenario is: a script that directs the cast of one incident, tick by tick, from its trigger on.

A script is a generator: it reads top to bottom like the behaviour trees of scenario_runner, and each `yield` lets one
tick of 0.05 s pass. All places are found from the trigger, the route and the map, so that a scenario runs on generated
maps and on CARLA's towns alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.cast import Actor
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.drawing import RouteView, Wish, random_view
from automot_ros.simulation.scenarios.surroundings import Surroundings
from automot_ros.simulation.tasks import ScenarioSpec

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

Script = Generator[None, None, None]
Floats = NDArray[np.float64]
TICKS_PER_S = 20
TRIGGER_M = 2.0
KMH = 1.0 / 3.6


class Scenario:
    """Base of all scenarios. A subclass is named as CARLA's class is, and says what happens in `script`.

    map_kinds: generated maps that have places for it; before_m, after_m: how much of the route is driven before the
    trigger and behind it, where `place` does not say.
    timeout_s: an incident that is not over by then counts as SCENARIO_TIMEOUT, for those classes that CARLA times.
    opens_opposite_lane: driving on the opposite lane is no fault while it runs.
    """

    map_kinds: ClassVar[tuple[str, ...]] = ("town", "rural", "arterial")
    before_m: ClassVar[tuple[float, float]] = (30.0, 50.0)
    after_m: ClassVar[float] = 110.0
    timeout_s: ClassVar[float | None] = None
    opens_opposite_lane: ClassVar[bool] = False

    def __init__(self, world: World, spec: ScenarioSpec) -> None:
        self.world, self.spec = world, spec
        self.state = "waiting"
        self.rng = stream(world.task.seed, "scenario", spec.name)
        self.around = Surroundings(world.map, world.junctions, world.route_line, world.passages)
        at = np.array([spec.trigger_map.x_m, spec.trigger_map.y_m])
        self.trigger_s_m, off_m = world.route_line.project(at)
        if abs(off_m) > 15.0:
            raise MapError("the trigger is not on the route", where=f"scenario {spec.name}",
                           got=f"{off_m:.1f} m beside", wanted="<= 15 m")
        self._script: Script | None = None
        self._began_tick = 0

    # What a subclass writes.

    def prepare(self) -> None:
        """Put there what is there from the start."""

    def script(self) -> Script:
        """What happens from the trigger on."""
        raise NotImplementedError

    def closed_lanes(self) -> set[int]:
        """Lanes (indices) that background traffic keeps out of for the whole drive."""
        return set()

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """Places ((2,) map point, radius in metres) that the script needs: no parked car, post or tree stands there."""
        return []

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """A route to look for a place on: one that keeps its lanes, unless a class wants others. None: draw again."""
        return random_view(road_map, junctions, rng)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """Where on a random route it can happen, None where it cannot. See `drawing.Wish`."""
        raise NotImplementedError

    # What the world calls.

    def step(self) -> None:
        """One tick, before anybody moves."""
        if self.state == "waiting" and self.world.route_s_m >= self.trigger_s_m - TRIGGER_M:
            self.state, self._began_tick = "running", self.world.tick
            self._script = self.script()
        if self.state != "running" or self._script is None:
            return
        try:
            next(self._script)
        except StopIteration:
            self.state = "done"
            return
        if self.timeout_s is not None and (self.world.tick - self._began_tick) >= self.timeout_s * TICKS_PER_S:
            self.state = "timed out"
            self.world.note_timeout()
            self._script.close()

    # Parameters, as the route file has them.

    def number(self, tag: str, default: float) -> float:
        """The `value` of a child element, or the class's default."""
        raw = self.spec.parameters.get(tag)
        return default if raw is None else _number(self.spec, tag, raw, "value")

    def interval(self, tag: str, default: tuple[float, float]) -> tuple[float, float]:
        """`from` and `to` of a child element."""
        raw = self.spec.parameters.get(tag)
        if raw is None:
            return default
        return _number(self.spec, tag, raw, "from"), _number(self.spec, tag, raw, "to")

    def word(self, tag: str, default: str) -> str:
        """The `value` of a child element as text."""
        raw = self.spec.parameters.get(tag)
        if raw is None:
            return default
        if "value" not in raw:
            raise MapError("a parameter without a value", where=f"scenario {self.spec.name}", got=dict(raw), wanted=tag)
        return raw["value"]

    def location(self, tag: str) -> Floats | None:
        """(2,) a place given as CARLA's x, y, z: right-handed here. None where the file has none."""
        raw = self.spec.parameters.get(tag)
        if raw is None:
            return None
        return np.array([_number(self.spec, tag, raw, "x"), -_number(self.spec, tag, raw, "y")])

    # Parts of scripts.

    def until(self, holds: Callable[[], bool], at_most_s: float = math.inf) -> Script:
        """Wait until something holds, or for so long."""
        begin = self.world.tick
        while not holds() and (self.world.tick - begin) < at_most_s * TICKS_PER_S:
            yield

    def wait(self, seconds: float) -> Script:
        """Let simulated time pass."""
        for _ in range(round(seconds * TICKS_PER_S)):
            yield

    def driven(self, metres: float) -> Script:
        """Wait until the ego has driven so far along the route from here."""
        begin = self.world.route_s_m
        yield from self.until(lambda: self.world.route_s_m - begin >= metres)

    def passed(self, s_m: float) -> Script:
        """Wait until the ego is beyond an arc length of the route (or at its end)."""
        goal = min(s_m, self.world.route_line.length_m - 3.0)
        yield from self.until(lambda: self.world.route_s_m >= goal)

    def arriving(self, xy: Floats, time_s: float, distance_m: float) -> Script:
        """Wait until the ego is `time_s` or `distance_m` from a place: straight distance over present speed, as CARLA's
        InTimeToArrivalToLocation and InTriggerDistanceToLocation have it.
        """
        def near() -> bool:
            ego = self.world.ego
            gap = float(np.hypot(*(ego.pose_map_to_ego.position_m - xy)))
            return gap <= distance_m or gap <= time_s * ego.speed_mps
        yield from self.until(near)

    def cleared(self, actors: list[Actor]) -> None:
        """Take actors off the stage."""
        self.world.cast.remove(actors)

    def on_route(self, s_m: float, left_m: float = 0.0, turned_rad: float = 0.0) -> Pose2:
        """A pose beside the route: arc length, metres to the left, heading relative to the route's."""
        line = self.world.route_line
        x, y = line.at(s_m)
        yaw = line.yaw_at(s_m)
        return Pose2(float(x - left_m * math.sin(yaw)), float(y + left_m * math.cos(yaw)), yaw + turned_rad)


    def along_route(self, from_m: float, to_m: float, left_m: Callable[[float], float]) -> Polyline:
        """A path beside the route, from one arc length to another (backwards too): `left_m(s)` metres to its left."""
        count = max(2, round(abs(to_m - from_m) / 0.5) + 1)
        poses = [self.on_route(float(s), left_m(float(s))) for s in np.linspace(from_m, to_m, count)]
        return Polyline(np.array([p.position_m for p in poses]))


def changed(s_m: float, from_m: float, over_m: float) -> float:
    """How much of a lane change is done, 0 to 1: smooth in offset, heading and curvature (quintic)."""
    u = min(max((s_m - from_m) / over_m, 0.0), 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


def straight(pose: Pose2, length_m: float) -> Polyline:
    """A straight path from a pose on."""
    return Polyline(np.stack([pose.position_m, pose.position_m + length_m * pose.forward]))


def _number(spec: ScenarioSpec, tag: str, raw: Mapping[str, str], key: str) -> float:
    try:
        value = float(raw[key])
    except (KeyError, ValueError) as error:
        raise MapError("not a number", where=f"scenario {spec.name}: <{tag} {key}=...>", got=dict(raw),
                       wanted="a finite number") from error
    if not math.isfinite(value):
        raise MapError("not a number", where=f"scenario {spec.name}: <{tag} {key}=...>", got=value, wanted="finite")
    return value
