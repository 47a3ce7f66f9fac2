"""Latencies as a picture: how many ticks took how long, one curve a run, on a scale of decades."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.results import write_bytes

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 900, 420, 70, 50, 30, 20
COLOURS = ((180, 90, 20), (30, 60, 200), (60, 140, 40))
SHARES = (0.5, 0.9, 0.99, 0.999)


def draw_latencies(path: Path, runs: Mapping[str, NDArray[np.float64]]) -> None:
    """A PNG: share of the ticks that took longer (logarithmic, from 100 % down) over milliseconds (logarithmic)."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    values = {name: np.sort(1e3 * seconds[seconds > 0.0]) for name, seconds in runs.items()}
    every = np.concatenate([v for v in values.values() if len(v)] or [np.array([1.0, 10.0])])
    low, high = math.floor(math.log10(every.min()) * 4) / 4, math.ceil(math.log10(every.max()) * 4) / 4 + 0.01
    deepest = math.log10(1.0 / max(len(every), 10))

    def place(ms: float, share: float) -> tuple[int, int]:
        x = LEFT + (math.log10(ms) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        y = TOP + math.log10(share) / deepest * (HEIGHT - TOP - BOTTOM)
        return round(x), round(y)

    for share in (1.0 - s for s in (0.0, *SHARES)):
        if math.log10(share) >= deepest:
            _, y = place(10.0**low, share)
            cv2.line(image, (LEFT, y), (WIDTH - RIGHT, y), (225, 225, 225), 1)
            _write(image, f"{100 * (1 - share):g} %", (8, y + 4))
    for ms in (m * 10.0**e for e in range(-1, 5) for m in (1, 2, 5)):
        if low <= math.log10(ms) <= high:
            x, _ = place(ms, 1.0)
            cv2.line(image, (x, TOP), (x, HEIGHT - BOTTOM), (225, 225, 225), 1)
            _write(image, f"{ms:g}", (x - 10, HEIGHT - BOTTOM + 18))
    _write(image, "sensor to command, ms; the share of ticks that were at least as fast", (LEFT, HEIGHT - 10))
    for n, (name, sorted_ms) in enumerate(values.items()):
        if len(sorted_ms) < 2:
            continue
        shares = 1.0 - np.arange(len(sorted_ms)) / len(sorted_ms)
        line = np.array([place(ms, share) for ms, share in zip(sorted_ms, shares, strict=True)], np.int32)
        cv2.polylines(image, [line], False, COLOURS[n % len(COLOURS)], 2, cv2.LINE_AA)
        _write(image, name, (LEFT + 10 + 160 * n, TOP - 10), COLOURS[n % len(COLOURS)])
    _, png = cv2.imencode(".png", image)
    write_bytes(path, png.tobytes())


def _write(image: NDArray[np.uint8], text: str, at: tuple[int, int],
           colour: tuple[int, int, int] = (60, 60, 60)) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
