"""Camera and LiDAR into 64 bird's-eye tokens: 8 x 8 cells of 8 m, each seeing the whole image.

Two convolution towers halve their input four times (96 x 256 pixels to 6 x 16, 128 x 128 cells to 8 x 8). The
bird's-eye cells then read the image by cross-attention, so a cell ahead learns where in the image its contents stand,
and a lamp high in the image reaches all cells.

Letters: B batch, C channels, P image patches (6 x 16 = 96), K cells (64, forward axis first), D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.base.errors import ConfigError
from automot_ros.model.transfuser import TransFuser
from automot_ros.model.variants import BEV_TOKENS, ActionSize


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, x_BCIJ: Tensor) -> Tensor:
        """Same shape."""
        y = F.relu(self.first_norm(self.first(x_BCIJ)))
        return F.relu(x_BCIJ + self.second_norm(self.second(y)))


def _halve(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride=2, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out), nn.ReLU(),
    )


class Tower(nn.Sequential):
    """Four halvings to `width` channels, with a residual block where the map is small enough to afford one."""

    def __init__(self, channels: int, stem: tuple[int, int, int], width: int) -> None:
        a, b, c = stem
        super().__init__(_halve(channels, a, 5), _halve(a, b, 3), _halve(b, c, 3), Residual(c), _halve(c, width, 3))


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
    """The encoder of nano and debug. Also gives the patches, for auxiliary heads that look for lamps."""

    def __init__(self, size: ActionSize) -> None:
        super().__init__()
        width = size.bev_width
        rows, columns = size.image_shape[0] // 16, size.image_shape[1] // 16
        self.image_tower = Tower(3, size.stem, width)
        self.bev_tower = Tower(size.bev_channels, size.stem, width)
        self.image_position = nn.Parameter(torch.randn(1, rows * columns, width) * 0.1)
        self.bev_position = nn.Parameter(torch.randn(1, BEV_TOKENS, width) * 0.1)
        self.read = nn.ModuleList([ReadImage(width, 4) for _ in range(2)])
        self.norm = nn.LayerNorm(width)

    def forward(self, image_BIJ3: Tensor, bev_BCXY: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 image and histogram to cells (B, K, D) and image patches (B, P, D)."""
        image = image_BIJ3.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        bev = bev_BCXY.float().contiguous(memory_format=torch.channels_last) / 255.0
        patches_BPD = self.image_tower(image).flatten(2).transpose(1, 2) + self.image_position
        cells_BKD = self.bev_tower(bev).flatten(2).transpose(1, 2) + self.bev_position
        for block in self.read:
            cells_BKD = block(cells_BKD, patches_BPD)
        return self.norm(cells_BKD), patches_BPD


def build_bev_encoder(size: ActionSize) -> nn.Module:
    """The encoder that `size.bev` names: both give cells (B, 64, bev_width) and image patches."""
    if size.bev == "fusion":
        return FusionEncoder(size)
    if size.bev == "transfuser":
        return TransFuser()
    raise ConfigError("unknown BEV encoder", got=size.bev, wanted="fusion | transfuser")
