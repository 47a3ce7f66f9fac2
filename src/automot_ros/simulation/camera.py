"""The cameras of the embedded world: sky, terrain, road, buildings, bodies, drawn by OpenGL on the CPU or a GPU.

Pixel geometry is that of `scene.sensing.CameraModel.project`. The same input gives the same image, to the bit, on one
machine: nothing is carried from frame to frame. N counts boxes, C cells of the ground.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import CameraModel
from automot_ros.simulation.camera_gl import LOOKS, SMOOTH_SAMPLES, GraphicsDevice
from automot_ros.simulation.camera_ground import CELL_M, SurfaceLike, ground_mesh, terrain_mesh
from automot_ros.simulation.camera_textures import Daylight, daylight, sky

Floats = NDArray[np.float64]
DRAW_RANGE_M = 120.0
NEAR_M, FAR_M = 0.25, 600.0
STANDING_MPS = 0.3
DETAIL_RANGE_M = 25.0
SHADOW_RANGE_M = 70.0
AMBIENT_SKY, AMBIENT_GROUND = (0.47, 0.52, 0.60), (0.30, 0.29, 0.26)

_NAMES = list(LOOKS)
_LOOK_OF_KIND = {
    BodyKind.CAR: "car", BodyKind.TRUCK: "truck", BodyKind.BICYCLE: "bicycle", BodyKind.WALKER: "walker",
    BodyKind.BUILDING: "building", BodyKind.TREE: "tree_round", BodyKind.POLE: "pole",
    BodyKind.LIGHT_HOUSING: "housing", BodyKind.LAMP: "lamp", BodyKind.OBSTACLE: "obstacle",
}
_LOOK_CODES = np.array([_NAMES.index(_LOOK_OF_KIND[kind]) for kind in BodyKind])
_FAR_LOOKS = tuple((_NAMES.index(name), _NAMES.index(f"{name}_far")) for name in ("car", "walker"))
_SHADOW_KINDS = np.array([BodyKind.CAR, BodyKind.TRUCK, BodyKind.BICYCLE, BodyKind.WALKER, BodyKind.TREE,
                          BodyKind.OBSTACLE])


class CameraRenderer:
    """Draws one map with its fixed boxes through a fixed set of cameras."""

    def __init__(self, surfaces: Sequence[SurfaceLike], static_boxes: Boxes, cameras: Sequence[CameraModel],
                 seed: int, *, smooth: bool = False) -> None:
        """`seed` sets the daylight: where the sun stands, how deep the sky is, how far one sees.

        `smooth` samples each pixel four times: for pictures people look at, at more than twice the time.
        Raises MachineError where there is no EGL driver, AutomotError for an unknown kind of surface.
        """
        self._device = GraphicsDevice.shared()
        self._cameras = tuple(cameras)
        self._samples = SMOOTH_SAMPLES if smooth else 0
        self._light = daylight(seed)
        self._mesh = ground_mesh(surfaces)
        self._static = _Instances(static_boxes, moving=False)
        with self._device.context:
            roads = self._mesh
            self._ground = self._device.ground(roads.vertices_V7, roads.corners_M) if len(roads.first_C) else None
            self._terrain = self._device.ground(*terrain_mesh(self._light.grass))
            self._sky = self._device.texture(sky(self._light, seed))

    def render(self, moving: Boxes, ego_pose: Pose2) -> list[NDArray[np.uint8]]:
        """One (H, W, 3) uint8 RGB image for each camera; `moving` holds what is not fixed, without the ego."""
        bodies = _Instances(moving, moving=True)
        with self._device.context:
            return [self._image(camera, bodies, ego_pose) for camera in self._cameras]

    def _image(self, camera: CameraModel, bodies: _Instances, ego_pose: Pose2) -> NDArray[np.uint8]:
        device, gl = self._device, self._device.context
        eye, axes = _eye(camera, ego_pose)
        device.begin(_scene_block(camera, eye, axes, self._light), self._sky)
        drawn, plain = device.target(camera.width_px, camera.height_px, self._samples)
        drawn.use()
        drawn.clear(*self._light.horizon, 1.0)
        gl.front_face = "cw"  # rows run downwards in our frame buffer, which mirrors the winding
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        rows, looks, shaded, glowing = self._seen(camera, bodies, eye, axes)
        for code in np.unique(looks):
            device.draw_instances(_NAMES[code], rows[looks == code])
        self._draw_ground(camera, eye, axes)
        gl.enable_only(moderngl.DEPTH_TEST)
        device.sky.render()
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        drawn.depth_mask = False
        gl.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        device.draw_instances("shadow", shaded)
        gl.blend_func = moderngl.ONE, moderngl.ONE
        device.draw_instances("glow", glowing)
        drawn.depth_mask = True
        if self._samples:
            gl.copy_framebuffer(plain, drawn)
        pixels = np.frombuffer(plain.read(components=4), dtype=np.uint8)
        rgba = pixels.reshape(camera.height_px, camera.width_px, 4)
        return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), dtype=np.uint8)

    def _seen(self, camera: CameraModel, bodies: _Instances, eye: Floats,
              axes: Floats) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Instance rows in view, the look of each, the rows of those that cast a shadow, and of those that glow."""
        parts = [(part, part.seen(camera, eye, axes)) for part in (self._static, bodies)]
        rows = np.concatenate([part.rows_N12[i] for part, i in parts])
        looks = np.concatenate([part.looks_N[i] for part, i in parts])
        casts = np.concatenate([part.casts_N[i] for part, i in parts])
        glows = np.concatenate([part.glows_N[i] for part, i in parts])
        offset = rows[:, :2] - eye[:2].astype(np.float32)
        distance2 = offset[:, 0] ** 2 + offset[:, 1] ** 2
        # Nearest first: what is hidden then costs no fragments.
        order = np.argsort(distance2, kind="stable")
        rows, looks, casts, glows, distance2 = (a[order] for a in (rows, looks, casts, glows, distance2))
        shadows = rows[casts & (distance2 < SHADOW_RANGE_M**2)]
        # What is small or hangs may stand on or over a sidewalk: its shadow lies at that height.
        shadows[:, 11] = (shadows[:, 5] < 1.0) | (shadows[:, 2] > 1.0)
        shadows[:, 2] = 0.0
        far = distance2 > DETAIL_RANGE_M**2
        for near_look, far_look in _FAR_LOOKS:
            looks[far & (looks == near_look)] = far_look
        return rows, looks, shadows, rows[glows]

    def _draw_ground(self, camera: CameraModel, eye: Floats, axes: Floats) -> None:
        if self._ground is not None:
            self._draw_roads(self._ground, camera, eye, axes)
        origin = self._device.programs["ground"]["origin"]
        origin.value = tuple(np.round(eye[:2]))  # type: ignore[union-attr]
        self._terrain.render()
        origin.value = (0.0, 0.0)  # type: ignore[union-attr]

    def _draw_roads(self, roads: moderngl.VertexArray, camera: CameraModel, eye: Floats, axes: Floats) -> None:
        mesh = self._mesh
        seen = np.flatnonzero(_in_view(camera, eye, axes, mesh.centres_C2, np.full(len(mesh.first_C), 0.71 * CELL_M)))
        # Cells that follow one another in the buffer are drawn by one call.
        breaks = np.flatnonzero(np.diff(seen) != 1) + 1 if len(seen) else np.zeros(0, np.int64)
        for run in np.split(seen, breaks):
            if len(run):
                first = int(mesh.first_C[run[0]])
                count = int(mesh.first_C[run[-1]] + mesh.count_C[run[-1]]) - first
                roads.render(vertices=count, first=first)


