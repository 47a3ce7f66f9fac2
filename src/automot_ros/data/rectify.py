"""From a real camera's image to the pinhole image that the model was trained with: one precomputed resampling.

Directions are kept, the place is not: the picture is that of a level camera at the real camera's place. Distortion is
that of OpenCV and CameraInfo: plumb_bob, rational_polynomial, equidistant.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ConfigError
from automot_ros.scene.sensing import CameraModel, Lens, mounting

Values = NDArray[np.float64]
LEAST_COVERAGE = 0.8
STEEPEST = 50.0  # tan of the angle off the axis beyond which a direction lies behind the camera for all that matters


def distorted(lens: Lens, xy_N2: Values) -> Values:
    """(N, 2) directions x right, y down at depth 1, as the lens bends them; NaN where its polynomial turns back."""
    r = np.hypot(xy_N2[:, 0], xy_N2[:, 1])
    usable = r <= _largest_radius(lens, float(r.max(initial=0.0)))
    x, y = xy_N2.T
    bent = xy_N2 * (_radial(lens, r) / np.maximum(r, 1e-12))[:, None]
    bent[r < 1e-9] = xy_N2[r < 1e-9]
    bent[:, 0] += 2.0 * lens.p1 * x * y + lens.p2 * (r**2 + 2.0 * x**2)
    bent[:, 1] += lens.p1 * (r**2 + 2.0 * y**2) + 2.0 * lens.p2 * x * y
    bent[~usable] = np.nan
    return bent


def _radial(lens: Lens, r: Values) -> Values:
    """Distance from the axis after the lens, at depth 1, of a distance before it."""
    if lens.distortion == "equidistant":
        a = np.arctan(r)
        return np.asarray(a * (1.0 + lens.k1 * a**2 + lens.k2 * a**4 + lens.k3 * a**6 + lens.k4 * a**8))
    over, under = ((1.0 + a * r**2 + b * r**4 + c * r**6)
                   for a, b, c in ((lens.k1, lens.k2, lens.k3), (lens.k4, lens.k5, lens.k6)))
    return np.asarray(r * over / under)


def _largest_radius(lens: Lens, farthest: float) -> float:
    """Up to where the polynomial grows: beyond that a calibration says nothing."""
    r = np.linspace(0.0, max(farthest, 1e-3), 2000)
    falls = np.flatnonzero(~(np.diff(_radial(lens, r)) > 0.0))
    return float(r[falls[0]]) if len(falls) else math.inf


class Rectifier:
    """Call it with an image of `camera.lens`: (H, W, 3) uint8. `coverage`: share of the model's view that it sees.

    ConfigError where the camera sees too little of what the model looks at.
    """

    def __init__(self, camera: CameraModel) -> None:
        lens = camera.lens
        if lens is None:
            raise ConfigError("camera without a lens has nothing to resample", where=camera.name)
        self._size = (lens.height_px, lens.width_px)
        # An image that is much finer than the model's is averaged first, or thin things would flicker.
        shrink = max(1, int(min(lens.fx_px, lens.fy_px) / camera.focal_px + 1e-6))
        self._small = (max(1, lens.width_px // shrink), max(1, lens.height_px // shrink))
        pixels = _source_pixels(camera, lens)
        inside: NDArray[np.bool_] = np.all(
            (pixels > -0.5) & (pixels < np.array([lens.width_px, lens.height_px]) - 0.5), axis=-1, keepdims=True)
        self.coverage = float(inside.mean())
        if self.coverage < LEAST_COVERAGE:
            raise ConfigError("the camera sees too little of what the model looks at", where=f"camera {camera.name}",
                              got=f"{self.coverage:.0%} of its view", wanted=f">= {LEAST_COVERAGE:.0%}, a wider lens "
                              "that looks ahead, or a corrected calibration")
        at = (pixels + 0.5) * np.array(self._small) / np.array([lens.width_px, lens.height_px]) - 0.5
        at = np.where(inside, np.clip(at, 0.0, np.array(self._small) - 1.0), -1e4).astype(np.float32)
        self._maps = cv2.convertMaps(np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1]), cv2.CV_16SC2)

    def __call__(self, image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image of the model's camera; black where the real one does not see."""
        if image_HW3.shape != (*self._size, 3):
            raise ConfigError("image of another size", got=image_HW3.shape, wanted=(*self._size, 3))
        source = np.ascontiguousarray(image_HW3)
        if self._small != self._size[::-1]:
            source = cv2.resize(source, self._small, interpolation=cv2.INTER_AREA)
        made: NDArray[np.uint8] = cv2.remap(source, *self._maps, interpolation=cv2.INTER_LINEAR,
                                            borderMode=cv2.BORDER_CONSTANT)
        return made


def _source_pixels(camera: CameraModel, lens: Lens) -> Values:
    """(H, W, 2) pixels u, v of the lens for every pixel of the model's camera; far outside where it cannot see."""
    u, v = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    left, up = (camera.width_px / 2.0 - u) / camera.focal_px, (camera.height_px / 2.0 - v) / camera.focal_px
    rays_N3 = np.stack([np.ones_like(left), left, up], axis=-1).reshape(-1, 3)
    in_ego = rays_N3 @ mounting(0.0, camera.pitch_rad, camera.yaw_rad).T
    ahead, left, up = (in_ego @ mounting(lens.roll_rad, lens.pitch_rad, lens.yaw_rad)).T
    seen = (ahead > 0.0) & (np.hypot(left, up) < STEEPEST * ahead)
    depth = np.where(seen, ahead, 1.0)
    bent = distorted(lens, np.stack([np.where(seen, -left / depth, 0.0), np.where(seen, -up / depth, 0.0)], axis=1))
    pixels: Values = bent * np.array([lens.fx_px, lens.fy_px]) + np.array([lens.cx_px, lens.cy_px])
    pixels[~seen | ~np.isfinite(bent).all(axis=1)] = -1e6
    return pixels.reshape(camera.height_px, camera.width_px, 2)
