"""Who may be examined: the model in a folder, baselines, the privileged expert. All drive through the same cores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from automot_ros.base.errors import ConfigError
from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.interfaces import ActionPolicy, RefinerPolicy, UnderstandingPolicy
from automot_ros.driving.refiner import RefinerConfig, RefinerCore
from automot_ros.driving.schedule import InProcessDrive, Telemetry
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.evaluation.baseline_drive import BaselineDrive
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.policy.ablation import LessAction, LessRefiner, LessUnderstanding, Unread, parts_of
from automot_ros.policy.baselines import ConstantSpeed
from automot_ros.policy.checkpoint import model_hash
from automot_ros.policy.locations import model_folder
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation, route_words
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Decision
from automot_ros.scene.plan import Draft, Trajectory
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import LidarModel, SensorTick
from automot_ros.simulation.expert import Expert, ExpertPlan
from automot_ros.simulation.world import World

BASELINES = ("stand-still", "blind", "idm", "expert-lidar", "noisy", "constant-speed")
EPOCH = 1
# The expert reads no sensor, its plans come ten times a second from the world itself: nothing to look at for these.
EXPERT_GUARD = GuardConfig(check_corridor=False, check_context=False, check_freshness=False)
PLAN_EVERY_TICKS = 2


class Senses(Enum):
    """Which sensors a driver reads beside odometry."""

    NONE = 0
    LIDAR = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class DriverSettings:
    """What is examined. policy: expert, a baseline, nano or a model folder; lag and period in simulated seconds.

    without: parts taken away from a model (policy/ablation.py), kept in one order. ConfigError for an unknown one, or
    where there is no model.
    """

    policy: str
    refiner: str = "diffusion"
    guard: bool = True
    understanding_lag_s: float = 0.1
    context_period_s: float = 0.25
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", parts_of(self.without))
        if self.without and not self.has_model:
            raise ConfigError("nothing to take away", where="DriverSettings.without", got=f"policy {self.policy}",
                              wanted="a model")

    @property
    def has_model(self) -> bool:
        """Whether a model drives, and not the expert or a baseline."""
        return self.policy not in ("expert", *BASELINES)

    @property
    def model_hash(self) -> str:
        """Hash of the weights examined; empty where there are none."""
        return model_hash(model_folder(self.policy)) if self.has_model else ""

    @property
    def refined(self) -> str:
        """The refiner that runs: only a model has one."""
        return self.refiner if self.has_model else "none"

    @property
    def guarded(self) -> bool:
        """Whether the guard watches the road. Over the expert it never does: it has no sensors."""
        return self.guard and self.policy != "expert"

    @property
    def label(self) -> str:
        """What a table calls the driver: the policy, the guard where it is on, and what was taken away."""
        guard = " + guard" if self.guarded else ""
        return self.policy + guard + "".join(f" - {part}" for part in self.without)


class Drive(Protocol):
    """A driver of one world."""

    def observe_route(self, route: Route) -> None:
        """Set the route, before the first tick."""
        ...

    def step(self, tick: SensorTick) -> Telemetry:
        """The command for a tick."""
        ...


class Teacher:
    """The expert of one world in the place of the three experts of the model."""

    def __init__(self, world: World) -> None:
        self._world, self._expert = world, Expert(world)
        self._line = world.route.line()
        self._made: tuple[int, ExpertPlan] | None = None

    def plan(self) -> ExpertPlan:
        """The expert's plan for the world as it stands; made once a tick."""
        if self._made is None or self._made[0] != self._world.tick:
            self._made = (self._world.tick, self._expert.plan())
        return self._made[1]

    def route_words(self) -> str:
        """The route in words, from where the ego is."""
        return route_words(self._line, self._world.route_s_m)

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """An empty context with the expert's report as its text."""
        nothing = np.zeros((1, 1, 1, 1), np.float32)
        return AttentionContext(obs.stamp_ns, epoch, sequence, "", nothing, nothing, 1, pose, self.plan().report)

    def act(self, obs: ActionObservation) -> Draft:
        """The expert's plan as a draft."""
        plan = self.plan()
        decision = Decision(np.eye(len(LONGITUDINAL_WORDS), dtype=np.float32)[plan.longitudinal_3],
                            np.eye(len(LATERAL_WORDS), dtype=np.float32)[plan.lateral_3])
        return Draft(ego=obs.ego, waypoints_62=plan.waypoints_62, route_202=plan.route_202, speeds_3=plan.speeds_3,
                     decision=decision, decision_latents_8D=np.zeros((8, 1), np.float32),
                     bev_tokens_64D=np.zeros((64, 1), np.float32), context_epoch=obs.context.epoch,
                     context_sequence=obs.context.sequence, context_age_s=obs.context_age_s)


