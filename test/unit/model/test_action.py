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
    shapes = {field.name: tuple(getattr(output, field.name).shape) for field in dataclasses.fields(output)}
    assert shapes == {
        "waypoints_B62": (2, 6, 2), "route_B202": (2, 20, 2), "speeds_B3": (2, 3),
        "decision_logits_B8W": (2, 8, words), "decision_latents_B8D": (2, 8, width), "bev_tokens_B64D": (2, 64, width),
        "aux_light_logits_B4": (2, 4), "aux_lead_m_B": (2,),
    }


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


@pytest.mark.parametrize("name", ["image_BIJ3", "bev_CXY", "target_points_B22", "state_B5"])
def test_every_input_matters(model: AutoMoT, scene, name: str) -> None:
    field = {"bev_CXY": "bev_BCXY"}.get(name, name)
    value = getattr(scene.batch, field)
    changed = dataclasses.replace(scene.batch, **{field: 255 - value if value.dtype == torch.uint8 else value + 0.5})
    assert not torch.equal(act(model, scene, changed).waypoints_B62, act(model, scene, scene.batch).waypoints_B62)


def test_the_context_and_its_age_matter(model: AutoMoT, scene) -> None:
    output = act(model, scene, scene.batch)
    state = scene.batch.state_B5.clone()
    state[:, 1] += 1.0
    assert not torch.equal(act(model, scene, dataclasses.replace(scene.batch, state_B5=state)).waypoints_B62,
                           output.waypoints_B62)
    other = dataclasses.replace(scene, frames=255 - scene.frames)
    assert not torch.equal(act(model, other, scene.batch).waypoints_B62, output.waypoints_B62)


def test_decision_logits_are_the_language_heads(model: AutoMoT, scene) -> None:
    output = act(model, scene, scene.batch)
    with torch.no_grad():
        wanted = model.understanding.model.lm_head(output.decision_latents_B8D)
    torch.testing.assert_close(output.decision_logits_B8W, wanted, atol=1e-6, rtol=0)


def test_gradients_reach_both_experts_when_trained_at_once(scene) -> None:
    model = AutoMoT(variant("debug"), seed=3)
    model(scene.frames, scene.prompt, scene.report, scene.batch).waypoints_B62.sum().backward()
    assert model.understanding.model.model.visual.patch_embed.proj.weight.grad.abs().sum() > 0
    assert model.action.bev_encoder.image_tower[0][0].weight.grad.abs().sum() > 0


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
