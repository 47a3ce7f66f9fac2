"""Training samples: what one look of the driver held and what the expert would have done, four a second.

An episode is one `.npz` (plain arrays, nothing pickled). Samples of an episode are in order and 0.25 s apart, so the
history of a sample is the samples before it, and its context may come from any of them.

Letters: S samples of an episode, N samples of all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError
from automot_ros.base.results import write_bytes

SAMPLE_TICKS = 5
FRAMES = 4


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of samples; the first axis of every field is the sample.

    band: (96, 512, 3) uint8 the newest understanding frame; image: (96, 256, 3) uint8; bev: (2, 128, 128) uint8;
    targets: (2, 2) float32; speed: m/s; pose: x, y, yaw in the map, float64; waypoints (6, 2), route (20, 2), speeds
    (3,): the expert's, float32; longitudinal, lateral: (3,) int64; light: 0 none, 1 red, 2 yellow, 3 green; hazard_m:
    gap to what binds the expert; report, route_words: text; episode: number of the episode.
    """

    band: NDArray[np.uint8]
    image: NDArray[np.uint8]
    bev: NDArray[np.uint8]
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
    report: NDArray[np.str_]
    route_words: NDArray[np.str_]
    episode: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.speed)

    def history(self, i: int) -> list[int]:
        """Indices of the four frames at sample i, oldest first; an episode's first frame stands in for older ones."""
        first = i
        while first > 0 and i - first < FRAMES - 1 and self.episode[first - 1] == self.episode[i]:
            first -= 1
        return [max(first, i - k) for k in range(FRAMES - 1, -1, -1)]

    def oldest_context(self, i: int, most: int) -> int:
        """How many samples back (0..most) a context of sample i may lie within its episode."""
        back = 0
        while back < most and i - back > 0 and self.episode[i - back - 1] == self.episode[i]:
            back += 1
        return back

    def weights(self) -> NDArray[np.float64]:
        """How often each sample is drawn: critical moments (braking, standing in line, setting off, turning) are made
        about half of what is trained on, long waits are thinned out. Sums to one.
        """
        v, v1 = self.speed, self.speeds[:, 0]
        standing = (v < 0.3) & (self.speeds[:, 2] < 0.5)
        starting = (v < 2.5) & (self.speeds[:, 2] > 1.0)
        braking = (v1 < v - 0.8) & (v > 1.0)
        bound = np.isfinite(self.hazard_m) & (self.hazard_m < 30.0) & ~standing
        off_path = np.abs(self.route[:, 4, 1]) > 0.6
        w = np.ones(len(self))
        w[standing] = 0.35
        w[bound] = 2.0
        w[off_path] = np.maximum(w[off_path], 1.6)
        w[starting] = 3.0
        w[braking] = 3.0
        out: NDArray[np.float64] = w / w.sum()
        return out


def write_episode(path: Path, samples: Samples) -> None:
    """One episode, whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, **{f.name: getattr(samples, f.name) for f in fields(Samples)})
    write_bytes(path, buffer.getvalue())


def read_samples(folders: list[Path], pictures: tuple[str, ...], most: int | None = None) -> Samples:
    """All episodes of `folders` (the first `most` of each), in order of their names.

    Of band, image and bev only those in `pictures` are read; the others come back empty, to save memory.
    MessageError names the file that cannot be read.
    """
    files = [p for folder in folders for p in sorted(folder.glob("*.npz"))[:most]]
    if not files:
        raise MessageError("no episodes", where=", ".join(str(f) for f in folders), wanted="*.npz from automot collect")
    columns: dict[str, list[NDArray[np.generic]]] = {f.name: [] for f in fields(Samples)}
    for number, path in enumerate(files):
        try:
            with np.load(path, allow_pickle=False) as episode:
                count = len(episode["speed"])
                for name, column in columns.items():
                    if name == "episode":
                        column.append(np.full(count, number))
                    elif name in pictures or name not in ("band", "image", "bev"):
                        column.append(episode[name])
                    else:
                        column.append(np.zeros((count, 0), np.uint8))
        except (OSError, ValueError, KeyError) as error:
            raise MessageError("episode not readable", where=str(path), got=error) from error
    joined: dict[str, NDArray[np.generic]] = {}
    for name in list(columns):
        joined[name] = np.concatenate(columns.pop(name))
    return Samples(**joined)  # type: ignore[arg-type]
