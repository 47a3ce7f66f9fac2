"""Demonstrations: somebody drives, the expert says at every look what it would do from there.

`driver` "expert": the expert drives itself, pushed off its path and speed now and then, so that recovery is seen.
`driver` a model folder: the policy drives and the expert corrects it (DAgger). Both go through the cores that drive at
run time, so that a sample holds exactly what the policy would have been given.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.driving.interfaces import ActionPolicy
from automot_ros.evaluation.drivers import DriverSettings, Teacher, assemble
from automot_ros.evaluation.examiner import Examiner
from automot_ros.policy.locations import model_folder
from automot_ros.policy.nano import Action, Understanding
from automot_ros.policy.preprocess import ActionInputs, ActionObservation, action_inputs, understanding_band
from automot_ros.scene.plan import Draft, DriveCommand
from automot_ros.scene.sensing import CameraFrame, Rig
from automot_ros.simulation.expert import ExpertPlan
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World
from automot_ros.training.samples import SAMPLE_TICKS, Samples, write_episode

LONGEST_EPISODE_TICKS = 2400
STUCK_TICKS = 900


@dataclass
class Witness:
    """An action policy that remembers what it was shown, and lets `inner` answer."""

    inner: ActionPolicy
    seen: ActionObservation | None = None

    def act(self, observation: ActionObservation) -> Draft:
        """Remember and pass on."""
        self.seen = observation
        return self.inner.act(observation)


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


def collect_episode(seed: int, driver: str, out: Path) -> int:
    """Drive one task and write its samples; returns their number. An episode that is there is not driven again."""
    path = out / f"{seed:06d}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as episode:
            return len(episode["speed"])
    world = World(plain_task(seed))
    rig = Rig()
    sensors = SensorSuite(world, rig)
    teacher = Teacher(world)
    rng = stream(seed, "disturbance")
    settings = DriverSettings(policy=driver, refiner="none", guard=driver != "expert",
                              understanding_lag_s=float(rng.choice([0.05, 0.1, 0.25, 0.5])))
    disturbance = Disturbance(rng, 1.0 if driver == "expert" and rng.random() < 0.7 else 0.0)
    if driver == "expert":
        witness = Witness(teacher)
        drive = assemble(settings, world, teacher, witness, None)
    else:
        folder = model_folder(driver)
        witness = Witness(Action(folder))
        drive = assemble(settings, world, Understanding(folder), witness, None)
    drive.observe_route(world.route)
    examiner = Examiner(world)
    columns: dict[str, list[object]] = {}
    standing = 0
    while not examiner.done and world.tick < LONGEST_EPISODE_TICKS and standing < STUCK_TICKS and len(world.events) < 2:
        look = world.tick % SAMPLE_TICKS == 0
        tick = sensors.sense(camera=look or driver != "expert")
        if tick.cameras:
            frame = tick.cameras[0].image_HW3
        # The expert does not look at pictures: between samples the last one stands in.
        telemetry = drive.step(replace(tick, cameras=(CameraFrame(tick.stamp_ns, "rgb_front", frame),)))
        if look and witness.seen is not None:
            inputs = action_inputs(witness.seen, rig.lidar.position_ego_m)
            _append(columns, understanding_band(frame), inputs, teacher.plan(), world, teacher.route_words())
        world.step(disturbance.apply(telemetry.command, world.tick, world.ego.speed_mps))
        examiner.observe()
        standing = 0 if world.ego.speed_mps > 0.3 else standing + 1
    if not columns:
        return 0
    arrays = {name: np.array(values) for name, values in columns.items()}
    samples = Samples(**arrays, episode=np.zeros(len(arrays["speed"]), np.int64))
    write_episode(path, samples)
    return len(samples)


def _append(columns: dict[str, list[object]], band: NDArray[np.uint8], inputs: ActionInputs, plan: ExpertPlan,
            world: World, route_words: str) -> None:
    pose = world.ego.pose_map_to_ego
    row = {
        "band": band, "image": inputs.image_IJ3, "bev": inputs.bev_CXY, "targets": inputs.target_points_22,
        "speed": np.float32(world.ego.speed_mps), "pose": np.array([pose.x_m, pose.y_m, pose.yaw_rad]),
        "waypoints": plan.waypoints_62, "route": plan.route_202, "speeds": plan.speeds_3,
        "longitudinal": plan.longitudinal_3, "lateral": plan.lateral_3, "light": np.int64(plan.light),
        "hazard_m": np.float32(plan.hazard_m), "report": plan.report, "route_words": route_words,
    }
    for name, value in row.items():
        columns.setdefault(name, []).append(value)


def _job(job: tuple[int, str, Path]) -> tuple[int, int]:
    return job[0], collect_episode(*job)


def collect(seeds: Sequence[int], driver: str, out: Path, workers: int, progress: Callable[[str], None]) -> int:
    """Episodes of all seeds into `out`, `workers` at once; resumable. Returns the number of samples."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("LP_NUM_THREADS", "1")
    total = 0
    jobs = [(seed, driver, out) for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for done, (seed, count) in enumerate(pool.imap_unordered(_job, jobs), 1):
            total += count
            progress(f"episode {done}/{len(jobs)}  seed {seed}  {count} samples  {total} in all")
    return total
