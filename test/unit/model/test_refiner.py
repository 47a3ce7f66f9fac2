"""The refiner: starts as the draft, learns, and repeats itself to the bit."""

from __future__ import annotations

import torch

from automot_ros.model.refiner import (
    STEPS,
    TRAINING_LEVELS,
    ActionRefiner,
    RefinerDraft,
    sigmas,
)
from automot_ros.model.variants import variant


def made(seed: int) -> tuple[ActionRefiner, RefinerDraft]:
    torch.manual_seed(seed)
    size = variant("debug")
    width = size.action.width
    draft = RefinerDraft(torch.randn(3, 6, 2) * 5, torch.randn(3, 20, 2) * 5, torch.rand(3, 5),
                         torch.randn(3, 64, width), torch.randn(3, 8, width))
    return ActionRefiner(size), draft


def woken(refiner: ActionRefiner) -> ActionRefiner:
    with torch.no_grad():
        for parameter in refiner.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.1)
    return refiner


def test_an_untrained_refiner_gives_the_draft_back() -> None:
    refiner, draft = made(0)
    clean = refiner.refine(draft, torch.randn(3, 2, 2))
    assert torch.equal(clean.waypoints_B62, draft.waypoints_B62)
    assert torch.equal(clean.route_B202, draft.route_B202)


def test_the_same_noise_gives_the_same_plan_and_other_noise_another() -> None:
    refiner, draft = made(0)
    woken(refiner)
    noise = torch.randn(3, 2, 2)
    with torch.inference_mode():
        first, again, other = refiner.refine(draft, noise), refiner.refine(draft, noise), refiner.refine(draft, -noise)
    assert torch.equal(first.route_B202, again.route_B202)
    assert not torch.equal(first.route_B202, other.route_B202)


def test_bev_tokens_decision_and_state_each_matter() -> None:
    refiner, draft = made(0)
    woken(refiner)
    noise = torch.zeros(3, 2, 2)
    before = refiner.refine(draft, noise).waypoints_B62
    for name in ("bev_tokens_B64E", "decision_latents_B8E", "state_B5"):
        parts = {field: getattr(draft, field) for field in RefinerDraft.__slots__}
        parts[name] = parts[name].flip(1)
        assert not torch.allclose(refiner.refine(RefinerDraft(**parts), noise).waypoints_B62, before)


def test_it_learns_a_constant_offset() -> None:
    refiner, draft = made(0)
    optimiser = torch.optim.AdamW(refiner.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(60):
        t, noise = refiner.draw(3, generator)
        clean = refiner(draft, t, noise)
        loss = (clean.waypoints_B62 - draft.waypoints_B62 - 1.0).abs().mean()
        loss += (clean.route_B202 - draft.route_B202 + 0.5).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 1.4
    assert losses[-1] < 0.5


def test_gradients_reach_the_draft() -> None:
    refiner, draft = made(0)
    draft.waypoints_B62.requires_grad_()
    refiner.refine(draft, torch.zeros(3, 2, 2)).waypoints_B62.sum().backward()
    assert draft.waypoints_B62.grad is not None


def test_noise_levels_grow_and_driving_starts_within_those_of_training() -> None:
    levels = sigmas()
    assert (levels.diff() >= 0).all()
    assert levels[0] == levels.min() > 0
    assert max(STEPS) < TRAINING_LEVELS
    assert list(STEPS) == sorted(STEPS, reverse=True)
