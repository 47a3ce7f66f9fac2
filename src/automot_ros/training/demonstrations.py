"""Demonstrations: somebody drives, the expert says at every look what it would do from there; each drive is one bag.

`driver` "expert": the expert drives itself, pushed off its path, heading and speed now and then, so that recovery is
seen. `driver` a model folder: the policy drives and the expert corrects it (DAgger). Labels are the expert's plan from
what can be seen from the car at that moment, whoever drives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from automot_ros.base.errors import ConfigError
from automot_ros.base.seeds import stream
from automot_ros.data.episode import BODY_COLUMNS, EpisodeWriter, Label
from automot_ros.evaluation.drivers import DriverSettings, Senses, make_driver
from automot_ros.evaluation.examiner import Examiner
from automot_ros.evaluation.pool import Lost, Runner
from automot_ros.evaluation.routes import one_thread
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import Rig, SensorTick
from automot_ros.simulation.expert import Expert, ExpertPlan
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.visibility import visible
from automot_ros.simulation.world import World

LOOK_TICKS = 5
LONGEST_TICKS = 2400
STUCK_LOOKS = 40
STILL_MPS = 0.3
AFTER_INFRACTION_TICKS = 40
_NEAR_M = 70.0
_SCENERY = (BodyKind.BUILDING, BodyKind.TREE, BodyKind.POLE, BodyKind.LIGHT_HOUSING, BodyKind.LAMP, BodyKind.SIGN)


@dataclass
class Disturbance:
    """Pushes on steering and pedals, a burst every few seconds, so that the car leaves the expert's path."""

    rng: np.random.Generator
    strength: float
    _until: int = 0
    _steer: float = 0.0
    _pedal: float = 0.0

    def apply(self, command: DriveCommand, tick: int, speed_mps: float) -> DriveCommand:
        """The command the car really gets."""
        if tick >= self._until:
            self._until = tick + int(self.rng.integers(6, 16))
            if self.rng.random() < 0.22 * self.strength:
                self._steer = float(self.rng.uniform(-1.0, 1.0)) * 1.2 / (3.0 + speed_mps)
                self._pedal = float(self.rng.choice([0.0, 0.0, 0.5, -0.5]))
            else:
                self._steer = self._pedal = 0.0
        if (self._steer == 0.0 and self._pedal == 0.0) or speed_mps < 0.5:
            return command
        throttle = max(0.0, command.throttle + max(0.0, self._pedal))
        brake = max(0.0, command.brake - self._pedal) if self._pedal else command.brake
        return DriveCommand.of(command.stamp_ns, throttle, brake, command.steer + self._steer)


def record_drive(job: tuple[str, int], driver: str, out: Path, without: tuple[str, ...] = ()) -> str:
    """Drive one task of a suite and keep it as the bag out/SUITE-SEED; one that is there is not driven again.

    without: parts taken away from a model that drives, see DriverSettings.
    """
    one_thread()
    suite, seed = job
    path = out / f"{suite}-{seed:06d}"
    if path.exists():
        return "there already"
    rng = stream(seed, "disturbance")
    settings = DriverSettings(policy=driver, refiner="none", guard=driver != "expert" and bool(rng.random() < 0.3),
                              understanding_lag_s=float(rng.choice([0.05, 0.1, 0.25, 0.5])), without=without)
    disturbance = Disturbance(rng, 1.0 if driver == "expert" and rng.random() < 0.7 else 0.0)
    world = World(task_of(suite, seed))
    sensors, teacher, examiner = SensorSuite(world, Rig()), Expert(world), Examiner(world)
    drive, senses = make_driver(settings, world)
    drive.observe_route(world.route)
    stuck, ends = 0, LONGEST_TICKS
    with EpisodeWriter(path) as bag:
        bag.write(world.route)
        while not examiner.done and world.tick < ends and stuck < STUCK_LOOKS:
            tick = _sense(sensors, world, senses)
            phase = world.tick % LOOK_TICKS
            if phase in (0, LOOK_TICKS - 1):
                bag.write(tick.ego)
                bag.write(tick.points)
            if phase == 0:
                plan = teacher.plan(only_seen=True)
                bag.write(tick.cameras[0])
                bag.write(label_of(plan, world))
                # Standing where the expert would drive on is the same look again and again.
                stuck = stuck + 1 if world.ego.speed_mps < STILL_MPS < plan.speeds_3[0] else 0
            command = drive.step(tick).command
            world.step(disturbance.apply(command, world.tick, world.ego.speed_mps))
            examiner.observe()
            if world.events:  # what follows a collision or a red light is nobody's example
                ends = min(ends, world.tick + AFTER_INFRACTION_TICKS)
    looks = 1 + (world.tick - 1) // LOOK_TICKS
    return f"{looks} looks, {len(world.events)} infractions"


def _sense(sensors: SensorSuite, world: World, senses: Senses) -> SensorTick:
    """What the driver reads or the bag keeps, and no more: pictures at looks, points at looks and the tick before."""
    phase = world.tick % LOOK_TICKS
    if senses is Senses.ALL or phase == 0:
        return sensors.sense()
    if senses is Senses.LIDAR or phase == LOOK_TICKS - 1:
        return sensors.sense(camera=False)
    sensors.notice()
    return SensorTick.odometry_only(world.ego)


def label_of(plan: ExpertPlan, world: World) -> Label:
    """The expert's plan and the bodies it can see, in the ego's frame."""
    ego = world.ego
    boxes = Boxes.join(world.moving_boxes(), world.static_boxes)
    near = np.hypot(*(boxes.xy_N2 - ego.pose_map_to_ego.position_m).T) < _NEAR_M
    boxes = boxes.select(near)
    scenery = np.isin(boxes.kinds_N, [int(k) for k in _SCENERY])
    boxes = boxes.select(visible(boxes, ego.pose_map_to_ego, Rig()) & ~scenery)
    xy = ego.pose_map_to_ego.inverse_apply(boxes.xy_N2)
    bodies = np.column_stack([boxes.kinds_N, xy, boxes.yaw_N - ego.pose_map_to_ego.yaw_rad, boxes.sizes_N3[:, :2],
                              boxes.speed_N]).astype(np.float32).reshape(-1, BODY_COLUMNS)
    return Label(ego.stamp_ns, plan.waypoints_62, plan.route_202, plan.speeds_3, plan.longitudinal_3, plan.lateral_3,
                 plan.light, plan.hazard, plan.hazard_m, plan.report, plan.words, bodies)


def collect(jobs: Sequence[tuple[str, int]], driver: str, out: Path, runner: Runner,
            progress: Callable[[str], None], without: tuple[str, ...] = ()) -> None:
    """One bag in `out` for each (suite, seed); resumable. ConfigError when the process of a drive died twice."""
    out.mkdir(parents=True, exist_ok=True)
    lost = []
    drive = partial(record_drive, driver=driver, out=out, without=without)
    for done, (index, said) in enumerate(runner.over(drive, jobs), 1):
        suite, seed = jobs[index]
        if isinstance(said, Lost):
            lost.append(f"{suite}-{seed}: {said.why}")
        progress(f"drive {done}/{len(jobs)}  {suite}-{seed}  {said}")
    if lost:
        raise ConfigError("drives lost", where=str(out), got="; ".join(lost), wanted="to run the command again")
