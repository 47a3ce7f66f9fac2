"""What the ego's sensors give at one tick of the world: camera frames and half a LiDAR turn under one stamp."""

from __future__ import annotations

from automot_ros.scene.actors import Boxes
from automot_ros.scene.sensing import CameraFrame, PointCloud, Rig, SensorTick
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.lidar import sweep
from automot_ros.simulation.world import World


class SensorSuite:
    """The sensors of one world. The renderer is made at the first picture, so LiDAR alone needs no graphics driver."""

    def __init__(self, world: World, rig: Rig | None = None, *, smooth: bool = False) -> None:
        """`smooth` is the renderer's: pictures for people, slower, not what a policy is trained on."""
        self.rig = Rig() if rig is None else rig
        self._world = world
        self._smooth = smooth
        self._renderer: CameraRenderer | None = None

    def sense(self, camera: bool = True) -> SensorTick:
        """The present tick; with `camera` false there are no frames. Even ticks look left, odd ones right (LiDAR)."""
        world = self._world
        moving = world.moving_boxes()
        pose = world.ego.pose_map_to_ego
        points = sweep(self.rig.lidar, pose, Boxes.join(world.static_boxes, moving), world.tick % 2)
        points.flags.writeable = False
        frames: tuple[CameraFrame, ...] = ()
        if camera and self.rig.cameras:
            images = self._camera().render(moving, pose)
            for image in images:
                image.flags.writeable = False
            frames = tuple(CameraFrame(world.stamp_ns, c.name, image)
                           for c, image in zip(self.rig.cameras, images, strict=True))
        return SensorTick(world.stamp_ns, world.ego, frames, PointCloud(world.stamp_ns, points))

    def _camera(self) -> CameraRenderer:
        if self._renderer is None:
            world = self._world
            self._renderer = CameraRenderer(world.map.surfaces(), world.static_boxes, self.rig.cameras,
                                            world.task.seed, smooth=self._smooth)
        return self._renderer
