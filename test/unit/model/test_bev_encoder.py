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


def test_a_lamp_of_two_pixels_in_either_image_changes_every_cell() -> None:
    torch.manual_seed(0)
    size = variant("debug").action
    encoder = build_bev_encoder(size).eval()
    bev = torch.zeros(1, size.bev_channels, *size.bev_shape, dtype=torch.uint8)
    dark = [torch.full((1, *shape, 3), 90, dtype=torch.uint8) for shape in size.image_shapes]
    with torch.inference_mode():
        before, patches, _ = encoder(tuple(dark), bev)
        assert before.shape == (1, 64, 16)
        assert patches.shape == (1, 3 * 8 + 4 * 12, 16)
        for i in range(2):
            lit = [image.clone() for image in dark]
            lit[i][0, 20:22, 100:102] = torch.tensor([255, 30, 30], dtype=torch.uint8)
            assert (before != encoder(tuple(lit), bev)[0]).any(dim=-1).all()


def test_cells_run_forward_first_and_then_to_the_left() -> None:
    torch.manual_seed(0)
    encoder = build_bev_encoder(variant("debug").action).eval()
    # Points everywhere, so that the norms, which look at the whole map, hardly notice a few more.
    bev = torch.randint(0, 256, (1, 2, 128, 192)) / 255.0
    more = bev.clone()
    more[0, :, 5 * 16 : 6 * 16, 2 * 24 : 3 * 24] = 1.0
    with torch.inference_mode():
        (cells, fine), (cells_more, fine_more) = encoder.bev_tower(bev), encoder.bev_tower(more)
    assert centre((cells_more - cells).abs().sum(-1).reshape(8, 8)) == pytest.approx([5.0, 2.0], abs=0.8)
    assert centre((fine_more - fine).abs().sum(1)[0]) == pytest.approx([10.5, 7.0], abs=0.8)


def centre(change_IJ: torch.Tensor) -> list[float]:
    """Row and column around which a map changed most."""
    most_IJ = change_IJ * (change_IJ > 0.3 * change_IJ.max())
    grid = torch.meshgrid(*(torch.arange(float(n)) for n in change_IJ.shape), indexing="ij")
    return [float((most_IJ * axis).sum() / most_IJ.sum()) for axis in grid]


def test_patches_are_those_of_the_processor_of_transformers() -> None:
    size = dataclasses.replace(variant("debug").understanding, temporal_patch=2)
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, 32, 64, 3), np.uint8)
    processor = Qwen2VLImageProcessor(patch_size=16, temporal_patch_size=2, merge_size=2, image_mean=[0.5] * 3,
                                      image_std=[0.5] * 3, size={"shortest_edge": 1, "longest_edge": 10**9})
    wanted = processor(images=list(frames[0]), return_tensors="pt")["pixel_values"]
    got = pixel_patches(torch.from_numpy(frames), size)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_the_released_encoder_turns_camera_and_histogram_into_64_cells() -> None:
    with torch.device("meta"):
        encoder = TransFuser().eval()
        image = torch.zeros(1, 384, 1024, 3, dtype=torch.uint8)
        cells, patches, last_map = encoder((image,), torch.zeros(1, 1, 256, 256, dtype=torch.uint8))
    assert cells.shape == (1, 64, 1512)
    assert patches.shape == (1, 384, 1512)
    assert last_map.shape == (1, 1512, 8, 8)
