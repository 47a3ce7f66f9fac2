"""What the vision tower makes of the frames of samples, computed once when it has learned to see.

The language model then learns to read from stored features, three times as fast as from pictures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automot_ros.model.understanding import Seen, Understanding
from automot_ros.training.samples import Column, Samples

Frames = list[Tensor]
"""The older frames (B, 3, 64, 256, 3) and the newest (B, 1, 96, 512, 3), uint8."""

_KINDS = {"small": "past", "newest": "band"}


def frames_of(samples: Samples, rows: NDArray[np.int64]) -> Frames:
    """The histories of samples."""
    older = older_of(samples, rows)
    past = samples.pictures["past"][older.ravel()]
    return [torch.from_numpy(past.reshape(*older.shape, *past.shape[1:])),
            torch.from_numpy(samples.pictures["band"][rows])[:, None]]


def older_of(samples: Samples, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(B, 3) the samples whose frames come before those of `rows`, oldest first."""
    return np.array([samples.history(int(i))[:-1] for i in rows])


class Features:
    """Image tokens and taps of every sample's frame, as an older and as the newest one: what `write_features` left.

    On disk a folder an episode, with an array (S, kinds, K, D) float16 for each size of frame.
    """

    def __init__(self, samples: Samples, folder: Path) -> None:
        lengths = np.bincount(samples.episode, minlength=len(samples.names))
        self._samples = samples
        self._small, self._newest = (Column([folder / name / f"{kind}.npy" for name in samples.names], lengths)
                                     for kind in _KINDS)

    def seen(self, rows: NDArray[np.int64]) -> Seen:
        """What the tower makes of the four frames of samples, oldest first."""
        older = older_of(self._samples, rows)
        small = self._small[older.ravel()]
        groups = (small.reshape(*older.shape, *small.shape[1:]), self._newest[rows][:, None])
        return [list(torch.from_numpy(group).float().unbind(2)) for group in groups]


@torch.inference_mode()
def write_features(understanding: Understanding, samples: Samples, folder: Path, progress: Callable[[str], None],
                   batch: int = 64) -> None:
    """Let the tower look at every frame in both sizes; one sub-folder an episode, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(samples.names):
        if (folder / name).exists():
            continue
        rows = np.flatnonzero(samples.episode == number)
        part = folder / f".{name}.{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for kind, picture in _KINDS.items():
            looked = []
            for i in range(0, len(rows), batch):
                frames = torch.from_numpy(samples.pictures[picture][rows[i : i + batch]])[:, None]
                looked.append(torch.stack(understanding.image_features(frames), 2)[:, 0].half())
            np.save(part / f"{kind}.npy", torch.cat(looked).numpy())
        part.rename(folder / name)
        if number % 20 == 19 or number + 1 == len(samples.names):
            progress(f"features {number + 1}/{len(samples.names)}")
