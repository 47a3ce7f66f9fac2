"""The action expert: shapes, units, and what it must not need."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
import torch

from automot_ros.base.errors import ConfigError
from automot_ros.model.action import ActionBatch
from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import VARIANTS, variant


def act(model: AutoMoT, scene, batch: ActionBatch):
    with torch.no_grad():
        context = model.understanding.context(scene.frames, scene.prompt, scene.report)
        return model.action(batch, context.keys, context.values, context.next_position_B, context.mask_BT)


def test_the_output_has_the_shapes_it_promises(model: AutoMoT, scene) -> None:
    output = act(model, scene, scene.batch)
    width, words = model.variant.action.width, model.variant.understanding.vocabulary
    assert shapes_of(output) == {
        "waypoints_B62": (2, 6, 2), "route_B202": (2, 20, 2), "speeds_B3": (2, 3),
        "decision_logits_B8W": (2, 8, words), "decision_latents_B8D": (2, 8, width), "bev_tokens_B64D": (2, 64, width),
    }
    assert shapes_of(output.noticed) == {
        "light_logits_B4": (2, 4), "lead_m_B": (2,), "bodies_BCXY": (2, 4, 16, 24), "velocity_B2XY": (2, 2, 16, 24),
    }


def shapes_of(parts: object) -> dict[str, tuple[int, ...]]:
    values = {field.name: getattr(parts, field.name) for field in dataclasses.fields(parts)}
    return {name: tuple(value.shape) for name, value in values.items() if isinstance(value, torch.Tensor)}


def test_without_corrections_the_route_is_the_curve_through_the_target_points(scene) -> None:
    expert = AutoMoT(variant("debug"), seed=0).action.eval()
    torch.nn.init.zeros_(expert.route_head.mlp[-1].weight)
    size = expert.size
    keys = [torch.zeros(2, size.kv_heads, 3, size.key_dim)] * size.layers
    values = [torch.zeros(2, size.kv_heads, 3, size.head_dim)] * size.layers
    with torch.no_grad():
        route = expert(scene.batch, keys, values, torch.tensor([3, 3])).route_B202
    torch.testing.assert_close(route[:, 7], scene.batch.target_points_B22[:, 0])
    torch.testing.assert_close(route[:, 19], scene.batch.target_points_B22[:, 1])


@pytest.mark.parametrize("name", ["wide", "centre", "bev_BCXY", "target_points_B22", "state_B5"])
def test_every_input_matters(model: AutoMoT, scene, name: str) -> None:
    if name in ("wide", "centre"):
        wide, centre = scene.batch.images
        images = (255 - wide, centre) if name == "wide" else (wide, 255 - centre)
        changed = dataclasses.replace(scene.batch, images=images)
    else:
        value = getattr(scene.batch, name)
        other = 255 - value if value.dtype == torch.uint8 else value + 0.5
        changed = dataclasses.replace(scene.batch, **{name: other})
    assert not torch.equal(act(model, scene, changed).waypoints_B62, act(model, scene, scene.batch).waypoints_B62)


def test_a_sample_is_computed_alone_whatever_is_beside_it(model: AutoMoT, scene) -> None:
    """No statistics over a batch: else a batch shared by processes would teach something else."""
    model.train()
    try:
        whole = act(model, scene, scene.batch)
        for i in range(2):
            alone = act(model, scene.of(i), scene.of(i).batch)
            for name in ("waypoints_B62", "route_B202", "speeds_B3", "decision_logits_B8W"):
                torch.testing.assert_close(getattr(alone, name)[0], getattr(whole, name)[i], atol=1e-4, rtol=1e-4)
    finally:
        model.eval()


def test_without_a_context_the_expert_still_plans_and_lost_contexts_are_not_read(model: AutoMoT, scene) -> None:
    size = model.action.size
    nothing = [torch.zeros(2, size.kv_heads, 0, width) for width in (size.key_dim, size.head_dim)]
    keys, values = ([part] * size.layers for part in nothing)
    with torch.no_grad():
        alone = model.action(scene.batch, keys, values, torch.tensor([9, 9]))
        context = model.understanding.context(scene.frames, scene.prompt, scene.report)
        lost = model.action(scene.batch, context.keys, context.values, torch.tensor([9, 9]),
                            torch.zeros_like(context.mask_BT))
    torch.testing.assert_close(lost.waypoints_B62, alone.waypoints_B62, atol=1e-5, rtol=0)


def test_the_context_and_its_age_matter(model: AutoMoT, scene) -> None:
    output = act(model, scene, scene.batch)
    state = scene.batch.state_B5.clone()
    state[:, 1] += 1.0
    assert not torch.equal(act(model, scene, dataclasses.replace(scene.batch, state_B5=state)).waypoints_B62,
                           output.waypoints_B62)
    assert not torch.equal(act(model, scene.in_negative(), scene.batch).waypoints_B62, output.waypoints_B62)


def test_decision_logits_are_the_language_heads(model: AutoMoT, scene) -> None:
    output = act(model, scene, scene.batch)
    with torch.no_grad():
        wanted = model.understanding.model.lm_head(output.decision_latents_B8D)
    torch.testing.assert_close(output.decision_logits_B8W, wanted, atol=1e-6, rtol=0)


def test_gradients_reach_both_experts_when_trained_at_once(scene) -> None:
    model = AutoMoT(variant("debug"), seed=3)
    model(scene.frames, scene.prompt, scene.report, scene.batch).waypoints_B62.sum().backward()
    assert model.understanding.model.model.visual.patch_embed.proj.weight.grad.abs().sum() > 0
    for tower in (model.action.bev_encoder.image_tower, model.action.bev_encoder.bev_tower):
        assert tower.eighth[0][0].weight.grad.abs().sum() > 0


def test_what_is_asked_directly_teaches_the_eyes(scene) -> None:
    expert = AutoMoT(variant("debug"), seed=3).action
    size = expert.size
    keys = [torch.zeros(2, size.kv_heads, 1, size.key_dim)] * size.layers
    values = [torch.zeros(2, size.kv_heads, 1, size.head_dim)] * size.layers
    noticed = expert(scene.batch, keys, values, torch.tensor([1, 1])).noticed
    image, bev = (tower.eighth[0][0].weight for tower in (expert.bev_encoder.image_tower, expert.bev_encoder.bev_tower))
    (to_image,) = torch.autograd.grad(noticed.light_logits_B4[:, 1].sum(), image, retain_graph=True)
    (to_bev,) = torch.autograd.grad(noticed.velocity_B2XY.sum(), bev)
    assert to_image.abs().sum() > 0 and to_bev.abs().sum() > 0


def test_the_action_expert_needs_no_transformers() -> None:
    code = "import sys, automot_ros.model.action, automot_ros.model.refiner; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)},
                          timeout=300).returncode == 0


def test_nano_has_at_most_four_million_parameters() -> None:
    with torch.device("meta"):
        made = AutoMoT(variant("nano"))
    assert sum(p.numel() for p in made.parameters()) <= 4_000_000


def test_the_released_structure_has_the_published_counts() -> None:
    with torch.device("meta"):
        made = AutoMoT(variant("released"))

    def count(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    action = made.action
    assert count(made.understanding) == 4_437_815_808
    assert count(action.mixture) == 1_639_903_360
    assert count(action.bev_encoder) == 106_566_276
    assert len(action.bev_encoder.state_dict()) == 1146
    stored_but_unused_queries = 26 * 2560
    assert count(action) - count(action.mixture) - count(action.bev_encoder) == 40_492_827 - stored_but_unused_queries


def test_experts_that_cannot_read_each_other_are_refused() -> None:
    nano = VARIANTS["nano"]
    with pytest.raises(ConfigError, match="layers"):
        dataclasses.replace(nano, action=dataclasses.replace(nano.action, layers=3))
    with pytest.raises(ConfigError, match="keys"):
        dataclasses.replace(nano, action=dataclasses.replace(nano.action, key_dim=64))
    with pytest.raises(ConfigError, match="unknown variant"):
        variant("huge")
