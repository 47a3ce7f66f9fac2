"""Stages 2 and 3: what goes into a batch, what the loss asks, and that both experts learn from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from automot_ros.model.automot import AutoMoT
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.training.action_stage import (
    action_batch,
    action_errors,
    action_loss,
    context_batch,
    decisions_of,
    draw_batch,
    train_action,
)
from automot_ros.training.augment import Augment
from automot_ros.training.contexts import Contexts, NoContexts
from automot_ros.training.refiner_stage import drafts, refiner_errors, refiner_loss, train_refiner
from automot_ros.training.samples import Samples

ALL = np.arange(12)


def plain(batch: int) -> Augment:
    """Nothing varied, nothing lost."""
    kept = torch.zeros(batch, dtype=torch.bool)
    hits, seed = torch.ones(batch), torch.arange(batch)
    return Augment(torch.ones(batch, 3), torch.zeros(batch, 3), hits, seed, kept, kept, kept)


def test_a_batch_says_how_old_its_contexts_are_and_how_far_the_car_went_since(samples: Samples) -> None:
    batch = action_batch(samples, np.array([4, 7]), np.array([1, 7]))
    assert batch.state_B5.tolist() == [[8.0, 0.75, 6.0, 0.0, 0.0], [8.0, 0.0, 0.0, 0.0, 0.0]]
    assert [image.shape for image in batch.images] == [(2, 48, 128, 3), (2, 64, 192, 3)]
    assert np.array_equal(batch.bev_BCXY.numpy(), samples.pictures["bev"][np.array([4, 7])])
    assert np.array_equal(batch.target_points_B22.numpy(), samples.labels.targets[[4, 7]])


def test_an_augmentation_that_varies_nothing_changes_nothing_and_lost_sensors_are_black(samples: Samples) -> None:
    rows = np.array([0, 5])
    bare, varied = action_batch(samples, rows, rows), action_batch(samples, rows, rows, plain(2))
    for a, b in zip((*bare.images, bare.bev_BCXY), (*varied.images, varied.bev_BCXY), strict=True):
        assert torch.equal(a, b)
    lost = replace(plain(2), no_camera=torch.tensor([True, False]), no_points=torch.tensor([False, True]))
    batch = action_batch(samples, rows, rows, lost)
    assert [[bool(image[i].any()) for i in range(2)] for image in (*batch.images, batch.bev_BCXY)] == [
        [False, True], [False, True], [True, False]]


def test_a_lost_context_is_masked_whole(samples: Samples, contexts: Contexts) -> None:
    lost = replace(plain(3), no_context=torch.tensor([False, True, False]))
    *_, mask = context_batch(contexts, np.array([0, 1, 9]), lost)
    assert mask is not None and mask.any(dim=1).tolist() == [True, False, True]
    assert mask.all(dim=1).tolist() == [True, False, True]
    assert context_batch(contexts, np.array([0]))[3] is None


def test_batches_repeat_themselves_and_favour_what_is_weighed_more(samples: Samples) -> None:
    weights = np.array([0.9] + [0.1 / 11] * 11)
    (rows, read, augment), (again, _, _) = (
        draw_batch(samples, ALL, weights, 64, np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(rows, again) and (rows == 0).mean() > 0.7
    assert len(read) == len(augment.gain) == 64 and (read <= rows).all()


def test_decisions_are_the_words_of_the_meta_actions(samples: Samples) -> None:
    words = Vocabulary.nano()
    said = words.decode(decisions_of(samples.labels)[1]).split()
    labels = samples.labels
    assert said[0::2] == [LONGITUDINAL_WORDS[n] for n in labels.longitudinal[1]]
    assert said[1::2] == [LATERAL_WORDS[n] for n in labels.lateral[1]]


def test_the_loss_of_a_batch_is_the_mean_of_its_halves(frozen: AutoMoT, samples: Samples, contexts: Contexts) -> None:
    """Drives with and without maps, lights and hazards among them: none weighs more for who is beside it."""
    decisions = decisions_of(samples.labels)

    def loss(rows: np.ndarray) -> torch.Tensor:
        out = frozen.action(action_batch(samples, rows, rows), *context_batch(contexts, rows))
        return action_loss(out, samples, decisions, rows)[0]

    with torch.no_grad():
        whole = loss(ALL)
        for halves in ((ALL[0::2], ALL[1::2]), (ALL[:6], ALL[6:])):
            torch.testing.assert_close(torch.stack([loss(half) for half in halves]).mean(), whole, atol=1e-4, rtol=1e-5)


def test_what_nobody_told_is_not_asked(model: AutoMoT, samples: Samples) -> None:
    """A car's drive has no lights, hazards or bodies: these heads learn nothing from it."""
    rows, contexts = np.arange(9, 12), NoContexts(model.action.size)
    out = model.action(action_batch(samples, rows, rows), *context_batch(contexts, rows))
    loss, figures = action_loss(out, samples, decisions_of(samples.labels), rows)
    loss.backward()
    heads = model.action.auxiliary
    assert heads is not None
    assert all(p.grad is None or not p.grad.any() for p in heads.parameters())
    assert model.action.waypoints_head.mlp[0].weight.grad.any()
    assert figures["bodies"] == figures["velocity"] == figures["light"] == 0.0


