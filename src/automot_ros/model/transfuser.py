"""The bird's-eye encoder of the released weights: TransFuser++ with two RegNetY-3.2GF towers.

Camera (B, 3, 384, 1024) and LiDAR histogram (B, 1, 256, 256) go through four stages; after each, both maps are pooled
to 12 x 32 and 8 x 8 tokens, read each other in a small transformer, and what was read is added back. The LiDAR map
after the fourth fusion, 8 x 8 cells of 1512 channels, is the output. Histogram rows run from left to right, columns
from rear to front; the image is RGB, its top 384 rows. Module names are those of the stored keys under `bev_encoder.`.

Letters: B batch, C channels, I x J a map's rows and columns, P image tokens (384), K LiDAR tokens (64).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEM = 32
WIDTHS = (72, 216, 576, 1512)
DEPTHS = (2, 5, 13, 1)
GROUP_WIDTH = 24
IMAGE_TOKENS, LIDAR_TOKENS = (12, 32), (8, 8)
FUSION_BLOCKS, FUSION_HEADS = 2, 4
PYRAMID = 64
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ConvNorm(nn.Module):
    """Convolution, batch norm, and a ReLU where `active`."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1,
                 active: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, I / stride, J / stride)."""
        y: Tensor = self.bn(self.conv(x))
        return F.relu(y) if self.active else y


class SqueezeExcite(nn.Module):
    """Scale each channel by what the whole map shows."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Bottleneck(nn.Module):
    """RegNetY's block; the first of a stage halves the map and changes its width."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels_in, channels, 1)
        self.conv2 = ConvNorm(channels, channels, 3, stride, groups=channels // GROUP_WIDTH)
        self.se = SqueezeExcite(channels, channels_in // 4)
        self.conv3 = ConvNorm(channels, channels, 1, active=False)
        self.downsample = (nn.Identity() if channels_in == channels and stride == 1
                           else ConvNorm(channels_in, channels, 1, stride, active=False))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, I / stride, J / stride)."""
        return F.relu(self.conv3(self.se(self.conv2(self.conv1(x)))) + self.downsample(x))


class RegNet(nn.Module):
    """Stem and four stages s1 ... s4 of blocks b1, b2, ..."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = ConvNorm(channels, STEM, 3, 2)
        before = STEM
        for number, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), 1):
            stage = nn.Sequential()
            for block in range(1, depth + 1):
                first = block == 1
                stage.add_module(f"b{block}", Bottleneck(before if first else width, width, 2 if first else 1))
            self.add_module(f"s{number}", stage)
            before = width

    def stage(self, number: int, x: Tensor) -> Tensor:
        """Stage 1 ... 4 of a map."""
        out: Tensor = self.get_submodule(f"s{number}")(x)
        return out


class SelfAttention(nn.Module):
    """Attention of all tokens to all, with biases."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key, self.query, self.value, self.proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Same shape."""
        batch, tokens, width = x_BTC.shape
        q, k, v = (part(x_BTC).view(batch, tokens, FUSION_HEADS, -1).transpose(1, 2)
                   for part in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        out: Tensor = self.proj(y)
        return out


class FusionBlock(nn.Module):
    """Pre-norm attention and a ReLU MLP."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = SelfAttention(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Same shape."""
        x_BTC = x_BTC + self.attn(self.ln1(x_BTC))
        out: Tensor = x_BTC + self.mlp(self.ln2(x_BTC))
        return out


class Fusion(nn.Module):
    """Image and LiDAR tokens of one stage read each other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        tokens = IMAGE_TOKENS[0] * IMAGE_TOKENS[1] + LIDAR_TOKENS[0] * LIDAR_TOKENS[1]
        self.pos_emb = nn.Parameter(torch.zeros(1, tokens, width))
        self.blocks = nn.Sequential(*(FusionBlock(width) for _ in range(FUSION_BLOCKS)))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, image_BCIJ: Tensor, lidar_BCIJ: Tensor) -> tuple[Tensor, Tensor]:
        """Both maps at token size, same shapes."""
        image, lidar = image_BCIJ.flatten(2), lidar_BCIJ.flatten(2)
        tokens = torch.cat([image, lidar], dim=2).transpose(1, 2) + self.pos_emb
        out_BCT = self.ln_f(self.blocks(tokens)).transpose(1, 2)
        return (out_BCT[:, :, : image.shape[2]].reshape(image_BCIJ.shape),
                out_BCT[:, :, image.shape[2] :].reshape(lidar_BCIJ.shape))


class TransFuser(nn.Module):
    """See the module's text. The feature pyramid is stored with the weights but leads to no output used here."""

    def __init__(self) -> None:
        super().__init__()
        self.image_encoder, self.lidar_encoder = RegNet(3), RegNet(1)
        self.transformers = nn.ModuleList([Fusion(width) for width in WIDTHS])
        self.lidar_channel_to_img = nn.ModuleList([nn.Conv2d(width, width, 1) for width in WIDTHS])
        self.img_channel_to_lidar = nn.ModuleList([nn.Conv2d(width, width, 1) for width in WIDTHS])
        self.c5_conv = nn.Conv2d(WIDTHS[-1], PYRAMID, 1)
        self.up_conv5 = nn.Conv2d(PYRAMID, PYRAMID, 3, padding=1)
        self.up_conv4 = nn.Conv2d(PYRAMID, PYRAMID, 3, padding=1)

    def forward(self, images: tuple[Tensor, ...], bev_BCIJ: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One uint8 image (B, I, J, 3) and the histogram to LiDAR cells (B, K, 1512) and image tokens (B, P, 1512), row
        by row, and the LiDAR map they come from.
        """
        (image_BIJ3,) = images
        dtype = self.c5_conv.weight.dtype
        mean, std = (torch.tensor(v, device=image_BIJ3.device) for v in (_MEAN, _STD))
        image = ((image_BIJ3.float() / 255.0 - mean) / std).permute(0, 3, 1, 2).to(dtype)
        image = self.image_encoder.stem(image)
        lidar = self.lidar_encoder.stem((bev_BCIJ.float() / 255.0).to(dtype))
        for i, fusion in enumerate(self.transformers):
            image, lidar = self.image_encoder.stage(i + 1, image), self.lidar_encoder.stage(i + 1, lidar)
            lidar_tokens = self.lidar_channel_to_img[i](F.adaptive_avg_pool2d(lidar, LIDAR_TOKENS))
            image_read, lidar_read = fusion(F.adaptive_avg_pool2d(image, IMAGE_TOKENS), lidar_tokens)
            lidar_read = self.img_channel_to_lidar[i](lidar_read)
            image = image + F.interpolate(image_read, image.shape[2:], mode="bilinear", align_corners=False)
            lidar = lidar + F.interpolate(lidar_read, lidar.shape[2:], mode="bilinear", align_corners=False)
        cells_BKC = F.adaptive_avg_pool2d(lidar, LIDAR_TOKENS).flatten(2).transpose(1, 2)
        return cells_BKC, F.adaptive_avg_pool2d(image, IMAGE_TOKENS).flatten(2).transpose(1, 2), lidar
