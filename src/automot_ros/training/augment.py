"""Small changes of brightness, contrast and colour, so that a camera of another mood is no surprise."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def jitter(images: Tensor, rng: np.random.Generator) -> Tensor:
    """uint8 images (B, ..., H, W, 3) with one gain per colour and one offset per sample; same shape, uint8."""
    batch = len(images)
    gain = rng.uniform(0.85, 1.15, (batch, 1)) * rng.uniform(0.95, 1.05, (batch, 3))
    offset = rng.uniform(-12.0, 12.0, (batch, 1))
    shape = (batch, *[1] * (images.ndim - 2), 3)
    g = torch.from_numpy(gain.astype(np.float32)).view(shape)
    o = torch.from_numpy(np.repeat(offset, 3, axis=1).astype(np.float32)).view(shape)
    return (images.float() * g + o).clamp_(0.0, 255.0).to(torch.uint8)
