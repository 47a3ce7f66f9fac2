"""Rain between the camera and the world: drops on the lens that bend the picture, and streaks in the air.

A drop shows what lies round it upside down, smaller and soft, and stays for one to three seconds. Which drops there are
depends on the seed and the tick only, not on what was drawn before.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream

Image = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats32 = NDArray[np.float32]

EPOCH_TICKS = 10
MOST_DROPS = 40
STREAK_SHEETS = 6
_LIVES = (2, 6)  # epochs
_RADIUS = (0.014, 0.065)  # shares of the picture's height
_SMALLER = 2.6


@dataclass(frozen=True, slots=True)
class _Drop:
    """A drop of P pixels: their numbers in the picture, those of the pixels they show, and how much of each is drop."""

    at_P: Ints
    look_P: Ints
    alpha_P: Floats32

    @staticmethod
    def drawn(rng: np.random.Generator, width: int, height: int) -> _Drop:
        """A drop of random place, size and shape."""
        radius = height * (_RADIUS[0] + (_RADIUS[1] - _RADIUS[0]) * rng.random() ** 2)
        tall, lean = rng.uniform(1.0, 1.5), rng.uniform(-0.25, 0.25)
        middle = np.array([int(rng.uniform(0.0, width)), int(rng.uniform(0.0, height))])
        reach = int(1.7 * radius) + 2
        x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
        inside = np.hypot((x + lean * y) / radius, y / (radius * tall))
        covered = (inside < 1.0) & (x >= -middle[0]) & (x < width - middle[0]) & (y >= -middle[1]) & (
            y < height - middle[1])
        at, inside = np.stack([x[covered], y[covered]], axis=1), inside[covered]
        look = np.round(middle - _SMALLER * (0.5 + inside)[:, None] * at).astype(np.int64)
        look = np.clip(look, 0, (width - 1, height - 1))
        return _Drop((middle + at) @ (1, width), look @ (1, width),
                     np.minimum((1.0 - inside) / 0.22, 1.0).astype(np.float32))


class WetLens:
    """One camera's lens in a rain of a strength (0..1)."""

    def __init__(self, width_px: int, height_px: int, rain: float, seed: int, place: int) -> None:
        """`place` tells the cameras of a rig apart."""
        self._size = width_px, height_px
        self._seed, self._place = seed, place
        rng = stream(seed, "lens", place)
        self._count = round(MOST_DROPS * rain)
        self._life_K = rng.integers(*_LIVES, self._count, endpoint=True)
        self._phase_K = rng.integers(0, 100, self._count)
        self._shapes: dict[int, tuple[int, _Drop]] = {}
        self._drops: tuple[int, Ints, Ints, Floats32] | None = None
        self._streaks = _streaks(width_px, height_px, round(8.0 * rain), seed)

    def seen_through(self, image: Image, tick: int) -> Image:
        """The picture behind streaks and drops at a tick."""
        wet: Image = cv2.add(image, self._streaks[tick % STREAK_SHEETS])
        if self._count == 0:
            return wet
        epoch = tick // EPOCH_TICKS
        if self._drops is None or self._drops[0] != epoch:
            self._drops = (epoch, *self._covered(epoch))
        _, at_P, look_P, alpha_P1 = self._drops
        flat = wet.reshape(-1, 3)
        bent = cv2.blur(wet, (5, 5)).reshape(-1, 3).take(look_P, axis=0)
        clear = flat.take(at_P, axis=0).astype(np.float32)
        flat[at_P] = clear + alpha_P1 * (bent - clear)
        return wet

    def _covered(self, epoch: int) -> tuple[Ints, Ints, Floats32]:
        """All pixels that are drop: their number in the picture, that of the one they show, and how much is drop."""
        drops = []
        for k in range(self._count):
            number = (epoch + int(self._phase_K[k])) // int(self._life_K[k])
            if k not in self._shapes or self._shapes[k][0] != number:
                self._shapes[k] = (number, _Drop.drawn(stream(self._seed, "drop", self._place, k, number), *self._size))
            drops.append(self._shapes[k][1])
        return (np.concatenate([d.at_P for d in drops]), np.concatenate([d.look_P for d in drops]),
                np.concatenate([d.alpha_P for d in drops])[:, None])


@functools.lru_cache(maxsize=8)
def _streaks(width: int, height: int, strength: int, seed: int) -> tuple[Image, ...]:
    """Sheets of falling rain, to be added to a picture: thin, slightly slanted, faint lines."""
    sheets = []
    for number in range(STREAK_SHEETS):
        rng = stream(seed, "streaks", number)
        sheet = np.zeros((height, width, 3), dtype=np.uint8)
        for _ in range(14 * strength):
            x, y, long = rng.uniform(0, width), rng.uniform(-0.1 * height, height), rng.uniform(0.04, 0.13) * height
            gray = int(rng.uniform(10.0, 32.0))
            cv2.line(sheet, (int(x), int(y)), (int(x - 0.08 * long), int(y + long)), (gray, gray, gray), 1, cv2.LINE_AA)
        sheets.append(sheet)
    return tuple(sheets)
