"""Save, load, drive: the policies of a folder."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.base.errors import CheckpointError, ConfigError, ContextError
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.action import ActionExpert
from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import variant
from automot_ros.policy.baselines import ConstantSpeed, StandStill
from automot_ros.policy.checkpoint import (
    PARTS,
    load_part,
    load_vocabulary,
    model_hash,
    own_tensors,
    read_manifest,
    save_part,
)
from automot_ros.policy.nano import CONTEXT_CAPACITY, Action, Refiner, Understanding
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.policy.vocabulary import PROMPT_TEXT_TOKENS, REPORT_TOKENS, SPECIAL_WORDS, Vocabulary
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft
from automot_ros.scene.report import Report
from automot_ros.scene.sensing import EgoState

HERE = Pose2(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("nano")
    model = AutoMoT(variant("nano"), seed=5)
    model.action.attach_language_head(model.understanding.language_head_WD)
    with torch.no_grad():
        model.refiner.head.weight.normal_(std=0.05)
    for part in PARTS:
        save_part(path, part, getattr(model, part))
    return path


@pytest.fixture(scope="module")
def context(folder: Path) -> AttentionContext:
    frames = tuple(np.random.default_rng(i).integers(0, 256, (256, 512, 3), np.uint8) for i in range(4))
    return Understanding(folder).understand(UnderstandingObservation(7, frames, 4.0, "turn_left in 20 m"), 3, 9, HERE)


def observation(context: AttentionContext, stamp_ns: int = 50) -> ActionObservation:
    draw = np.random.default_rng(0)
    points = draw.normal(0.0, 10.0, (500, 4)).astype(np.float32)
    return ActionObservation(EgoState(stamp_ns, HERE, 4.0), draw.integers(0, 256, (256, 512, 3), np.uint8),
                             ((points, HERE),), ((points, HERE),), np.array([[8.0, 0.0], [20.0, 1.0]]), context, 0.25,
                             Pose2(1.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def draft(folder: Path, context: AttentionContext) -> Draft:
    return Action(folder).act(observation(context))


def test_a_context_says_whose_it_is_and_what_was_said(folder: Path, context: AttentionContext) -> None:
    tokens = context.keys_LGTH.shape[2]
    assert context.keys_LGTH.shape == context.values_LGTV.shape == (4, 2, tokens, 32)
    assert tokens == 1 + (16 + 2) * 3 + (48 + 2) + PROMPT_TEXT_TOKENS + REPORT_TOKENS == CONTEXT_CAPACITY
    assert context.keys_LGTH.dtype == np.float32
    assert (context.stamp_ns, context.epoch, context.sequence, context.model_hash) == (7, 3, 9, model_hash(folder))
    assert Report.parse(context.text) is not None, "the form is kept even by weights that know nothing"
    assert context.next_position < tokens


def test_weights_that_speak_another_language_are_refused(tmp_path: Path) -> None:
    model = AutoMoT(variant("nano"), seed=5)
    save_part(tmp_path, "understanding", model.understanding, vocabulary=Vocabulary([*SPECIAL_WORDS, "route"]))
    with pytest.raises(CheckpointError, match=r"another language.*'light'"):
        Understanding(tmp_path)


def test_weights_that_look_at_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    save_part(tmp_path, "understanding", AutoMoT(variant("debug"), seed=5).understanding, variant_name="debug")
    with pytest.raises(CheckpointError, match=r"frames of another size.*debug"):
        Understanding(tmp_path)


def test_the_same_observation_gives_the_same_draft(folder: Path, context: AttentionContext, draft: Draft) -> None:
    again = Action(folder)
    other = dataclasses.replace(context, sequence=10, keys_LGTH=context.keys_LGTH + 0.5)
    different = again.act(observation(other))
    same = again.act(observation(context))
    assert np.array_equal(same.waypoints_62, draft.waypoints_62)
    assert np.array_equal(same.bev_tokens_64D, draft.bev_tokens_64D)
    assert not np.array_equal(different.waypoints_62, draft.waypoints_62)


def test_a_draft_carries_what_it_was_made_of(context: AttentionContext, draft: Draft) -> None:
    assert (draft.stamp_ns, draft.context_epoch, draft.context_sequence, draft.context_age_s) == (50, 3, 9, 0.25)
    assert draft.waypoints_62.shape == (6, 2)
    assert draft.route_202.shape == (20, 2)
    assert draft.decision_latents_8D.shape == (8, 128)
    assert draft.bev_tokens_64D.shape == (64, 128)
    np.testing.assert_allclose(draft.decision.longitudinal_34.sum(1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(draft.decision.lateral_35.sum(1), 1.0, rtol=1e-5)


def test_a_read_only_context_is_accepted_and_one_of_other_weights_refused(
    folder: Path, context: AttentionContext, draft: Draft
) -> None:
    keys, values = context.keys_LGTH.copy(), context.values_LGTV.copy()
    keys.flags.writeable = values.flags.writeable = False
    action = Action(folder)
    same = action.act(observation(dataclasses.replace(context, keys_LGTH=keys, values_LGTV=values)))
    assert np.array_equal(same.waypoints_62, draft.waypoints_62)
    with pytest.raises(ContextError, match="other weights"):
        action.act(observation(dataclasses.replace(context, sequence=11, model_hash="0" * 16)))
    with pytest.raises(ContextError, match="another model"):
        action.act(observation(dataclasses.replace(context, sequence=12, keys_LGTH=context.keys_LGTH[:3])))


def test_the_refiner_repeats_itself_by_seed_and_stamp(folder: Path, draft: Draft) -> None:
    first, again = Refiner(folder, seed=4), Refiner(folder, seed=4)
    again.refine(dataclasses.replace(draft, ego=dataclasses.replace(draft.ego, stamp_ns=60)))
    waypoints, route = first.refine(draft)
    assert np.array_equal(again.refine(draft)[0], waypoints)
    assert not np.array_equal(Refiner(folder, seed=5).refine(draft)[0], waypoints)
    assert not np.array_equal(route, draft.route_202)


def test_no_refiner_gives_the_draft_back_and_an_unknown_one_is_refused(folder: Path, draft: Draft) -> None:
    waypoints, route = Refiner(folder, "none").refine(draft)
    assert np.array_equal(waypoints, draft.waypoints_62)
    assert np.array_equal(route, draft.route_202)
    with pytest.raises(ConfigError, match="refiner"):
        Refiner(folder, "magic")


def test_the_fast_policies_load_without_transformers(folder: Path) -> None:
    code = ("import sys; from pathlib import Path; from automot_ros.policy.nano import Action, Refiner; "
            f"Action(Path({str(folder)!r})); Refiner(Path({str(folder)!r})); sys.exit('transformers' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)},
                          timeout=300).returncode == 0


def assert_as_stored(loaded: torch.Tensor, original: torch.Tensor) -> None:
    """Matrices: within half a level of 127 of their row's largest; the rest: to half precision."""
    loaded, original = loaded.detach(), original.detach()
    if original.ndim >= 2 and original.is_floating_point():
        rows, found = original.flatten(1), loaded.flatten(1)
        level = rows.abs().amax(1, keepdim=True) / 127.0
        assert ((rows - found).abs() <= 0.56 * level + 1e-7).all()
    else:
        wanted = original.half().to(original.dtype) if original.is_floating_point() else original
        assert torch.equal(loaded, wanted)


