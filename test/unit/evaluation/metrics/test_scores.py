"""Scores against values worked out by hand."""

import numpy as np
import pytest

from automot_ros.evaluation.metrics.comfort import comfort_share
from automot_ros.evaluation.metrics.driving_score import PENALTY, driving_score, infraction_penalty
from automot_ros.evaluation.metrics.success import succeeded

NONE = dict.fromkeys(PENALTY, 0)


def test_the_penalty_multiplies_once_an_event() -> None:
    counts = {**NONE, "collisions_pedestrian": 1, "stop_infraction": 2}
    assert infraction_penalty(counts, 0.0) == pytest.approx(0.5 * 0.8**2)
    assert infraction_penalty(NONE, 0.25) == 0.75


def test_the_driving_score_is_completion_times_penalty_and_never_negative() -> None:
    assert driving_score(80.0, 0.6) == 48.0
    assert driving_score(10.0, -0.5) == 0.0


def test_success_needs_the_end_and_a_clean_record() -> None:
    assert succeeded("Perfect", NONE) and succeeded("Completed", NONE)
    assert not succeeded("Completed", {**NONE, "red_light": 1})
    assert not succeeded("Failed - Agent timed out", NONE)


def test_a_steady_drive_is_comfortable_and_a_hard_stop_is_not() -> None:
    straight = np.zeros(60)
    assert comfort_share(np.full(60, 8.0), straight) == 1.0
    stop = np.concatenate([np.full(40, 8.0), np.maximum(0.0, 8.0 - 0.9 * np.arange(20))])
    share = comfort_share(stop, straight)
    assert share is not None and share == pytest.approx(2.0 / 3.0)
    assert comfort_share(np.full(19, 8.0), np.zeros(19)) is None