class _Instances:
    """Boxes as instance rows: base (3), cosine and sine (2), size (3), colour (3) and standing flag."""

    def __init__(self, boxes: Boxes, *, moving: bool) -> None:
        self.rows_N12 = np.zeros((len(boxes), 12), dtype=np.float32)
        self.rows_N12[:, 0:2] = boxes.xy_N2
        self.rows_N12[:, 2] = boxes.base_z_N
        self.rows_N12[:, 3], self.rows_N12[:, 4] = np.cos(boxes.yaw_N), np.sin(boxes.yaw_N)
        self.rows_N12[:, 5:8] = boxes.sizes_N3
        self.rows_N12[:, 8:11] = boxes.color_N3 / np.float32(255.0)
        # What stands in traffic has its foot on the brake; what is parked for good has not.
        self.rows_N12[:, 11] = (np.abs(boxes.speed_N) < STANDING_MPS) & moving
        self.looks_N = _looks(boxes)
        self.glows_N = boxes.emissive_N
        self.casts_N = np.isin(boxes.kinds_N, _SHADOW_KINDS) & (boxes.sizes_N3[:, 1] > 0.4)
        self.centres_N2 = boxes.xy_N2
        self.radii_N = 0.5 * np.hypot(boxes.sizes_N3[:, 0], boxes.sizes_N3[:, 1]) + 1.0

    def seen(self, camera: CameraModel, eye: Floats, axes: Floats) -> NDArray[np.int64]:
        """Indices of the boxes that may be in the picture."""
        return np.flatnonzero(_in_view(camera, eye, axes, self.centres_N2, self.radii_N))


