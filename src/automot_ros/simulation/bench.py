"""How fast the world is: ticks a second without sensors, with LiDAR, and with three cameras and LiDAR.

The driver (the expert, steered by pure pursuit) runs between the measured parts and is not counted.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import CameraModel, Rig
from automot_ros.simulation.expert import Expert, ExpertPlan
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.tasks import TrafficConfig
from automot_ros.simulation.world import TICK_S, World

_PLAN_EVERY_TICKS = 4
_CAMERA_EVERY_TICKS = 2
_BUSY = TrafficConfig(vehicles=20, parked=24, walkers=5)
BENCH_CAMERAS = tuple(CameraModel(name=f"bench_{side}", width_px=320, height_px=180, yaw_rad=math.radians(yaw))
                      for side, yaw in (("front", 0.0), ("left", 60.0), ("right", -60.0)))


@dataclass(frozen=True, slots=True)
class WorldSpeed:
    """One measurement.

    road_users: vehicles, walkers and the scenario's own, the most at one time. median_ms and worst_ms: one tick's wall
    time; real_time: simulated seconds per second.
    cpu_ms: processor time of a mean tick, all threads; unlike the others it does not suffer from a busy machine.
    """

    suite: str
    map_name: str
    sensors: str
    road_users: int
    ticks: int
    ticks_per_s: float
    median_ms: float
    worst_ms: float
    real_time: float
    cpu_ms: float


def measure_world(suite: str, seed: int, ticks: int, sensors: str) -> WorldSpeed:
    """Drive one task with some 25 road users (as far as there is room for them) for `ticks` ticks.

    sensors is "none", "lidar" or "cameras" (three, and LiDAR). Cameras render at 10 Hz, LiDAR gives a half sweep each
    tick. The first tick (set-up of the renderer) is not counted.
    """
    world = World(replace(task_of(suite, seed), traffic=_BUSY))
    senses = SensorSuite(world, Rig(cameras=BENCH_CAMERAS))
    expert = Expert(world)
    plan = expert.plan()
    spent, cpu = np.zeros(ticks + 1), np.zeros(ticks + 1)
    users = 0
    for i in range(ticks + 1):
        if i % _PLAN_EVERY_TICKS == 0:
            plan = expert.plan()
        command = follow(world, plan)
        begin, cpu_begin = time.perf_counter(), time.process_time()
        world.step(command)
        if sensors != "none":
            senses.sense(camera=sensors == "cameras" and world.tick % _CAMERA_EVERY_TICKS == 1)
        spent[i], cpu[i] = time.perf_counter() - begin, time.process_time() - cpu_begin
        users = max(users, len(world.agents) + len(world.walkers) + len(world.cast))
    spent, cpu = spent[1:], cpu[1:]
    per_s = ticks / float(spent.sum())
    return WorldSpeed(suite, world.map.name, sensors, users, ticks, per_s, 1e3 * float(np.median(spent)),
                      1e3 * float(spent.max()), per_s * TICK_S, 1e3 * float(cpu.mean()))


def follow(world: World, plan: ExpertPlan) -> DriveCommand:
    """What roughly does as a plan says: pure pursuit on its path, pedals for the speed of its second waypoint."""
    v = world.ego.speed_mps
    target = plan.route_202[min(18, max(3, round(0.8 * v)) - 1)].astype(np.float64)
    steer = world.vehicle.steer_of(2.0 * float(target[1]) / max(float(target @ target), 1.0))
    wanted = float(np.hypot(*(plan.waypoints_62[1] - plan.waypoints_62[0]))) / 0.5
    if v < 0.3 and wanted < 0.3:
        return DriveCommand.of(world.stamp_ns, 0.0, 0.6, steer)
    acceleration = (wanted - v) / 0.75
    return DriveCommand.of(world.stamp_ns, max(0.0, acceleration / world.vehicle.max_acceleration_mps2 + 0.01 * v),
                           max(0.0, -acceleration / world.vehicle.max_deceleration_mps2), steer)
