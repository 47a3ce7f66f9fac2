"""The vision tower learns alone what is where, from newest and small frames; what nobody told teaches nothing."""

from __future__ import annotations

import numpy as np
import torch

from automot_ros.model.automot import AutoMoT
from automot_ros.training.samples import Samples
from automot_ros.training.sight import (
    SceneProbe,
    newest_and_small,
    sectors_in,
    sight_figures,
    sight_loss,
    train_sight,
)

EXPERTS, CARS = np.arange(9), np.arange(9, 12)


def test_neighbouring_sectors_give_their_nearest_body() -> None:
    sectors = np.zeros((1, 2, 16), np.uint8)
    sectors[0, :, 4], sectors[0, :, 5], sectors[0, :, 9] = (1, 3), (3, 2), (2, 4)
    half = sectors_in(sectors, 8)
    assert half.shape == (1, 2, 8)
    assert half[0, :, 2].tolist() == [3, 2] and half[0, :, 4].tolist() == [2, 4]
    assert not half[0, 0, [0, 1, 3, 5, 6, 7]].any()
    assert np.array_equal(sectors_in(sectors, 16), sectors)
    assert (sectors_in(np.full((2, 2, 16), 255, np.uint8), 8) == 255).all()


def test_tokens_that_tell_the_truth_cost_little_and_others_much(samples: Samples) -> None:
    """A probe that reads the answers off one-hot tokens: 3 lights, 7 words, 5 distances."""
    probe, rows = SceneProbe(15), EXPERTS
    with torch.no_grad():
        for layer, first, size in ((probe.votes, 0, 3), (probe.columns, 3, 12)):
            layer.weight.zero_()
            layer.weight[:, first : first + size] = 30.0 * torch.eye(size)
    tokens = torch.zeros(9, 16, 15)
    for b, i in enumerate(rows):
        light, (words, places) = samples.labels.light[i], samples.pictures["sectors"][np.array([i])][0].astype(int)
        if light > 0:
            tokens[b, 7, light - 1] = 1.0
        tokens[b, np.arange(16), 3 + words], tokens[b, np.arange(16), 10 + places] = 1.0, 1.0
    loss, figures = sight_loss(probe, tokens, 16, samples, rows)
    assert float(loss.detach()) < 0.05 and set(figures.values()) == {1.0}
    wrong, _ = sight_loss(probe, tokens.roll(1, dims=1).roll(1, dims=0), 16, samples, rows)
    assert float(wrong) > 5.0
    everywhere, nowhere = torch.ones(9, dtype=torch.bool), torch.zeros(9, dtype=torch.bool)
    for seen, mirrored in ((tokens.flip(1), everywhere), (tokens, nowhere)):
        assert torch.isclose(sight_loss(probe, seen, 16, samples, rows, mirrored)[0], loss)
    assert float(sight_loss(probe, tokens, 16, samples, rows, everywhere)[0]) > 5.0


def test_a_car_that_nobody_spoke_about_teaches_nothing(samples: Samples, frozen: AutoMoT) -> None:
    probe = SceneProbe(frozen.variant.understanding.hidden)
    with torch.no_grad():
        tokens = frozen.understanding.image_features(newest_and_small(samples, CARS)[0])[0][:, 0]
        assert float(sight_loss(probe, tokens, 16, samples, CARS)[0]) == 0.0


def test_the_tower_learns_what_is_where(model: AutoMoT, samples: Samples, losses) -> None:
    probe = SceneProbe(model.variant.understanding.hidden)
    words_before = model.understanding.language_head_WD.clone()
    before = sight_figures(model.understanding, probe, samples, EXPERTS)
    curve = losses(lambda config, state, told: train_sight(
        model.understanding, probe, samples, EXPERTS, config, 0, state, told), 4)
    assert np.mean(curve[-5:]) < 0.9 * np.mean(curve[:3])
    after = sight_figures(model.understanding, probe, samples, EXPERTS)
    assert after["body"] > before["body"] and set(after) == {"lamp", "body", "distance"}
    assert torch.equal(model.understanding.language_head_WD, words_before), "only the tower learns"