def _looks(boxes: Boxes) -> NDArray[np.int64]:
    """The mesh of each box: by kind, and by shape where a kind stands for several things."""
    looks = _LOOK_CODES[boxes.kinds_N]
    long, wide, high = boxes.sizes_N3.T
    tree, pole = boxes.kinds_N == BodyKind.TREE, boxes.kinds_N == BodyKind.POLE
    looks[tree & (wide < 0.25 * high)] = _NAMES.index("trunk")
    hanging = tree & (boxes.base_z_N > 1.0)
    looks[hanging] = np.where(boxes.ids_N[hanging] % 4 == 0, _NAMES.index("crown_tall"), _NAMES.index("crown_round"))
    looks[pole & (wide > 4.0 * long)] = _NAMES.index("sign")
    looks[pole & (long > 2.0 * high)] = _NAMES.index("beam")
    return looks


def _eye(camera: CameraModel, ego_pose: Pose2) -> tuple[Floats, Floats]:
    """Position of the camera in the map (3,) and its axes as rows: forward, left, up."""
    x, y = ego_pose.apply(np.array([camera.position_ego_m[:2]]))[0]
    yaw = ego_pose.yaw_rad + camera.yaw_rad
    c, s = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(camera.pitch_rad), math.sin(camera.pitch_rad)
    axes = np.array([[c * cp, s * cp, sp], [-s, c, 0.0], [-c * sp, -s * sp, cp]])
    return np.array([x, y, camera.position_ego_m[2]]), axes


def _in_view(camera: CameraModel, eye: Floats, axes: Floats, centres_N2: Floats,
             radii_N: Floats) -> NDArray[np.bool_]:
    """Whether upright cylinders of those centres and radii may be seen, judged in the ground plane."""
    offset = centres_N2 - eye[:2]
    forward = axes[0, :2] / max(np.hypot(*axes[0, :2]), 1e-6)
    x, y = offset @ forward, offset @ np.array([-forward[1], forward[0]])
    half = 0.5 * camera.horizontal_fov_rad / max(math.cos(camera.pitch_rad), 0.5)
    c, s = math.cos(half), math.sin(half)
    near = x * x + y * y < (DRAW_RANGE_M + radii_N) ** 2
    return np.asarray(near & (x > -radii_N) & (np.abs(y) * c - x * s < radii_N))


def _scene_block(camera: CameraModel, eye: Floats, axes: Floats, light: Daylight) -> NDArray[np.float32]:
    """The uniform block `Scene` of the shaders, std140: a matrix by columns, then vectors of four."""
    sx, sy = 2.0 * camera.focal_px / camera.width_px, 2.0 * camera.focal_px / camera.height_px
    a, b = (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2.0 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    # Camera axes are x forward, y left, z up; v grows downwards with the rows of the frame buffer.
    projection = np.array([[0.0, -sx, 0.0, 0.0], [0.0, 0.0, -sy, 0.0], [a, 0.0, 0.0, b], [1.0, 0.0, 0.0, 0.0]])
    view = np.eye(4)
    view[:3, :3] = axes
    view[:3, 3] = -axes @ eye
    vectors = np.zeros((8, 4))
    vectors[:, :3] = [eye, -axes[1], axes[2], light.to_sun, light.sun, AMBIENT_SKY, AMBIENT_GROUND, light.horizon]
    vectors[7, 3] = light.haze_density
    return np.concatenate([(projection @ view).T.ravel(), vectors.ravel()]).astype(np.float32)
