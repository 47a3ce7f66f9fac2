"""What the ego's sensors give at one tick of the world: camera frames and half a LiDAR turn under one stamp.

With a sensor latency of N ticks the CONTENT of pictures and points is N ticks old (what stood where, and where the ego
was), but the stamp is the present one: a reader cannot see their age, as with a sensor that stamps on arrival.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes
from automot_ros.scene.sensing import CameraFrame, PointCloud, Rig, SensorTick
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.lidar import drop_out, sweep
from automot_ros.simulation.world import TICK_S, World

BRAKING_MPS2 = 0.8


@dataclass(frozen=True, slots=True)
class _Moment:
    """What there was to sense at a tick; `braking_N`: which of the moving boxes slow down."""

    tick: int
    moving: Boxes
    pose: Pose2
    braking_N: NDArray[np.bool_] | None


class SensorSuite:
    """The sensors of one world. The renderer is made at the first picture, so LiDAR alone needs no graphics driver."""

    def __init__(self, world: World, rig: Rig | None = None, *, smooth: bool = False) -> None:
        """`smooth` is the renderer's: pictures for people, slower, not what a policy is trained on."""
        self.rig = Rig() if rig is None else rig
        self._world = world
        self._smooth = smooth
        self._renderer: CameraRenderer | None = None
        self._moments: deque[_Moment] = deque()

    def sense(self, camera: bool = True) -> SensorTick:
        """The present tick; with `camera` false there are no frames. Even ticks look left, odd ones right (LiDAR).

        With a sensor latency, call it or `notice` at every tick: what was not seen then, cannot be given later.
        """
        world, conditions = self._world, self._world.task.conditions
        seen = self._seen()
        points = sweep(self.rig.lidar, seen.pose, Boxes.join(world.static_boxes, seen.moving), seen.tick % 2)
        if conditions.lidar_dropout > 0.0:
            points = drop_out(points, conditions.lidar_dropout, world.task.seed, seen.tick)
        points.flags.writeable = False
        frames: tuple[CameraFrame, ...] = ()
        if camera and self.rig.cameras:
            images = self._camera().render(seen.moving, seen.pose, seen.tick, seen.braking_N)
            for image in images:
                image.flags.writeable = False
            frames = tuple(CameraFrame(world.stamp_ns, c.name, image)
                           for c, image in zip(self.rig.cameras, images, strict=True))
        return SensorTick(world.stamp_ns, world.ego, frames, PointCloud(world.stamp_ns, points))

    def notice(self) -> None:
        """Remember the present tick without looking at it closely: what a sensor latency may ask for later."""
        self._seen()

    def _seen(self) -> _Moment:
        """The newest known moment that is old enough; at the start of a drive, the oldest there is."""
        world, conditions = self._world, self._world.task.conditions
        if not self._moments or self._moments[-1].tick != world.tick:
            moving = world.moving_boxes()
            braking = self._braking(moving) if conditions.varied_vehicles else None
            self._moments.append(_Moment(world.tick, moving, world.ego.pose_map_to_ego, braking))
        old = world.tick - conditions.sensor_latency_ticks
        while len(self._moments) > 1 and self._moments[1].tick <= old:
            self._moments.popleft()
        return self._moments[0]

    def _braking(self, moving: Boxes) -> NDArray[np.bool_]:
        """Which boxes are slower than at the moment before, by more than a car that just rolls."""
        if not self._moments:
            return np.zeros(len(moving), dtype=np.bool_)
        before = self._moments[-1]
        order = np.argsort(before.moving.ids_N)
        known = before.moving.ids_N[order]
        place = np.minimum(np.searchsorted(known, moving.ids_N), len(known) - 1)
        slower = before.moving.speed_N[order][place] - moving.speed_N
        least = BRAKING_MPS2 * TICK_S * (self._world.tick - before.tick)
        return np.asarray((known[place] == moving.ids_N) & (slower > least), dtype=np.bool_)

    def _camera(self) -> CameraRenderer:
        if self._renderer is None:
            world = self._world
            self._renderer = CameraRenderer(world.map.surfaces(), world.static_boxes, self.rig.cameras, world.task.seed,
                                            smooth=self._smooth, conditions=world.task.conditions)
        return self._renderer
