"""The world: a map, the ego, everybody else, lights and collisions, 20 ticks a second.

One `step` is one tick: the ego obeys the command, then traffic, walkers and lights move on, then touches are resolved
and broken rules noted. After it, everything one can read holds at `stamp_ns`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.simulation.cast import Cast
from automot_ros.simulation.collisions import StaticField
from automot_ros.simulation.contacts import Contacts
from automot_ros.simulation.events import Event, EventKind, EventLog
from automot_ros.simulation.following import Bodies
from automot_ros.simulation.junctions import EgoClaim, Junctions, Passage
from automot_ros.simulation.lights import Lights, LightState
from automot_ros.simulation.posts import Posts
from automot_ros.simulation.rules import LineWatch
from automot_ros.simulation.scenarios import SCENARIOS
from automot_ros.simulation.scenarios.scenario import Scenario
from automot_ros.simulation.scenery import build_scenery, without
from automot_ros.simulation.tasks import DriveTask, load_map
from automot_ros.simulation.traffic import EgoView, Traffic, Vehicle
from automot_ros.simulation.walkers import Walker, Walkers
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

TICK_S = 0.05
TICK_NS = 50_000_000
START_NS = SECOND_NS
EGO_ID = 1
_EGO_COLOR = (30, 90, 180)
_CLAIM_S = 4.0
_CLAIM_LEAST_MPS = 1.0
_CLAIM_PATIENCE_TICKS = 160
_PHANTOM_S = (0.75, 1.5)
_AHEAD_M = 36.0
_NO_GUESS = np.zeros((0, 3))


class World:
    """One drive of one task. Public attributes are to be read only."""

    TICK_S = TICK_S

    def __init__(self, task: DriveTask, vehicle: VehicleSpec | None = None) -> None:
        self.task = task
        self.vehicle = vehicle or VehicleSpec()
        self.tick = 0
        self.map = load_map(task.map_name, task.xodr)
        self.route = Route(START_NS, task.route_map_N2)
        self.route_line = self._line = self.route.line()
        guess = self._line.resampled(1.0)
        headings = [guess.yaw_at(float(s)) for s in guess.s_N]
        self._guess_P3 = np.column_stack([guess.points_N2, headings])
        x, y = self._line.points_N2[0]
        self._state = BicycleState(Pose2(float(x), float(y), self._line.yaw_at(0.0)), 0.0)
        self.ego_acceleration_mps2 = 0.0
        self._log = EventLog()
        self._route_s_m, self._still_ticks = 0.0, 0
        self.junctions = junctions = Junctions(self.map)
        self.passages: tuple[Passage, ...] = junctions.on_route(self._line)
        self.cast = Cast(stream(task.seed, "cast"))
        self._steer_off = 0.0
        known = [spec for spec in task.scenarios if spec.kind in SCENARIOS]
        self.not_run: tuple[str, ...] = tuple(
            f"{spec.kind} ({spec.name})" for spec in task.scenarios if spec.kind not in SCENARIOS)
        self.scenarios: tuple[Scenario, ...] = tuple(SCENARIOS[spec.kind](self, spec) for spec in known)
        self._lights = Lights(self.map.signals, task.seed)
        self._posts = Posts(self.map, self._line)
        scenery = build_scenery(self.map, self._line, task.traffic.parked, task.seed)
        scenery = without(scenery, [place for scenario in self.scenarios for place in scenario.keep_clear()])
        self.static_boxes = Boxes.join(scenery, self._posts.static)
        self._watch = LineWatch(self.map)
        closed = frozenset(lane for scenario in self.scenarios for lane in scenario.closed_lanes())
        self._traffic = Traffic(self.map, junctions, self._line, task.traffic.vehicles, task.seed, self._state.pose,
                                closed)
        self._walkers = Walkers(self.map, self._line, task.traffic.walkers, task.seed)
        self._moving: tuple[int, Boxes] | None = None
        self._contacts = Contacts(self.vehicle, StaticField(self.static_boxes), self._traffic, self._walkers, self.cast,
                                  self._log)
        self.ego = self._ego_state()
        for scenario in self.scenarios:
            scenario.prepare()

    @property
    def stamp_ns(self) -> int:
        """Simulated time of the present state; the first is one second."""
        return START_NS + TICK_NS * self.tick

    @property
    def events(self) -> list[Event]:
        """What has gone wrong so far."""
        return self._log.events

    @property
    def light_states(self) -> Mapping[int, LightState]:
        """What each light shows, by signal id."""
        return self._lights.states

    @property
    def agents(self) -> tuple[Vehicle, ...]:
        """The other vehicles as they stand."""
        return self._traffic.vehicles()

    @property
    def walkers(self) -> tuple[Walker, ...]:
        """The people as they stand."""
        return self._walkers.walkers()

    def has_stopped_at(self, signal_id: int) -> bool:
        """Whether the ego has stood at a stop sign as it wants, and not driven on since."""
        return self._watch.has_stopped_at(signal_id)

    @property
    def route_s_m(self) -> float:
        """Arc length of the ego's place on the route (it never jumps far: crossings of the route are no trap)."""
        return self._route_s_m

    def moving_boxes(self) -> Boxes:
        """Vehicles, walkers and lamps, without the ego. Made once a tick."""
        if self._moving is None or self._moving[0] != self.tick:
            lamps = self._posts.lamps(self._lights.states)
            self._moving = (self.tick, Boxes.join(self._users(), self.cast.boxes(), lamps))
        return self._moving[1]

    def _users(self) -> Boxes:
        return Boxes.join(self._traffic.boxes(), self._walkers.boxes())

    def ego_box(self) -> Boxes:
        """The ego as one box."""
        pose, v = self._state.pose, self.vehicle
        return Boxes(np.array([EGO_ID]), np.array([int(BodyKind.CAR)]), pose.position_m[None], np.zeros(1),
                     np.array([pose.yaw_rad]), np.array([[v.length_m, v.width_m, v.height_m]]),
                     np.array([self._state.speed_mps]), np.array([_EGO_COLOR], np.uint8), np.zeros(1, np.bool_))

    def step(self, command: DriveCommand) -> None:
        """One tick of 0.05 s under a command (its stamp is not looked at)."""
        self.tick += 1
        before = self._state
        steer = min(1.0, max(-1.0, command.steer + self._steer_off))
        self._state = advance(self.vehicle, before, command.throttle, command.brake, steer, TICK_S)
        for scenario in self.scenarios:
            scenario.step()
        self._lights.update(self.tick)
        view = self._view()
        on_road = self._walkers.on_road()
        if len(self.cast):
            self.cast.step(self.tick, Boxes.join(self._users(), self.ego_box()))
            on_road = Bodies.join(on_road, self.cast.bodies())
        self._traffic.step(self.tick, view, on_road, self._lights.states)
        self._walkers.step(self.tick, view, self._traffic.xy_A2, self._traffic.speed_A, self._lights)
        speed = self._state.speed_mps
        self._state = self._contacts.resolve(self.stamp_ns, self._state)
        for signal_id, is_light in self._watch.crossed(before.pose, self._state.pose, 0.5 * self.vehicle.length_m,
                                                       speed, self._lights):
            self._note(EventKind.RED_LIGHT if is_light else EventKind.STOP_SIGN, signal_id, speed)
        self.ego_acceleration_mps2 = (self._state.speed_mps - before.speed_mps) / TICK_S
        self.ego = self._ego_state()

    # What scenarios may do to the world.

    def hold_lights(self, states: Mapping[int, LightState]) -> None:
        """Fix what some lights show (signal id to state); an empty mapping gives them back to their clocks."""
        self._lights.hold(states)

    def limit_traffic(self, speed_mps: float) -> None:
        """Nobody of the background drives faster from now on."""
        self._traffic.cap_mps = speed_mps

    def disturb_steer(self, offset: float) -> None:
        """Add to every steering command (-1..1, left positive) from now on."""
        self._steer_off = offset

    def place_ego(self, pose: Pose2) -> None:
        """Put the ego, standing, somewhere else than the begin of its route, before the drive begins."""
        self._state = BicycleState(pose, 0.0)
        self.ego = self._ego_state()

    def note_timeout(self) -> None:
        """A scenario was not over in its time."""
        self._note(EventKind.SCENARIO_TIMEOUT, 0, self._state.speed_mps)

    def note_no_yield(self, vehicle_id: int) -> None:
        """The ego did not let an emergency vehicle pass."""
        self._note(EventKind.YIELD_EMERGENCY, vehicle_id, self._state.speed_mps)

    def _note(self, kind: EventKind, other_id: int, speed_mps: float) -> None:
        self._log.note(self.stamp_ns, kind, other_id, self._state.pose, speed_mps)

    def _ego_state(self) -> EgoState:
        s = self._state
        return EgoState(self.stamp_ns, s.pose, s.speed_mps, s.yaw_rate_radps)

    def _view(self) -> EgoView:
        """What others see of the ego, and what they may guess from its route."""
        pose, v, line = self._state.pose, self._state.speed_mps, self._line
        self._still_ticks = self._still_ticks + 1 if v < 0.1 else 0
        s, off = line.project(pose.position_m, self._route_s_m - 5.0, self._route_s_m + 10.0)
        self._route_s_m = s
        on_route = abs(off) < 4.0
        # Others guess to a metre: whole points of the route will do.
        ahead = self._guess_P3[int(s) : int(s + _AHEAD_M) : 2, :2] if on_route else _NO_GUESS[:, :2]
        phantoms = _NO_GUESS
        if on_route and v > 0.5:
            phantoms = self._guess_P3[[min(int(s + 0.5 + v * t), len(self._guess_P3) - 1) for t in _PHANTOM_S]]
        return EgoView(pose, v, self.vehicle.length_m, self.vehicle.width_m, s, ahead, phantoms,
                       self._claim(s) if on_route else None, self._still_ticks)

    def _claim(self, s_m: float) -> EgoClaim | None:
        """The junction the ego is in or will be in within 4 s, unless a light holds it or it just stands there."""
        front, rear = s_m + 0.5 * self.vehicle.length_m, s_m - 0.5 * self.vehicle.length_m
        way = next((p for p in self.passages if rear < p.end_m), None)
        if way is None:
            return None
        distance = way.stop_m - front
        if distance > 0.0:
            if distance > _CLAIM_S * max(self._state.speed_mps, _CLAIM_LEAST_MPS):
                return None
            if self._still_ticks > _CLAIM_PATIENCE_TICKS:
                return None
            if way.signal is not None and way.signal.kind == "light" and (
                    self._lights.states[way.signal.id] is LightState.RED):
                return None
        return EgoClaim(way)
