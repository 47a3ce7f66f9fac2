"""One drive of the embedded world behind the simulator node: world, sensors, examiner, and whose command counts."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np

from automot_ros.evaluation.examiner import Examiner
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, PointCloud, SensorTick
from automot_ros.simulation.conditions import Conditions
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.tasks import DriveTask, TrafficConfig
from automot_ros.simulation.world import World

HOLD_BRAKE = 0.5
LATE_S = 0.01
START_GRID_NS = 60 * SECOND_NS


class WorldSession:
    """A world that stands still until it is stepped. Stamps are those of the world plus `offset_ns`."""

    def __init__(self, task: DriveTask, offset_ns: int, max_command_age_s: float) -> None:
        self.offset_ns = offset_ns
        self._max_age_ns = round(max_command_age_s * SECOND_NS)
        self.world = World(task)
        self.sensors = SensorSuite(self.world)
        self.sensors.sense()  # compiles the shaders: the first tick must not be late for it
        self.examiner = Examiner(self.world)
        self.command: DriveCommand | None = None
        self.applied = DriveCommand.of(self.stamp_ns, 0.0, HOLD_BRAKE, 0.0)
        self.held_ticks = 0
        self.repeats = 0
        self.late_s: list[float] = []
        self._latency_s: list[float] = []
        self._sent_s: dict[int, float] = {}
        self._started_s = 0.0
        self._sensed: SensorTick | None = None

    @property
    def stamp_ns(self) -> int:
        """The time of the drive."""
        return self.world.stamp_ns + self.offset_ns

    @property
    def route(self) -> Route:
        """The route with the stamp of the drive's start."""
        return dataclasses.replace(self.world.route, stamp_ns=self.world.route.stamp_ns + self.offset_ns)

    @property
    def next_offset_ns(self) -> int:
        """Where the clock of the next drive starts: time never goes back, and a drive begins on a full minute."""
        return (self.stamp_ns // START_GRID_NS + 1) * START_GRID_NS

    def sense(self) -> SensorTick:
        """What the sensors give now, with the stamps of the drive; the same again until the next step."""
        stamp = self.stamp_ns
        if self._sensed is not None and self._sensed.stamp_ns == stamp:
            self.repeats += 1
            return self._sensed
        tick = self.sensors.sense()
        now = time.monotonic()
        self._started_s = self._started_s or now
        self._sent_s = {s: t for s, t in self._sent_s.items() if now - t < 2.0}
        self._sent_s[stamp] = now
        cameras = tuple(CameraFrame(stamp, c.camera, c.image_HW3) for c in tick.cameras)
        self._sensed = SensorTick(stamp, dataclasses.replace(tick.ego, stamp_ns=stamp), cameras,
                                  PointCloud(stamp, tick.points.points_N4))
        return self._sensed

    def receive(self, command: DriveCommand) -> bool:
        """Take a command; False for one that is not newer than the last or is from the future."""
        newest = -1 if self.command is None else self.command.stamp_ns
        if not newest < command.stamp_ns <= self.stamp_ns:
            return False
        sent = self._sent_s.get(command.stamp_ns)
        if sent is not None:
            self._latency_s.append(time.monotonic() - sent)
        self.command = command
        return True

    def step(self) -> None:
        """One tick under the newest command; the brake is held when it is missing or too old."""
        command = self.command
        if command is None or self.stamp_ns - command.stamp_ns > self._max_age_ns:
            command = DriveCommand.of(self.stamp_ns, 0.0, HOLD_BRAKE, 0.0)
            self.held_ticks += 1
        self.applied = command
        self.world.step(command)
        self.examiner.observe()

    def result(self) -> dict[str, Any]:
        """The score, and how the clock was kept."""
        wall_s = max(time.monotonic() - self._started_s, 1e-9) if self._started_s else 0.0
        scored = self.examiner.result().as_json()
        timing = {
            "wall_s": round(wall_s, 3), "real_time_factor": round(scored["duration_s"] / wall_s, 4) if wall_s else None,
            "ticks": self.world.tick, "late_ticks": sum(late > LATE_S for late in self.late_s),
            "latest_tick_s": round(max(self.late_s, default=0.0), 4), "brake_held_ticks": self.held_ticks,
            "repeated_ticks": self.repeats,
            "sensor_to_command_ms": percentiles_ms(self._latency_s)}
        return {**scored, "timing": timing}


def emptied(task: DriveTask) -> DriveTask:
    """The same map and route, with nobody else on it, on a fine day."""
    nobody = TrafficConfig(vehicles=0, parked=0, walkers=0)
    return dataclasses.replace(task, traffic=nobody, scenarios=(), conditions=Conditions())


def percentiles_ms(seconds: list[float]) -> dict[str, float | None]:
    """p50, p99 and the largest of some durations, in milliseconds."""
    if not seconds:
        return {"p50": None, "p99": None, "max": None}
    p50, p99 = np.percentile(seconds, [50, 99])
    return {"p50": round(1e3 * float(p50), 2), "p99": round(1e3 * float(p99), 2), "max": round(1e3 * max(seconds), 2)}