def test_a_perfect_plan_costs_nothing(model: AutoMoT, samples: Samples) -> None:
    contexts, labels = NoContexts(model.action.size), samples.labels
    with torch.no_grad():
        out = model.action(action_batch(samples, ALL, ALL), *context_batch(contexts, ALL))
        perfect = replace(out, waypoints_B62=torch.from_numpy(labels.waypoints), noticed=None,
                          route_B202=torch.from_numpy(labels.route), speeds_B3=torch.from_numpy(labels.speeds))
        loss, figures = action_loss(perfect, samples, decisions_of(labels), ALL)
    assert figures["waypoint"] == figures["route"] == figures["speed"] == 0.0
    assert float(loss) == pytest.approx(0.4 * figures["decision"], rel=1e-5)


@pytest.mark.parametrize("warm_up", [True, False])
def test_the_action_expert_learns_with_and_without_contexts(
    model: AutoMoT, samples: Samples, contexts: Contexts, losses, warm_up: bool
) -> None:
    source = NoContexts(model.action.size) if warm_up else contexts
    before = action_errors(model.action, samples, source, ALL)
    curve = losses(lambda config, state, told: train_action(
        model.action, samples, source, ALL, config, 0, state, told), 6)
    after = action_errors(model.action, samples, source, ALL)
    assert np.mean(curve[-5:]) < 0.85 * np.mean(curve[:3])
    assert after["waypoint_m"] < before["waypoint_m"]
    assert before.keys() == after.keys() >= {"route_m", "brake_recall", "light_accuracy", "waypoint_m, braking"}
    assert after["waypoint_m, standing"] is None, "nobody stands in these drives"


def test_the_refiner_learns_on_the_drafts_of_a_frozen_expert(
    model: AutoMoT, samples: Samples, contexts: Contexts, losses
) -> None:
    weights = [p.clone() for p in model.action.parameters()]
    before = refiner_errors(model.refiner, model.action, samples, contexts, ALL)
    assert before["waypoint_refined_m"] == before["waypoint_draft_m"], "an untrained one gives the draft back"
    curve = losses(lambda config, state, told: train_refiner(
        model.refiner, model.action, samples, contexts, ALL, config, 0, state, told), 6)
    assert np.mean(curve[-5:]) < 0.85 * np.mean(curve[:3])
    after = refiner_errors(model.refiner, model.action, samples, contexts, ALL)
    assert after["waypoint_refined_m"] < after["waypoint_draft_m"] == before["waypoint_draft_m"]
    assert all(torch.equal(p, q) for p, q in zip(model.action.parameters(), weights, strict=True))


def test_the_refiners_loss_of_a_batch_is_the_mean_of_its_halves(
    frozen: AutoMoT, samples: Samples, contexts: Contexts
) -> None:
    t, noise = frozen.refiner.draw(12, torch.Generator().manual_seed(0))

    def loss(part: slice) -> torch.Tensor:
        draft = drafts(frozen.action, samples, contexts, ALL[part], ALL[part])
        return refiner_loss(frozen.refiner(draft, t[part], noise[part]), samples, ALL[part])

    with torch.no_grad():
        halves = torch.stack([loss(slice(rank, None, 2)) for rank in range(2)])
        torch.testing.assert_close(halves.mean(), loss(slice(None)), atol=1e-5, rtol=1e-5)
