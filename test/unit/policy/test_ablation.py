"""Parts taken away: each wrapper hides what it is named for and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.base.errors import ConfigError
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.action import ActionExpert
from automot_ros.model.variants import variant
from automot_ros.policy.ablation import PARTS, LessAction, LessRefiner, LessUnderstanding, Unread, parts_of
from automot_ros.policy.checkpoint import model_hash, save_part
from automot_ros.policy.nano import Action
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.policy.undecided import UndecidedAction
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft
from automot_ros.scene.sensing import EgoState

HERE = Pose2(0.0, 0.0, 0.0)


def observation(weights: str = "m") -> ActionObservation:
    draw = np.random.default_rng(0)
    points, old = (draw.normal(0.0, 10.0, (500, 4)).astype(np.float32) for _ in range(2))
    keys, values = (draw.normal(0.0, 1.0, (4, 2, 30, 32)).astype(np.float32) for _ in range(2))
    context = AttentionContext(7, 3, 9, weights, keys, values, 25, HERE, "words")
    return ActionObservation(EgoState(50, HERE, 4.0), draw.integers(1, 256, (256, 512, 3), np.uint8),
                             ((points, HERE),), ((old, HERE),), np.array([[8.0, 0.0], [20.0, 1.0]]), context, 0.25,
                             Pose2(1.0, 0.1, 0.2))


def draft_of(obs: ActionObservation) -> Draft:
    words = Decision(np.full((3, 4), 0.25, np.float32), np.full((3, 5), 0.2, np.float32))
    return Draft(obs.ego, np.zeros((6, 2), np.float32), np.zeros((20, 2), np.float32), np.zeros(3, np.float32), words,
                 np.ones((8, 4), np.float32), np.zeros((64, 4), np.float32), 3, 9, obs.context_age_s)


def shown(*without: str) -> tuple[dict[str, object], Draft]:
    """(fields of the observation that the inner policy saw changed, the draft that came out)."""
    seen: list[ActionObservation] = []

    def plan(obs: ActionObservation) -> Draft:
        seen.append(obs)
        return draft_of(obs)

    obs = observation()
    draft = LessAction(plan, parts_of(without)).act(obs)
    fields = [f.name for f in dataclasses.fields(obs)]
    return {f: getattr(seen[0], f) for f in fields if getattr(seen[0], f) is not getattr(obs, f)}, draft


def test_names_are_checked_and_come_in_one_order() -> None:
    assert parts_of(["age", "context", "age"]) == ("context", "age")
    assert parts_of([]) == ()
    with pytest.raises(ConfigError, match=r"no such part of a model: got radar, wanted context \| frames"):
        parts_of(["age", "radar"])


def test_each_part_hides_its_own_fields_of_the_observation() -> None:
    hidden = {part: set(shown(part)[0]) for part in PARTS}
    assert hidden == {"context": {"context"}, "frames": set(), "camera": {"image_HW3"},
                      "lidar": {"sweeps", "past_sweeps"}, "motion": {"past_sweeps"},
                      "age": {"context_age_s", "pose_context_to_ego"}, "decisions": set()}


def test_a_lost_context_has_no_tokens_and_keeps_its_place() -> None:
    context = shown("context")[0]["context"]
    assert isinstance(context, AttentionContext)
    assert context.keys_LGTH.shape == context.values_LGTV.shape == (4, 2, 0, 32)
    assert (context.epoch, context.sequence, context.next_position) == (3, 9, 25)


def test_lost_senses_are_black_or_empty_and_several_parts_go_together() -> None:
    seen, _ = shown("camera", "motion", "age")
    assert not np.any(seen["image_HW3"])
    assert (seen["past_sweeps"], seen["context_age_s"], seen["pose_context_to_ego"]) == ((), 0.0, HERE)


def test_the_guard_learns_the_true_age_and_the_refiner_does_not() -> None:
    draft = shown("age")[1]
    assert draft.context_age_s == 0.25
    polished: list[Draft] = []

    def polish(d: Draft) -> tuple[np.ndarray, np.ndarray]:
        polished.append(d)
        return d.waypoints_62, d.route_202

    for part in ("age", "decisions", "camera"):
        LessRefiner(polish, (part,)).refine(draft)
    assert [d.context_age_s for d in polished] == [0.0, 0.25, 0.25]
    assert [bool(d.decision_latents_8D.any()) for d in polished] == [True, False, True]


def test_the_understanding_expert_is_shown_black_frames_where_they_are_taken() -> None:
    seen: list[UnderstandingObservation] = []

    def read(obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        seen.append(obs)
        return observation().context

    frames = tuple(np.full((256, 512, 3), 9, np.uint8) for _ in range(4))
    for part in ("frames", "camera"):
        LessUnderstanding(read, (part,)).understand(UnderstandingObservation(7, frames, 4.0, "words"), 1, 2, HERE)
    assert [bool(np.any(obs.frames_4)) for obs in seen] == [False, True]
    assert (seen[0].stamp_ns, seen[0].speed_mps, seen[0].route_words) == (7, 4.0, "words")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("action")
    save_part(path, "action", ActionExpert(variant("nano")))
    return path


def test_an_action_expert_plans_without_context_and_not_as_with_it(folder: Path) -> None:
    action, obs = Action(folder), observation(model_hash(folder))
    without = LessAction(action.act, ("context",)).act(obs)
    other = dataclasses.replace(obs, context=dataclasses.replace(obs.context, sequence=10,
                                                                 keys_LGTH=obs.context.keys_LGTH + 1.0))
    assert np.array_equal(without.waypoints_62, LessAction(action.act, ("context",)).act(other).waypoints_62)
    assert not np.array_equal(without.waypoints_62, Action(folder).act(obs).waypoints_62)


def test_an_undecided_expert_decides_as_ever_and_drives_without_it(folder: Path) -> None:
    obs = observation(model_hash(folder))
    plain, undecided = Action(folder), UndecidedAction(folder)
    usual, alone = plain.act(obs), undecided.act(obs)
    assert np.array_equal(usual.decision_latents_8D, alone.decision_latents_8D)
    assert not np.array_equal(usual.waypoints_62, alone.waypoints_62)
    for action in (plain, undecided):
        with torch.no_grad():
            action._expert.reasoning.queries.add_(1.0)
    assert np.array_equal(undecided.act(obs).waypoints_62, alone.waypoints_62)
    assert not np.array_equal(plain.act(obs).waypoints_62, usual.waypoints_62)


def test_an_expert_that_nobody_reads_need_not_run(folder: Path) -> None:
    action, obs = Action(folder), observation(model_hash(folder))
    blank = UnderstandingObservation(7, (np.zeros((256, 512, 3), np.uint8),) * 4, 4.0, "words")
    unread = Unread(model_hash(folder), variant("nano").action).understand(blank, 3, 11, HERE)
    assert (unread.stamp_ns, unread.epoch, unread.sequence, unread.keys_LGTH.shape[2], unread.text) == (7, 3, 11, 0, "")
    cut = LessAction(action.act, ("context",)).act(obs)
    np.testing.assert_allclose(action.act(dataclasses.replace(obs, context=unread)).waypoints_62, cut.waypoints_62,
                               atol=1e-4)
