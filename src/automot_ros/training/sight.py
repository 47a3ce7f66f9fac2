"""The eyes of the understanding expert, taught directly: the light of the ego, and the nearest body in each direction.

Words alone teach them slowly: one sentence a look, of which most words can be guessed from the road and the speed. So
the vision tower learns alone to answer for every column of its tokens; the language model then learns to read it. Half
of what it learns from is mirrored: to see what is where, left and right are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.base.seeds import stream
from automot_ros.model.understanding import Understanding
from automot_ros.scene.report import AHEAD_WORDS, DISTANCES_M, LIGHT_WORDS
from automot_ros.training import critical
from automot_ros.training.augment import Augment
from automot_ros.training.bodies import SECTORS
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import NO_MAP, UNKNOWN, Samples
from automot_ros.training.share import Share

_FREE_WEIGHT = 0.4


class SceneProbe(nn.Module):
    """Asks the tokens of a frame what a driver should see in it: a lamp, where any one token may vote, and in each
    column of tokens the nearest body and its distance.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.votes = nn.Linear(width, len(LIGHT_WORDS) - 1)
        self.columns = nn.Linear(width, len(AHEAD_WORDS) + len(DISTANCES_M))
        nn.init.constant_(self.votes.bias, -5.0)

    def forward(self, tokens_BKD: Tensor, columns: int) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the light (B, LIGHT_WORDS); of each column's body (B, AHEAD_WORDS, C) and distance
        (B, DISTANCES_M, C). tokens: row by row, `columns` in a row.
        """
        light_BL = F.pad(self.votes(tokens_BKD).logsumexp(dim=1), (1, 0))
        asked_BXC = self.columns(tokens_BKD).unflatten(1, (-1, columns)).sum(dim=1).transpose(1, 2)
        body_BWC, distance_BMC = asked_BXC.split([len(AHEAD_WORDS), len(DISTANCES_M)], dim=1)
        return light_BL, body_BWC, distance_BMC


def sight_loss(probe: SceneProbe, tokens_BKD: Tensor, columns: int, samples: Samples, rows: NDArray[np.int64],
               mirrored_B: Tensor | None = None) -> tuple[Tensor, dict[str, float]]:
    """How far the tokens of one frame of each sample are from telling what is there; what nobody told costs nothing.

    The frames of `mirrored_B` (bool) have left and right exchanged.
    Every term is a sum divided by the batch: halves of a batch average to the whole. Figures: what was told rightly of
    the lights (`lamp`), bodies and their distances that there are.
    """
    light_BL, body_BWC, distance_BMC = probe(tokens_BKD, columns)
    light_B = torch.from_numpy(samples.labels.light[rows])
    sectors_B2C = sectors_in(np.asarray(samples.pictures["sectors"][rows], np.uint8), columns)
    told_B2C = _mirror(torch.from_numpy(sectors_B2C).long(), mirrored_B, axis=2)
    word_BC, place_BC = told_B2C.unbind(1)
    known = word_BC != NO_MAP
    lamp = F.cross_entropy(light_BL, light_B, ignore_index=UNKNOWN, reduction="sum")
    weights = torch.tensor([_FREE_WEIGHT, *[1.0] * (len(AHEAD_WORDS) - 1)])
    body = F.cross_entropy(body_BWC, word_BC.masked_fill(~known, -100), weights, reduction="sum") / columns
    there = known & (word_BC > 0)
    distance = F.cross_entropy(distance_BMC, place_BC.masked_fill(~there, -100), reduction="sum") / columns
    lit = light_B > 0
    figures = {"lamp": _share(light_BL.argmax(1) == light_B, lit), "body": _share(body_BWC.argmax(1) == word_BC, there),
               "distance": _share(distance_BMC.argmax(1) == place_BC, there)}
    return (lamp + 2.0 * body + 2.0 * distance) / len(rows), figures


def _mirror(values: Tensor, which_B: Tensor | None, axis: int) -> Tensor:
    """`values` with this axis reversed in some of the batch; same shape."""
    if which_B is None:
        return values
    return torch.where(which_B.view(-1, *[1] * (values.ndim - 1)), values.flip(axis), values)


def _share(right: Tensor, where: Tensor) -> float:
    """NaN where there is nothing to tell: a light or a body."""
    return float(right[where].float().mean())


def sectors_in(sectors_B2S: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """(B, 2, columns): the nearest body of neighbouring sectors taken together."""
    grouped = sectors_B2S.reshape(*sectors_B2S.shape[:2], columns, SECTORS // columns)
    order = np.where(grouped[:, :1] == 0, len(DISTANCES_M), grouped[:, 1:])
    return np.take_along_axis(grouped, order.argmin(axis=-1)[..., None].repeat(2, axis=1), axis=-1)[..., 0]


@torch.inference_mode()
def sight_figures(understanding: Understanding, probe: SceneProbe, samples: Samples, rows: NDArray[np.int64],
                  batch: int = 64) -> dict[str, float]:
    """Shares told rightly in the newest frames of these samples: see `sight_loss`."""
    right: dict[str, list[float]] = {}
    for i in range(0, len(rows), batch):
        part = rows[i : i + batch]
        _, figures = _seen(understanding, probe, newest_and_small(samples, part)[0], samples, part)
        for name, figure in figures.items():
            right.setdefault(name, []).append(figure)
    return {name: round(float(np.nanmean(parts)), 4) for name, parts in right.items()}


def _seen(understanding: Understanding, probe: SceneProbe, frames: Tensor, samples: Samples,
          rows: NDArray[np.int64], mirrored_B: Tensor | None = None) -> tuple[Tensor, dict[str, float]]:
    tokens_BKD = understanding.image_features(_mirror(frames, mirrored_B, axis=3))[0][:, 0]
    return sight_loss(probe, tokens_BKD, frames.shape[3] // understanding.size.token_px, samples, rows, mirrored_B)


def newest_and_small(samples: Samples, rows: NDArray[np.int64]) -> list[Tensor]:
    """The same moment as the newest frame and as an older one would show it, (B, 1, I, J, 3) each."""
    return [torch.from_numpy(samples.pictures[name][rows])[:, None] for name in ("band", "past")]


def train_sight(understanding: Understanding, probe: SceneProbe, samples: Samples, train: NDArray[np.int64],
                config: LoopConfig, seed: int, state_file: Path, progress: Callable[[str], None]) -> None:
    """Teach the vision tower of `understanding`, and `probe`, in place; resumable through `state_file`."""
    weights = critical.weights(samples.labels)[train] * np.where(samples.labels.light[train] > 0, 2.0, 1.0)
    weights = weights / weights.sum()

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng, part = stream(seed, "sight", step), Share.here().part
        rows = train[rng.choice(len(train), config.batch_size, p=weights)][part]
        augment = Augment.draw(config.batch_size, rng).part(part)
        mirrored_B = torch.from_numpy(rng.random(config.batch_size) < 0.5)[part]
        total, figures = torch.zeros(()), dict[str, float]()
        for frames in newest_and_small(samples, rows):
            loss, told = _seen(understanding, probe, augment.recolour(frames), samples, rows, mirrored_B)
            total, figures = total + loss, figures or told
        return total, figures

    eyes = nn.ModuleList([understanding.model.model.visual, probe])
    eyes.train()
    fit(eyes, step_loss, config, state_file, progress)
    eyes.eval()
