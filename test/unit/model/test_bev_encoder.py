"""Camera and LiDAR to 64 tokens; pixels to Qwen's patches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from transformers import Qwen2VLImageProcessor

from automot_ros.model.bev_encoder import build_bev_encoder
from automot_ros.model.transfuser import TransFuser
from automot_ros.model.understanding import pixel_patches
from automot_ros.model.variants import variant


def test_a_lamp_of_two_pixels_changes_every_cell() -> None:
    torch.manual_seed(0)
    encoder = build_bev_encoder(variant("debug").action).eval()
    image, bev = torch.full((1, 96, 256, 3), 90, dtype=torch.uint8), torch.zeros(1, 2, 128, 128, dtype=torch.uint8)
    lit = image.clone()
    lit[0, 20:22, 130:132] = torch.tensor([255, 30, 30], dtype=torch.uint8)
    with torch.inference_mode():
        before, after = encoder(image, bev)[0], encoder(lit, bev)[0]
    assert before.shape == (1, 64, 16)
    assert (before != after).any(dim=-1).all()


def test_cells_run_forward_first_and_then_to_the_left() -> None:
    torch.manual_seed(0)
    encoder = build_bev_encoder(variant("debug").action).eval()
    bev = torch.zeros(1, 2, 128, 128, dtype=torch.uint8)
    lit = bev.clone()
    lit[0, 0, 5 * 16 + 2, 2 * 16 + 2] = 255
    with torch.inference_mode():
        change = (encoder.bev_tower(lit.float()) - encoder.bev_tower(bev.float())).abs().sum(1).flatten()
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    centre = [float((change * axis.flatten()).sum() / change.sum()) for axis in (rows, columns)]
    assert centre == pytest.approx([5.0, 2.0], abs=0.8)


def test_patches_are_those_of_the_processor_of_transformers() -> None:
    size = dataclasses.replace(variant("debug").understanding, temporal_patch=2)
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, size.frame_height, size.frame_width, 3), np.uint8)
    processor = Qwen2VLImageProcessor(patch_size=16, temporal_patch_size=2, merge_size=2, image_mean=[0.5] * 3,
                                      image_std=[0.5] * 3, size={"shortest_edge": 1, "longest_edge": 10**9})
    wanted = processor(images=list(frames[0]), return_tensors="pt")["pixel_values"]
    got = pixel_patches(torch.from_numpy(frames), size)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_the_released_encoder_turns_camera_and_histogram_into_64_cells() -> None:
    with torch.device("meta"):
        encoder = TransFuser().eval()
        image = torch.zeros(1, 384, 1024, 3, dtype=torch.uint8)
        cells, patches = encoder(image, torch.zeros(1, 1, 256, 256, dtype=torch.uint8))
    assert cells.shape == (1, 64, 1512)
    assert patches.shape == (1, 384, 1512)
