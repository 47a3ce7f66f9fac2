"""Cameras and LiDAR into 64 bird's-eye tokens: 8 x 8 cells of 8 m forward by 12 m across, each seeing all images.

Two convolution towers: one for the images, whatever their size (each halving of a side four times gives a patch), one
for the bird's-eye histogram. The cells then read the patches by cross-attention, so a cell ahead learns where in the
image its contents stand, and a lamp high in the image reaches all cells.

Letters: B batch, C channels, P image patches (of all images: 3 x 8 + 4 x 12 = 72), K cells (64, forward axis first),
D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.base.errors import ConfigError
from automot_ros.model.transfuser import TransFuser
from automot_ros.model.variants import BEV_TOKENS, ActionSize

PATCH = 16
_CELLS = (8, 8)
_GROUPS = 4


def _norm(channels: int) -> nn.GroupNorm:
    # Of a sample alone: a batch split over processes gives the same numbers as in one.
    return nn.GroupNorm(_GROUPS if channels % _GROUPS == 0 else 1, channels)


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = _norm(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = _norm(channels)

    def forward(self, x_BCIJ: Tensor) -> Tensor:
        """Same shape."""
        y = F.relu(self.first_norm(self.first(x_BCIJ)))
        return F.relu(x_BCIJ + self.second_norm(self.second(y)))


def _shrink(channels_in: int, channels_out: int, kernel: int, stride: tuple[int, int] = (2, 2)) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False),
        _norm(channels_out), nn.ReLU(),
    )


class Tower(nn.Module):
    """Three halvings with a residual block where the map is small enough to afford one, then the last step."""

    def __init__(self, channels: int, stem: tuple[int, int, int], width: int, last: tuple[int, int]) -> None:
        a, b, c = stem
        super().__init__()
        self.eighth = nn.Sequential(_shrink(channels, a, 5), _shrink(a, b, 3), _shrink(b, c, 3), Residual(c))
        self.last = _shrink(c, width, 3, last)

    def forward(self, x_BCIJ: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, P or K, D) row by row, and the map at an eighth of the size."""
        eighth_BCIJ = self.eighth(x_BCIJ)
        return self.last(eighth_BCIJ).flatten(2).transpose(1, 2), eighth_BCIJ


class ReadImage(nn.Module):
    """Bird's-eye cells read image patches, then an MLP, both with residuals."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.cell_norm = nn.LayerNorm(width)
        self.patch_norm = nn.LayerNorm(width)
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(),
                                 nn.Linear(width, width))

    def forward(self, cells_BKD: Tensor, patches_BPD: Tensor) -> Tensor:
        """(B, K, D)."""
        q = self.q(self.cell_norm(cells_BKD)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.kv(self.patch_norm(patches_BPD)).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        read_BKD = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        cells_BKD = cells_BKD + self.out(read_BKD)
        out: Tensor = cells_BKD + self.mlp(cells_BKD)
        return out


class FusionEncoder(nn.Module):
    """The encoder of nano and debug. Also gives what auxiliary heads teach: image patches, the bird's-eye map."""

    def __init__(self, size: ActionSize) -> None:
        super().__init__()
        width, (rows, columns) = size.bev_width, size.bev_shape
        patches = sum((i // PATCH) * (j // PATCH) for i, j in size.image_shapes)
        self.image_tower = Tower(3, size.stem, width, (2, 2))
        self.bev_tower = Tower(size.bev_channels, size.stem, width, (rows // 8 // _CELLS[0], columns // 8 // _CELLS[1]))
        self.image_position = nn.Parameter(torch.randn(1, patches, width) * 0.1)
        self.bev_position = nn.Parameter(torch.randn(1, BEV_TOKENS, width) * 0.1)
        self.read = nn.ModuleList([ReadImage(width, 4) for _ in range(2)])
        self.norm = nn.LayerNorm(width)

    def forward(self, images: tuple[Tensor, ...], bev_BCXY: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """uint8 images and histograms to cells (B, K, D), image patches (B, P, D) and a map (B, C, X / 8, Y / 8)."""
        bev = bev_BCXY.float().contiguous(memory_format=torch.channels_last) / 255.0
        seen = [self.image_tower(image.permute(0, 3, 1, 2).float() / 127.5 - 1.0)[0] for image in images]
        patches_BPD = torch.cat(seen, dim=1) + self.image_position
        cells_BKD, map_BCXY = self.bev_tower(bev)
        cells_BKD = cells_BKD + self.bev_position
        for block in self.read:
            cells_BKD = block(cells_BKD, patches_BPD)
        return self.norm(cells_BKD), patches_BPD, map_BCXY


def build_bev_encoder(size: ActionSize) -> nn.Module:
    """The encoder that `size.bev` names: both give cells (B, 64, bev_width), image patches, and a map to teach."""
    if size.bev == "fusion":
        return FusionEncoder(size)
    if size.bev == "transfuser":
        return TransFuser()
    raise ConfigError("unknown BEV encoder", got=size.bev, wanted="fusion | transfuser")
