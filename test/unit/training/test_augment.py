"""Moods and lost sensors: one draw for a sample, whoever computes it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from automot_ros.training.augment import FEWEST_HITS, LOST_CONTEXT, LOST_SENSOR, Augment


def draw(batch: int, seed: int = 0) -> Augment:
    return Augment.draw(batch, np.random.default_rng(seed))


def test_all_images_of_a_sample_are_in_one_mood_and_samples_differ() -> None:
    augment = draw(6)
    grey = torch.full((6, 2, 3, 4, 3), 120, dtype=torch.uint8)
    several, one = augment.recolour(grey), augment.recolour(grey[:, 0])
    assert several.dtype == torch.uint8 and several.shape == grey.shape
    assert (several == one[:, :1, :1][:, None]).all()
    assert len({tuple(sample[0, 0].tolist()) for sample in one}) == 6
    assert 120 * 0.8 - 12 < several.min() < several.max() < 120 * 1.21 + 12


def test_colours_stay_colours_at_both_ends() -> None:
    ends = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2, 1).expand(50, 1, 2, 3)
    black, white = draw(50).recolour(ends).unbind(2)
    assert black.max() <= 12 and white.min() >= 255 * 0.8 - 12, "nothing wraps around"


def test_the_parts_of_a_draw_are_the_draw() -> None:
    whole = draw(8)
    halves = [whole.part(slice(rank, None, 2)) for rank in range(2)]
    for name in Augment.__slots__:
        parts = [getattr(half, name) for half in halves]
        assert torch.equal(torch.stack(parts, 1).flatten(0, 1), getattr(whole, name)), name


def test_sensors_and_contexts_are_lost_now_and_then_but_never_both_eyes() -> None:
    augment = draw(20_000)
    assert not (augment.no_camera & augment.no_points).any()
    for name, share in (("no_camera", LOST_SENSOR), ("no_points", LOST_SENSOR), ("no_context", LOST_CONTEXT)):
        assert getattr(augment, name).float().mean().item() == pytest.approx(share, rel=0.15), name


def test_points_are_thinned_alike_in_a_batch_and_in_its_parts() -> None:
    augment, full = draw(400), torch.full((400, 2, 16, 16), 200, dtype=torch.uint8)
    thin = augment.thin(full)
    assert thin.dtype == torch.uint8 and set(thin.unique().tolist()) == {0, 200}
    left = (thin > 0).float().mean((1, 2, 3))
    assert not left[augment.no_points].any() and augment.no_points.any()
    there = ~augment.no_points
    torch.testing.assert_close(left[there].double(), augment.hits[there], atol=0.1, rtol=0)
    assert FEWEST_HITS <= augment.hits.min() < 0.65 and augment.hits.max() > 0.95
    assert torch.equal(augment.part(slice(1, None, 2)).thin(full[1::2]), thin[1::2])
