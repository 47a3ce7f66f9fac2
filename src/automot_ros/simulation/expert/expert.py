"""The privileged expert: knows states, not intentions, and plans from the present state alone.

Each plan looks at the route, decides whether something has to be passed and on which side, predicts everybody along
their lanes, gives way where it must, and rolls its speed out with the intelligent driver model. Nothing is remembered
from plan to plan but where on the route the ego is, so any state can be asked about: that is what makes it a teacher.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import Boxes
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.scene.plan import ROUTE_POINTS, ROUTE_STEP_M, WAYPOINT_STEP_S, WAYPOINTS
from automot_ros.scene.sensing import Rig
from automot_ros.simulation.expert import plan as words
from automot_ros.simulation.expert.answers import answer, report
from automot_ros.simulation.expert.choice import Choice, Situation, choose_way
from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.conflicts import Conflict, Field
from automot_ros.simulation.expert.hazards import Hazard, lights_and_signs, on_way, solid, stop_lines
from automot_ros.simulation.expert.lanes import RouteLanes, with_road_beyond
from automot_ros.simulation.expert.path import Base, in_ego_frame, on_path
from automot_ros.simulation.expert.plan import ExpertPlan
from automot_ros.simulation.expert.prediction import HORIZON_S, STEP_S, Predictor
from automot_ros.simulation.expert.profile import HARDEST_MPS2, SpeedLimit, constant, roll_out
from automot_ros.simulation.expert.yielding import yields
from automot_ros.simulation.visibility import visible

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

Floats = NDArray[np.float64]
_PLAN_STEP_S, _PLAN_S = 0.1, 3.0
_NEAR_M = 90.0
_BEYOND_M = 110.0
_GO_MPS2, _GO_TOP_MPS = 2.6, 11.0
_CRASH_S = 2.75


class Expert:
    """Plans for the ego of one world."""

    def __init__(self, world: World, config: ExpertConfig | None = None) -> None:
        self.config = config or ExpertConfig()
        self._world = world
        self._line = with_road_beyond(world.map, world.route_line, _BEYOND_M)
        grid = np.arange(0.0, self._line.length_m, 1.0)
        self._lanes = RouteLanes(world.map, self._line, world.route_line.length_m)
        curvature = np.array([self._line.curvature_at(float(s), 3.0) for s in grid])
        legal = np.array([self._lanes.speed_limit_mps(float(s)) for s in grid])
        self._limit = SpeedLimit(curvature, legal, self.config)
        self._base = Base(self._line)
        self._stops = stop_lines(world, self._line)
        self._predictor = Predictor(world.map)
        self._static = solid(world.static_boxes)
        self._half = (0.5 * world.vehicle.length_m, 0.5 * world.vehicle.width_m)
        self._s_m = 0.0
        self._rig = Rig()

    def plan(self, only_seen: bool = False) -> ExpertPlan:
        """The plan for the world as it stands; with `only_seen`, as if what no sensor sees at this moment were not."""
        situation = self._situation(only_seen)
        choice = choose_way(situation)
        hazards = self._hazards(situation, choice)
        blocking = [h for h in hazards if h.blocks]
        s, v = roll_out(self.config, self._limit, situation.s_m, situation.speed_mps, blocking, _PLAN_STEP_S, _PLAN_S,
                        choice.cap_mps)
        emergency, crash = self._last_resort(situation, choice, s), None
        if emergency is not None:
            s, v, crash = emergency
        return self._labels(situation, choice, hazards, crash, s, v)

    def _situation(self, only_seen: bool) -> Situation:
        world = self._world
        ego = world.ego
        s, lateral = self._line.project(ego.pose_map_to_ego.position_m, self._s_m - 10.0, self._s_m + 30.0)
        self._s_m = s
        here = ego.pose_map_to_ego.position_m
        moving = solid(world.moving_boxes())
        near = np.hypot(*(self._static.xy_N2 - here).T) < 60.0
        boxes = Boxes.join(moving, self._static.select(near))
        if only_seen:
            boxes = boxes.select(visible(boxes, ego.pose_map_to_ego, self._rig))
        close = np.flatnonzero(np.hypot(*(boxes.xy_N2 - here).T) < _NEAR_M)
        tracks = self._predictor.tracks(boxes, close)
        return Situation(self.config, world, self._base, self._lanes, self._limit, s, lateral, ego.speed_mps, boxes,
                         Field(tracks, boxes, self._half), self._half, lights_and_signs(world, self._stops, s))

    def _hazards(self, situation: Situation, choice: Choice) -> list[Hazard]:
        """All that lies on the chosen way, and where to give way."""
        at = on_path(choice.path, situation.boxes)
        bodies = on_way(situation.boxes, at, choice.path, self._half[1], self._half[0])
        found = [*situation.signals, *bodies, *choice.waits]
        found = [h for h in found if not (h.body_id in choice.waited_for and h.standing_gap_m < 4.0)]
        return yields(situation, choice, at, found)

    def _last_resort(self, situation: Situation, choice: Choice, s: Floats) -> tuple[Floats, Floats, Conflict] | None:
        """When the plan itself would end in a crash: brake as hard as one can, or be gone before; and the crash."""
        here, v, field = situation.s_m, situation.speed_mps, situation.field
        keep = situation.answerable(choice.path)
        at = np.arange(0.0, HORIZON_S + 1e-9, STEP_S)
        times = _PLAN_STEP_S * np.arange(len(s))

        def crashes(profile: Floats) -> list[Conflict]:
            ahead = np.interp(at, times, profile) - here
            return field.conflicts(choice.path, ahead, 0.0, keep, 0.1, _CRASH_S)

        met = crashes(s) if v >= 0.3 else []
        if not met:
            return None
        hard = constant(here, v, -HARDEST_MPS2, _PLAN_STEP_S, _PLAN_S, v)
        gone = constant(here, v, _GO_MPS2, _PLAN_STEP_S, _PLAN_S, _GO_TOP_MPS)
        if crashes(hard[0]) and not crashes(gone[0]):
            return *gone, met[0]
        return *hard, met[0]

    def _labels(self, situation: Situation, choice: Choice, hazards: list[Hazard], crash: Conflict | None,
                s: Floats, v: Floats) -> ExpertPlan:
        pose = self._world.ego.pose_map_to_ego
        path = choice.path
        every = round(WAYPOINT_STEP_S / _PLAN_STEP_S)
        travelled = (s[every::every] - situation.s_m)[:WAYPOINTS]
        route = in_ego_frame(pose, path.at(ROUTE_STEP_M * np.arange(1.0, ROUTE_POINTS + 1.0)))
        waypoints = in_ego_frame(pose, path.at(travelled))
        waypoints[travelled < 0.05] = 0.0
        seconds = np.array([10, 20, 30])
        yaw = path.yaw(s - situation.s_m)
        longitudinal = np.array([words.longitudinal(v[i - 10], v[i]) for i in seconds])
        lateral = np.array([words.lateral(float(yaw[i] - yaw[i - 10])) for i in seconds])
        to = answer(situation, choice, hazards, crash)
        light = next((h for h in situation.signals if h.light), None)
        text = report(situation, choice, hazards, to, v).text()
        said = f"{LONGITUDINAL_WORDS[int(longitudinal[0])]}, {LATERAL_WORDS[int(lateral[0])]}: {choice.why}{to.detail}"
        said += f" {to.gap_m:.0f} m ahead" if math.isfinite(to.gap_m) else ""
        return ExpertPlan(waypoints.astype(np.float32), route.astype(np.float32), v[seconds].astype(np.float32),
                          longitudinal, lateral, light.light if light else 0, to.reason, to.gap_m, to.body_id, text,
                          said, light.gap_m if light else math.inf, to.thing)
