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

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes
from automot_ros.scene.sensing import CameraModel
from automot_ros.simulation.camera_gl import SMOOTH_SAMPLES, GraphicsDevice
from automot_ros.simulation.camera_ground import CELL_M, SurfaceLike, ground_mesh, terrain_mesh
from automot_ros.simulation.camera_lens import WetLens
from automot_ros.simulation.camera_light import Daylight, light_of
from automot_ros.simulation.camera_looks import FAR_LOOKS, NAMES, Instances, beacon_halos, lamp_halos, post_halos
from automot_ros.simulation.camera_textures import sky
from automot_ros.simulation.conditions import Conditions

Floats = NDArray[np.float64]
DRAW_RANGE_M = 120.0
HIDDEN = 2.4  # beyond range x density of this, nothing is left to be seen
NEAR_M, FAR_M = 0.25, 600.0
DETAIL_RANGE_M = 25.0
SHADOW_RANGE_M = 70.0


class CameraRenderer:
    """Draws one map with its fixed boxes through a fixed set of cameras."""

    def __init__(self, surfaces: Sequence[SurfaceLike], static_boxes: Boxes, cameras: Sequence[CameraModel],
                 seed: int, *, smooth: bool = False, conditions: Conditions | None = None) -> None:
        """`seed` sets the daylight of a fine day: where the sun stands, how deep the sky is, how far one sees.

        `conditions` other than the default change that, wet the road and the lens, and shake the cameras. `smooth`
        samples each pixel four times: for pictures people look at, at more than twice the time.
        Raises MachineError where there is no EGL driver, AutomotError for an unknown kind of surface.
        """
        self._device = GraphicsDevice.shared()
        self._cameras = tuple(cameras)
        self._samples = SMOOTH_SAMPLES if smooth else 0
        self._seed = seed
        self._conditions = conditions if conditions is not None else Conditions()
        self._light = light_of(seed, self._conditions)
        self._lens = tuple(WetLens(c.width_px, c.height_px, self._conditions.rain, seed, place)
                           for place, c in enumerate(self._cameras)) if self._conditions.rain > 0.0 else ()
        self._range_m = min(DRAW_RANGE_M, HIDDEN / self._light.haze_density)
        self._mesh = ground_mesh(surfaces)
        self._static = Instances(static_boxes, moving=False, varied=self._conditions.varied_vehicles)
        with self._device.context:
            roads = self._mesh
            self._ground = self._device.ground(roads.vertices_V7, roads.corners_M) if len(roads.first_C) else None
            self._terrain = self._device.ground(*terrain_mesh(self._light.grass))
            self._sky = self._device.texture(sky(self._light, seed))

    def render(self, moving: Boxes, ego_pose: Pose2, tick: int = 0,
               braking_N: NDArray[np.bool_] | None = None) -> list[NDArray[np.uint8]]:
        """One (H, W, 3) uint8 RGB image for each camera; `moving` holds what is not fixed, without the ego.

        `tick` (20 a second) moves what changes by itself: flashing lamps, rain, jitter. `braking_N`: which of the
        moving boxes slow down; without it only those that stand show bright brake lamps.
        """
        bodies = Instances(moving, moving=True, tick=tick, varied=self._conditions.varied_vehicles,
                           braking_N=braking_N)
        shake = self._shake(tick)
        with self._device.context:
            images = [self._image(camera, bodies, ego_pose, shake) for camera in self._cameras]
        return [lens.seen_through(image, tick) for lens, image in zip(self._lens, images, strict=True)] if (
            self._lens) else images

    def _shake(self, tick: int) -> Floats | None:
        """(3, 3) rotation of all cameras together at a tick, or None where they sit tight."""
        spread = math.radians(self._conditions.camera_jitter_deg)
        if spread == 0.0:
            return None
        pitch, roll, yaw = stream(self._seed, "camera-jitter", tick).normal(0.0, (spread, spread, 0.5 * spread))
        turn: Floats = cv2.Rodrigues(np.array([roll, pitch, yaw]))[0]
        return turn

    def _image(self, camera: CameraModel, bodies: Instances, ego_pose: Pose2,
               shake: Floats | None) -> NDArray[np.uint8]:
        device, gl = self._device, self._device.context
        eye, axes = _eye(camera, ego_pose)
        if shake is not None:
            axes = shake @ axes
        device.begin(_scene_block(camera, eye, axes, self._light, ego_pose.yaw_rad), self._sky)
        drawn, plain = device.target(camera.width_px, camera.height_px, self._samples)
        drawn.use()
        drawn.clear(*self._light.horizon, 1.0)
        gl.front_face = "cw"  # rows run downwards in our frame buffer, which mirrors the winding
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        rows, looks, shaded, glowing = self._seen(camera, bodies, eye, axes)
        for code in np.unique(looks):
            device.draw_instances(NAMES[code], rows[looks == code])
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

    def _seen(self, camera: CameraModel, bodies: Instances, eye: Floats,
              axes: Floats) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Instance rows in view, the look of each, the rows of those that cast a shadow, and of those that glow."""
        parts = [(part, np.flatnonzero(_in_view(camera, eye, axes, part.centres_N2, part.radii_N, self._range_m)))
                 for part in (self._static, bodies)]
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
        for near_look, far_look in FAR_LOOKS:
            looks[far & (looks == near_look)] = far_look
        halos = [rows[glows], *self._halos(parts, eye)]
        return rows, looks, shadows, np.concatenate(halos) if len(halos) > 1 else halos[0]

    def _halos(self, parts: list[tuple[Instances, NDArray[np.int64]]], eye: Floats) -> list[NDArray[np.float32]]:
        """Rows of the light round beacons, and by night round the lamps of cars and streets."""
        found = []
        night = self._light.night
        for part, seen in parts:
            beacons = part.rows_N12[seen[part.beacons_N[seen]]]
            if len(beacons):
                found.append(beacon_halos(beacons, eye))
            if night > 0.05:
                found.append(lamp_halos(part.rows_N12[seen[part.driven_N[seen]]], night))
                found.append(post_halos(part.rows_N12[seen[part.lit_posts_N[seen]]], eye, night))
        return found

    def _draw_ground(self, camera: CameraModel, eye: Floats, axes: Floats) -> None:
        if self._ground is not None:
            self._draw_roads(self._ground, camera, eye, axes)
        origin = self._device.programs["ground"]["origin"]
        origin.value = tuple(np.round(eye[:2]))  # type: ignore[union-attr]
        self._terrain.render()
        origin.value = (0.0, 0.0)  # type: ignore[union-attr]

    def _draw_roads(self, roads: moderngl.VertexArray, camera: CameraModel, eye: Floats, axes: Floats) -> None:
        mesh = self._mesh
        seen = np.flatnonzero(_in_view(camera, eye, axes, mesh.centres_C2, np.full(len(mesh.first_C), 0.71 * CELL_M),
                                       self._range_m))
        # Cells that follow one another in the buffer are drawn by one call.
        breaks = np.flatnonzero(np.diff(seen) != 1) + 1 if len(seen) else np.zeros(0, np.int64)
        for run in np.split(seen, breaks):
            if len(run):
                first = int(mesh.first_C[run[0]])
                count = int(mesh.first_C[run[-1]] + mesh.count_C[run[-1]]) - first
                roads.render(vertices=count, first=first)


def _eye(camera: CameraModel, ego_pose: Pose2) -> tuple[Floats, Floats]:
    """Position of the camera in the map (3,) and its axes as rows: forward, left, up."""
    x, y = ego_pose.apply(np.array([camera.position_ego_m[:2]]))[0]
    yaw = ego_pose.yaw_rad + camera.yaw_rad
    c, s = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(camera.pitch_rad), math.sin(camera.pitch_rad)
    axes = np.array([[c * cp, s * cp, sp], [-s, c, 0.0], [-c * sp, -s * sp, cp]])
    return np.array([x, y, camera.position_ego_m[2]]), axes


def _in_view(camera: CameraModel, eye: Floats, axes: Floats, centres_N2: Floats,
             radii_N: Floats, range_m: float) -> NDArray[np.bool_]:
    """Whether upright cylinders of those centres and radii may be seen within a range, judged in the ground plane."""
    offset = centres_N2 - eye[:2]
    forward = axes[0, :2] / max(np.hypot(*axes[0, :2]), 1e-6)
    x, y = offset @ forward, offset @ np.array([-forward[1], forward[0]])
    half = 0.5 * camera.horizontal_fov_rad / max(math.cos(camera.pitch_rad), 0.5)
    c, s = math.cos(half), math.sin(half)
    near = x * x + y * y < (range_m + radii_N) ** 2
    return np.asarray(near & (x > -radii_N) & (np.abs(y) * c - x * s < radii_N))


def _scene_block(camera: CameraModel, eye: Floats, axes: Floats, light: Daylight,
                 ego_yaw_rad: float) -> NDArray[np.float32]:
    """The uniform block `Scene` of the shaders, std140: a matrix by columns, then vectors of four."""
    sx, sy = 2.0 * camera.focal_px / camera.width_px, 2.0 * camera.focal_px / camera.height_px
    a, b = (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2.0 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    # Camera axes are x forward, y left, z up; v grows downwards with the rows of the frame buffer.
    projection = np.array([[0.0, -sx, 0.0, 0.0], [0.0, 0.0, -sy, 0.0], [a, 0.0, 0.0, b], [1.0, 0.0, 0.0, 0.0]])
    view = np.eye(4)
    view[:3, :3] = axes
    view[:3, 3] = -axes @ eye
    vectors = np.zeros((8, 4))
    vectors[:, :3] = [eye, -axes[1], axes[2], light.to_sun, light.sun, light.ambient_sky,
                      light.ambient_ground, light.horizon]
    vectors[:, 3] = [light.night, math.cos(ego_yaw_rad), math.sin(ego_yaw_rad), light.shadow, light.wet,
                     1.0 - light.hills, 0.0, light.haze_density]
    return np.concatenate([(projection @ view).T.ravel(), vectors.ravel()]).astype(np.float32)
