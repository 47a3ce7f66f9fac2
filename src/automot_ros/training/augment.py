"""What is varied in a batch: the mood of its cameras, the density of its points, and what some samples lose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LOST_SENSOR, LOST_CONTEXT = 0.04, 0.08
FEWEST_HITS = 0.6


@dataclass(frozen=True, slots=True)
class Augment:
    """One draw for each sample of a batch, first axis B; `part` of it goes with a part of the batch.

    gain (B, 3) and offset (B, 3): brightness, contrast and colour of all images of a sample; hits (B,): the share of
    bird's-eye cells whose points come back, and seed (B,): of which; no_camera, no_points, no_context (B,): what it
    loses, so that none of them is leaned on alone.
    """

    gain: Tensor
    offset: Tensor
    hits: Tensor
    seed: Tensor
    no_camera: Tensor
    no_points: Tensor
    no_context: Tensor

    @staticmethod
    def draw(batch: int, rng: np.random.Generator) -> Augment:
        """For a whole batch."""
        gain = rng.uniform(0.85, 1.15, (batch, 1)) * rng.uniform(0.95, 1.05, (batch, 3))
        offset = np.repeat(rng.uniform(-12.0, 12.0, (batch, 1)), 3, axis=1)
        no_camera, no_points = rng.random(batch) < LOST_SENSOR, rng.random(batch) < LOST_SENSOR
        return Augment(*(torch.from_numpy(x) for x in (
            gain.astype(np.float32), offset.astype(np.float32), rng.uniform(FEWEST_HITS, 1.0, batch),
            rng.integers(0, 2**31, batch), no_camera, no_points & ~no_camera,
            rng.random(batch) < LOST_CONTEXT)))

    def part(self, which: slice) -> Augment:
        """The draws of some samples of the batch."""
        return Augment(*(getattr(self, name)[which] for name in Augment.__slots__))

    def recolour(self, images: Tensor) -> Tensor:
        """uint8 images (B, ..., H, W, 3) in the sample's mood; same shape, uint8."""
        shape = (len(images), *[1] * (images.ndim - 2), 3)
        return (images.float() * self.gain.view(shape) + self.offset.view(shape)).clamp_(0.0, 255.0).to(torch.uint8)

    def thin(self, bev_BCXY: Tensor) -> Tensor:
        """Histograms with some cells emptied and all of those that lost their points; same shape."""
        kept = torch.stack([
            torch.rand(bev_BCXY.shape[1:], generator=torch.Generator().manual_seed(int(seed))) < hits
            for seed, hits in zip(self.seed, self.hits, strict=True)])
        return bev_BCXY * (kept & ~self.no_points[:, None, None, None])
