"""Training samples: what one look of the driver held and what the expert would have done, four a second.

An episode is a folder of plain arrays (nothing pickled): one .npy for each kind of picture, mapped into memory and read
where it is needed, and `labels.npz` for the rest. Samples of an episode are in order and 0.25 s apart, so the history
of a sample is the samples before it, and its context may come from any of them.

Letters: S samples of an episode, N samples of all.
"""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError
from automot_ros.base.results import write_bytes
from automot_ros.training.arrays import columns_of, mapped

SAMPLE_S = 0.25
FRAMES = 4
PICTURES = ("band", "past", "wide", "centre", "bev", "cells", "motion", "sectors")
UNKNOWN, NO_MAP = -1, 255
"""A light, and the cells of a map, that nobody told."""
_FORMS = {"targets": ("f", (2, 2)), "speed": ("f", ()), "pose": ("f", (3,)), "waypoints": ("f", (6, 2)),
          "route": ("f", (20, 2)), "speeds": ("f", (3,)), "longitudinal": ("i", (3,)), "lateral": ("i", (3,)),
          "light": ("i", ()), "hazard_m": ("f", ()), "hazard": ("U", ()), "report": ("U", ()), "route_words": ("U", ())}


@dataclass(frozen=True, slots=True)
class Labels:
    """Columns of everything that is not a picture; the first axis of every field is the sample.

    targets (2, 2), waypoints (6, 2), route (20, 2), speeds (3,): float32, ego frame, metres and m/s; speed: m/s; pose:
    x, y, yaw in the map; longitudinal, lateral (3,): meta-actions; light: 0 none, 1 red, 2 yellow, 3 green, -1 unknown;
    hazard_m: distance of what binds the driver, infinite when free; report, hazard, route_words: text, empty where
    nobody said anything.
    """

    targets: NDArray[np.float32]
    speed: NDArray[np.float32]
    pose: NDArray[np.float64]
    waypoints: NDArray[np.float32]
    route: NDArray[np.float32]
    speeds: NDArray[np.float32]
    longitudinal: NDArray[np.int64]
    lateral: NDArray[np.int64]
    light: NDArray[np.int64]
    hazard_m: NDArray[np.float32]
    hazard: NDArray[np.str_]
    report: NDArray[np.str_]
    route_words: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.speed)


class Column:
    """One kind of picture of many episodes: index it with row numbers to get them stacked."""

    def __init__(self, files: Sequence[Path], lengths: NDArray[np.int64]) -> None:
        self._files = files
        self._first = np.concatenate([[0], np.cumsum(lengths)])
        self._open: dict[int, NDArray[np.generic]] = {}

    def __len__(self) -> int:
        return int(self._first[-1])

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.generic]:
        parts = np.searchsorted(self._first, rows, side="right") - 1
        return np.stack([self._part(int(p))[i - self._first[p]] for p, i in zip(parts, rows, strict=True)])

    def _part(self, number: int) -> NDArray[np.generic]:
        if number not in self._open:
            path, part = self._files[number], mapped(self._files[number])
            wanted = int(self._first[number + 1] - self._first[number])
            if part.ndim < 2 or len(part) != wanted:
                raise MessageError("pictures and labels differ in number", where=str(path), got=part.shape,
                                   wanted=f"({wanted}, ...)")
            like = next(iter(self._open.values()), part)
            if (part.dtype, part.shape[1:]) != (like.dtype, like.shape[1:]):
                raise MessageError("pictures of another form", where=str(path), got=f"{part.shape} {part.dtype}",
                                   wanted=f"those of the first: {like.shape} {like.dtype}")
            self._open[number] = part
        return self._open[number]


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of some folders.

    pictures: a Column for each of PICTURES: band (96, 512, 3) and past (64, 256, 3), what the understanding expert sees
    of a frame as its newest and as an older one; wide (48, 128, 3) and centre (64, 192, 3), the action expert's images;
    bev (2, 128, 192); all uint8. cells (16, 24) uint8: BODY_CLASSES of a coarse map, 255 unknown; motion (2, 16, 24)
    float16: velocity there; sectors (2, 16) uint8: nearest body in each part of the camera's view, 255 unknown.
    episode: number of the episode of each sample; names: of the episodes.
    """

    labels: Labels
    pictures: Mapping[str, Column]
    episode: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def history(self, i: int) -> list[int]:
        """Indices of the four frames at sample i, oldest first; an episode's first frame stands in for older ones."""
        back = self.back(i, FRAMES - 1)
        return [i - min(back, k) for k in range(FRAMES - 1, -1, -1)]

    def back(self, i: int, most: int) -> int:
        """How many samples before sample i, 0 to `most`, are of its episode."""
        first = int(np.searchsorted(self.episode, self.episode[i]))
        return min(most, i - first)


def write_episode(path: Path, pictures: Mapping[str, NDArray[np.generic]], labels: Labels) -> None:
    """One episode, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in PICTURES:
        np.save(part / f"{name}.npy", pictures[name])
    buffer = io.BytesIO()
    np.savez(buffer, **{name: getattr(labels, name) for name in Labels.__slots__})
    write_bytes(part / "labels.npz", buffer.getvalue())
    part.rename(path)


def read_samples(folders: Sequence[Path], share: float = 1.0) -> Samples:
    """All episodes of `folders` in order of their names, or an evenly spread share of them.

    MessageError names the file that cannot be read. Pictures are only mapped; they are read when asked for.
    """
    found = [p.parent for folder in folders for p in sorted(folder.glob("[!.]*/labels.npz"))]
    if not found:
        raise MessageError("no episodes", where=", ".join(str(f) for f in folders), wanted="what automot prepare wrote")
    kept = [path for n, path in enumerate(found) if int((n + 1) * share) > int(n * share)]
    if not kept:
        raise MessageError("share without an episode", got=share, wanted=f"at least 1 of {len(found)}")
    twice = sorted(name for name, count in Counter(path.name for path in kept).items() if count > 1)
    if twice:  # contexts are kept by the name
        raise MessageError("two episodes of one name", where=", ".join(str(f) for f in folders), got=twice[:5])
    parts = [_labels(path / "labels.npz") for path in kept]
    lengths = np.array([len(part["speed"]) for part in parts])
    labels = Labels(**{name: np.concatenate([p[name] for p in parts]) for name in Labels.__slots__})
    pictures = {name: Column([path / f"{name}.npy" for path in kept], lengths) for name in PICTURES}
    return Samples(labels, pictures, np.repeat(np.arange(len(kept)), lengths), tuple(path.name for path in kept))


def _labels(path: Path) -> dict[str, NDArray[np.generic]]:
    """The columns of one episode, all of them with as many samples."""
    columns = columns_of(path, Labels.__slots__)
    count = columns["speed"].size
    for name, column in columns.items():
        kind, rest = _FORMS[name]
        if column.dtype.kind != kind or column.shape != (count, *rest):
            raise MessageError("column of another form", where=f"{path}: {name}", got=f"{column.shape} {column.dtype}",
                               wanted=f"{(count, *rest)}")
    if not count:
        raise MessageError("episode without a sample", where=str(path))
    return columns
