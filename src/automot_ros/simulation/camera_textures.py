"""Pictures that the camera's programs look up: the grain of the ground, windows, and the sky all round."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.simulation.camera_light import Daylight

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

NOISE_TEXELS = 512
WINDOW_CELLS, WINDOW_TEXELS = 8, 32
SKY_WIDTH, SKY_HEIGHT = 1024, 160
SKY_LOW, SKY_HIGH = -0.04, 1.6  # tangent of the elevation at the first and the last row


def _field(texels: int, name: str, low: float, high: float, fall: float) -> Floats:
    """Tileable noise of mean 0.5: waves of `low`..`high` periods a tile whose size falls with frequency^-fall."""
    fy, fx = np.meshgrid(np.fft.fftfreq(texels) * texels, np.fft.rfftfreq(texels) * texels, indexing="ij")
    frequency = np.hypot(fx, fy)
    phase = np.exp(2j * np.pi * stream(0, "camera-noise", name).random(frequency.shape))
    weight = np.where((frequency >= low) & (frequency <= high), np.maximum(frequency, 1.0) ** -fall, 0.0)
    wave = np.fft.irfft2(phase * weight, s=(texels, texels))
    return np.asarray(0.5 + 0.19 * wave / wave.std())


def noise() -> Bytes:
    """(NOISE_TEXELS, NOISE_TEXELS, 1): fine grain on wide patches, the same for every world."""
    grain = _field(NOISE_TEXELS, "grain", 40.0, 250.0, 0.2)
    patches = _field(NOISE_TEXELS, "patches", 1.0, 12.0, 1.2)
    mixed = 0.4 * grain + 0.6 * patches
    return np.round(np.clip(mixed, 0.0, 1.0) * 255.0).astype(np.uint8)[:, :, None]


def windows() -> Bytes:
    """(256, 256, 3) for 8 x 8 windows: pane, frame, and how light each pane is (a few are lit from inside)."""
    n = WINDOW_CELLS * WINDOW_TEXELS
    at = np.abs(((np.arange(n) + 0.5) / WINDOW_TEXELS) % 1.0 - 0.5)
    pane = np.outer(at < 0.31, at < 0.27)
    frame = np.outer(at < 0.37, at < 0.33)
    sill = np.outer(((np.arange(n) + 0.5) / WINDOW_TEXELS) % 1.0 < 0.12, at < 0.36)
    rng = stream(0, "camera-windows")
    light = rng.uniform(0.1, 0.55, (WINDOW_CELLS, WINDOW_CELLS))
    light[rng.random((WINDOW_CELLS, WINDOW_CELLS)) < 0.08] = 1.0
    shade = np.linspace(0.75, 1.25, WINDOW_TEXELS)[np.arange(n) % WINDOW_TEXELS][:, None]
    pane_light = np.kron(light, np.ones((WINDOW_TEXELS, WINDOW_TEXELS))) * shade
    picture = np.stack([pane, np.maximum(frame, 0.6 * sill), np.clip(pane_light, 0.0, 1.0)], axis=2)
    return np.round(picture * 255.0).astype(np.uint8)


@functools.lru_cache(maxsize=8)
def sky(light: Daylight, seed: int) -> Bytes:
    """(SKY_HEIGHT, SKY_WIDTH, 3), not to be written to: azimuth along columns, tangent of the elevation along rows."""
    tangent = np.linspace(SKY_LOW, SKY_HIGH, SKY_HEIGHT)[:, None]
    turn = (np.arange(SKY_WIDTH) + 0.5)[None] * 2.0 * math.pi / SKY_WIDTH
    up = np.maximum(tangent, 0.0) / np.sqrt(1.0 + tangent**2)
    flat = np.sqrt(1.0 - up**2)
    x, y, z = flat * np.cos(turn), flat * np.sin(turn), np.broadcast_to(up, (SKY_HEIGHT, SKY_WIDTH))
    horizon, zenith = np.array(light.horizon), np.array(light.zenith)
    color: Floats = horizon + (zenith - horizon) * (1.0 - (1.0 - z[..., None]) ** 2.6)
    shift = stream(seed, "clouds").uniform(0.0, 1.0, 2)
    field = _field(256, "clouds", 1.0, 80.0, 1.75)
    # Clouds lie in a plane above: they crowd towards the horizon.
    cover = 0.6 * _at(field, x / (z + 0.14) * 0.07 + shift[0], y / (z + 0.14) * 0.07 + shift[1])
    cover = cover + 0.4 * _at(field, x / (z + 0.14) * 0.23 + shift[1], y / (z + 0.14) * 0.23 + shift[0])
    cloud = light.hills * _ramp(light.clouds_from, light.clouds_from + 0.22, cover) * _ramp(0.03, 0.24, z)
    shade = 0.90 + 0.09 * _ramp(0.75, 0.5, cover)
    color = color + 0.9 * cloud[..., None] * (shade[..., None] * np.array(light.cloud) - color)
    facing = np.maximum(x * light.to_sun[0] + y * light.to_sun[1] + z * light.to_sun[2], 0.0)[..., None]
    color = color + light.glare * (np.array([0.5, 0.42, 0.28]) * facing**60 + np.array([0.09, 0.07, 0.03]) * facing**6)
    ridge = 0.02 + 0.085 * _at(field, turn / (2.0 * math.pi) + shift[0], np.array(0.4)) * 0.5
    ridge = ridge + 0.02 * _at(field, 5.0 * turn / (2.0 * math.pi), np.array(0.1))
    # Hills are as bright as the sky behind them lets them be.
    hill = horizon + 0.45 * light.hills * (np.array([0.33, 0.46, 0.44]) * light.land - horizon)
    body = np.clip((ridge - tangent) / (SKY_HIGH - SKY_LOW) * SKY_HEIGHT, 0.0, 1.0)[..., None]
    color = color + body * (hill + 0.9 * np.clip(0.05 - tangent, 0.0, 0.05)[..., None] * 8.0 * (horizon - hill) - color)
    return np.asarray(np.round(np.clip(color, 0.0, 1.0) * 255.0), dtype=np.uint8)


def _at(field: Floats, u: Floats, v: Floats) -> Floats:
    """Bilinear look-up in a tile, one tile a unit."""
    n = len(field)
    x, y = np.broadcast_arrays(u * n, v * n)
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - x0, y - y0
    x0, y0, x1, y1 = x0 % n, y0 % n, (x0 + 1) % n, (y0 + 1) % n
    low = field[y0, x0] * (1.0 - fx) + field[y0, x1] * fx
    high = field[y1, x0] * (1.0 - fx) + field[y1, x1] * fx
    return np.asarray(low * (1.0 - fy) + high * fy)


def _ramp(low: float, high: float, x: Floats) -> Floats:
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
