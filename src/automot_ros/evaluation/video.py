"""Videos that a browser plays: VP8 in WebM, through OpenCV's own FFmpeg, so that nothing else need be installed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MachineError
from automot_ros.evaluation.overlay import compose, put_text
from automot_ros.evaluation.playback import play
from automot_ros.scene.sensing import SECOND_NS

WIDTH_PX, HEIGHT_PX = 960, 480


class Video:
    """Writes one video under a temporary name; `close` makes it appear, `abort` leaves nothing."""

    def __init__(self, path: Path, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX, *,
                 frames_per_s: float = 10.0) -> None:
        self.path, self.frames = path, 0
        self._size = (width_px, height_px)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(f".{os.getpid()}.{path.stem}.webm")
        with _quiet():  # FFmpeg remarks on the container's tag although all is well
            self._writer = cv2.VideoWriter(str(self._part), cv2.VideoWriter.fourcc(*"VP80"), frames_per_s, self._size)
        if not self._writer.isOpened():
            raise MachineError("OpenCV cannot write VP8 video: run `pip install --force-reinstall "
                               "opencv-python-headless`", where=str(path), got=cv2.__version__)

    def add(self, frame_HW3: NDArray[np.uint8]) -> None:
        """One RGB frame of the size of the video."""
        self._writer.write(cv2.cvtColor(frame_HW3, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> Path:
        """Finish the file and give it its name."""
        self._writer.release()
        os.replace(self._part, self.path)
        return self.path

    def abort(self) -> None:
        """Drop what was written."""
        self._writer.release()
        self._part.unlink(missing_ok=True)


def video_from_bag(bag: Path, path: Path, *, longest_s: float = 40.0, frames_per_s: float = 8.0) -> float:
    """Write the drive in `bag` as a video of at most `longest_s`; a longer drive runs faster. Returns the speed-up.

    Raises MessageError for a bag that cannot be read or holds no odometry.
    """
    stamps = [p.view.stamp_ns for p in play(bag, 1.0, pictures=False)]
    driven_s = sum(min(b - a, 2 * SECOND_NS) for a, b in pairwise(stamps)) / SECOND_NS
    speed = max(1.0, driven_s / longest_s)
    video = Video(path, frames_per_s=frames_per_s)
    try:
        for player in play(bag, speed / frames_per_s):
            if player.has_picture:
                video.add(sped_up(compose(player.picture(), WIDTH_PX, HEIGHT_PX), speed))
        video.close()
    except BaseException:
        video.abort()
        raise
    return speed


def sped_up(frame_HW3: NDArray[np.uint8], speed: float) -> NDArray[np.uint8]:
    """The frame, marked with how much faster than the drive it is shown (not when that is as fast)."""
    if speed > 1.05:
        put_text(frame_HW3, f"{speed:.1f}x", (14, 28), 20, (255, 255, 255), bold=True)
    return frame_HW3


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a C library prints on standard error off the screen."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