class ExpertDrive:
    """The expert, ten plans a second, under the controller; without sensors, so two checks have nothing to look at."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._teacher = Teacher(world)
        self._trajectory: Trajectory | None = None
        self._controller = ControllerCore(ControllerConfig(), EXPERT_GUARD, world.vehicle, LidarModel().position_ego_m)

    def observe_route(self, route: Route) -> None:
        """The expert knows it already."""

    def step(self, tick: SensorTick) -> Telemetry:
        """The command for a tick; only its stamp, odometry and (empty) points are looked at."""
        self._controller.observe_ego(tick.ego, tick.stamp_ns)
        self._controller.observe_points(tick.points, tick.stamp_ns)
        if self._trajectory is None or self._world.tick % PLAN_EVERY_TICKS == 0:
            plan = self._teacher.plan()
            self._trajectory = trajectory_from(tick.ego, plan.waypoints_62, plan.route_202)
            self._controller.observe_trajectory(self._trajectory, tick.stamp_ns)
        done = self._controller.step(tick.stamp_ns)
        if done is None:
            raise ConfigError("the expert's controller waits", where="ExpertDrive", wanted="real-time stepping")
        return Telemetry(done[0], done[1], None, self._trajectory, None)


def make_driver(settings: DriverSettings, world: World) -> tuple[Drive, Senses]:
    """(driver, what it must be given) for a world."""
    if settings.policy == "expert":
        return ExpertDrive(world), Senses.NONE
    if settings.policy in BASELINES and settings.policy != "constant-speed":
        drive = BaselineDrive(world, settings.policy, guard_config(settings))
        return drive, Senses.LIDAR if settings.guard else Senses.NONE
    if settings.policy == "constant-speed":  # the baseline of nodes, in their cores
        return assemble(settings, world, Teacher(world), ConstantSpeed(), None), Senses.ALL
    # torch is only needed where a model drives.
    from automot_ros.policy.checkpoint import variant_of
    from automot_ros.policy.nano import Action, Refiner, Understanding
    from automot_ros.policy.undecided import UndecidedAction

    folder = model_folder(settings.policy)
    refiner = Refiner(folder) if settings.refiner == "diffusion" else None
    action = UndecidedAction(folder) if "decisions" in settings.without else Action(folder)
    understanding = (Unread(settings.model_hash, variant_of(folder).action) if "context" in settings.without
                     else Understanding(folder))
    return assemble(settings, world, understanding, action, refiner, settings.model_hash), Senses.ALL


def guard_config(settings: DriverSettings) -> GuardConfig:
    """The guard as it ships, or with every check off; the expert's own for the expert."""
    if settings.policy == "expert":
        return EXPERT_GUARD
    return GuardConfig() if settings.guard else GuardConfig(
        check_freshness=False, check_context=False, check_trajectory=False, check_corridor=False,
        check_goal=False, check_command=False)


def assemble(settings: DriverSettings, world: World, understanding: UnderstandingPolicy, action: ActionPolicy,
             refiner: RefinerPolicy | None, weights: str = "") -> InProcessDrive:
    """The four cores in lockstep around three policies, less what is taken away from them."""
    if settings.without:
        understanding = LessUnderstanding(understanding.understand, settings.without)
        action = LessAction(action.act, settings.without)
        refiner = None if refiner is None else LessRefiner(refiner.refine, settings.without)
    period, lag = settings.context_period_s, settings.understanding_lag_s
    return InProcessDrive(
        UnderstandingCore(UnderstandingConfig(lockstep=True, context_period_s=period, context_lag_s=lag), understanding,
                          EPOCH),
        ActionCore(ActionConfig(lockstep=True, context_period_s=period, context_lag_s=lag), action, weights),
        RefinerCore(RefinerConfig(refiner="none" if refiner is None else "diffusion"), refiner),
        ControllerCore(ControllerConfig(lockstep=True, context_period_s=period, context_lag_s=lag),
                       guard_config(settings), world.vehicle, LidarModel().position_ego_m))