def test_a_part_survives_its_file(folder: Path) -> None:
    expert = ActionExpert(variant("nano"))
    load_part(folder, "action", expert)
    wanted = AutoMoT(variant("nano"), seed=5)
    wanted.action.attach_language_head(wanted.understanding.language_head_WD)
    for key, tensor in own_tensors(wanted.action).items():
        assert_as_stored(own_tensors(expert)[key], tensor)
    assert load_vocabulary(folder).words == Vocabulary.nano().words


def test_the_tied_head_is_stored_once_and_tied_again(folder: Path) -> None:
    model = AutoMoT(variant("nano"), seed=6)
    assert not any(key.endswith("lm_head.weight") for key in own_tensors(model.understanding))
    load_part(folder, "understanding", model.understanding)
    saved = AutoMoT(variant("nano"), 5).understanding.language_head_WD
    assert_as_stored(model.understanding.language_head_WD, saved)
    network = model.understanding.model
    assert network.lm_head.weight is network.model.language_model.embed_tokens.weight


def test_damage_and_strangers_are_refused(tmp_path: Path) -> None:
    model = AutoMoT(variant("debug"), seed=0)
    with pytest.raises(CheckpointError, match="no model"):
        read_manifest(tmp_path)
    save_part(tmp_path, "refiner", model.refiner, variant_name="debug")
    before = model_hash(tmp_path)
    with pytest.raises(CheckpointError, match="part not in the model"):
        load_part(tmp_path, "action", model.action)
    with pytest.raises(CheckpointError, match="another variant"):
        save_part(tmp_path, "action", model.action, variant_name="nano")
    with pytest.raises(CheckpointError, match="keys do not fit"):
        load_part(tmp_path, "refiner", model.action)
    wider = AutoMoT(dataclasses.replace(model.variant, refiner=dataclasses.replace(model.variant.refiner, width=48)), 0)
    with pytest.raises(CheckpointError, match=r"refiner.safetensors: place: got \(1, 26, 24\)"):
        load_part(tmp_path, "refiner", wider.refiner)
    save_part(tmp_path, "refiner", AutoMoT(variant("debug"), seed=1).refiner, variant_name="debug")
    assert model_hash(tmp_path) != before
    path = tmp_path / "refiner.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="not the announced file"):
        load_part(tmp_path, "refiner", model.refiner)


def test_stand_still_does_not_move_and_constant_speed_keeps_it_along_the_route(context: AttentionContext) -> None:
    obs = observation(context)
    assert not StandStill().act(obs).waypoints_62.any()
    steady = ConstantSpeed(6.0).act(obs)
    steps = np.hypot(*np.diff(steady.waypoints_62, axis=0).T)
    np.testing.assert_allclose(steps, 3.0, rtol=0.05)
    np.testing.assert_allclose(steady.route_202[19], [20.0, 1.0], atol=1e-4)
    assert steady.route_202.dtype == np.float32
