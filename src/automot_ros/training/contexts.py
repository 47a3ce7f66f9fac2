"""Contexts of training samples, computed once by the frozen understanding expert, and which one a sample reads.

A sample's context is that of an earlier sample of its drive: 0 to 1.5 s old, as it happens on the road. The state token
is told its age and the ego's motion since. The reports in the contexts are those that the frozen expert really says,
errors included: the action expert must learn on what it will really be told.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automot_ros.model.understanding import Understanding
from automot_ros.model.variants import ActionSize
from automot_ros.training.features import Features
from automot_ros.training.samples import Column, Samples
from automot_ros.training.understanding_stage import Texts

OLDEST = 6
_AGE_WEIGHTS = np.array([0.10, 0.28, 0.24, 0.14, 0.12, 0.06, 0.06])

Batch = tuple[list[Tensor], list[Tensor], Tensor, Tensor | None]
"""What ActionExpert.forward takes beside the batch: keys and values by layer, next positions, mask."""


class ContextSource(Protocol):
    """Where the contexts of samples come from."""

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """The contexts of these samples."""
        ...


class NoContexts:
    """Contexts of no tokens: while it warms up, the action expert has its own eyes only."""

    def __init__(self, size: ActionSize) -> None:
        self._size = size

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """As ContextSource.batch, with no tokens."""
        s = self._size
        keys = torch.zeros(len(rows), s.kv_heads, 0, s.key_dim)
        values = torch.zeros(len(rows), s.kv_heads, 0, s.head_dim)
        return [keys] * s.layers, [values] * s.layers, torch.zeros(len(rows), dtype=torch.int64), None


class Contexts:
    """The contexts of all samples, in their order: what `write_contexts` left, float16, mapped into memory."""

    def __init__(self, samples: Samples, folder: Path) -> None:
        lengths = np.bincount(samples.episode, minlength=len(samples.names))
        self._keys, self._values, self._said = (Column([folder / name / f"{part}.npy" for name in samples.names],
                                                       lengths) for part in ("keys", "values", "said"))
        self._next_position = int(np.load(folder / "next_position.npy", allow_pickle=False))

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """See ContextSource; all contexts have the same number of tokens."""
        keys, values = (list(torch.from_numpy(part[rows]).float().unbind(1)) for part in (self._keys, self._values))
        return keys, values, torch.full((len(rows),), self._next_position), None

    def said(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B, R) the reports in these contexts, as word ids."""
        return np.asarray(self._said[rows], np.int64)


@torch.inference_mode()
def write_contexts(understanding: Understanding, samples: Samples, features: Features, texts: Texts, folder: Path,
                   progress: Callable[[str], None], batch: int = 64) -> None:
    """Let the frozen expert speak of what it saw at every sample; one sub-folder an episode, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(samples.names):
        if (folder / name).exists():
            continue
        rows = np.flatnonzero(samples.episode == number)
        parts: dict[str, list[NDArray[np.generic]]] = {"keys": [], "values": [], "said": []}
        for i in range(0, len(rows), batch):
            some = rows[i : i + batch]
            said, c = understanding.speak(features.seen(some), torch.from_numpy(texts.prompts[some]), texts.form)
            parts["keys"].append(torch.stack(c.keys, 1).half().numpy())
            parts["values"].append(torch.stack(c.values, 1).half().numpy())
            parts["said"].append(said.numpy().astype(np.int16))
            np.save(folder / "next_position.npy", int(c.next_position_B[0]))
        part = folder / f".{name}.{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for kind, arrays in parts.items():
            np.save(part / f"{kind}.npy", np.concatenate(arrays))
        part.rename(folder / name)
        if number % 10 == 9 or number + 1 == len(samples.names):
            progress(f"contexts {number + 1}/{len(samples.names)}")


def drawn(samples: Samples, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """For each sample the sample whose context it reads: 0 to 1.5 s back, the usual lags most often."""
    wanted = rng.choice(OLDEST + 1, len(rows), p=_AGE_WEIGHTS)
    return rows - np.array([samples.back(int(i), int(b)) for i, b in zip(rows, wanted, strict=True)], np.int64)
