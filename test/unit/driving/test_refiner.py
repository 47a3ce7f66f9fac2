"""A draft becomes a trajectory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.driving.refiner import RefinerConfig, RefinerCore
from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.preprocess import ActionObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft, PlanStatus
from automot_ros.scene.sensing import SensorTick


@pytest.fixture
def draft(action: Any, make_tick: Callable[..., SensorTick]) -> Draft:
    tick, nothing = make_tick(20), np.zeros((1, 1, 1, 1), np.float32)
    context = AttentionContext(0, 1, 0, "", nothing, nothing, 1, Pose2(0.0, 0.0, 0.0))
    made: Draft = action.act(ActionObservation(tick.ego, tick.cameras[0].image_HW3, (), (), np.zeros((2, 2)), context,
                                               0.35, Pose2(0.0, 0.0, 0.0)))
    return made


def test_a_refined_draft_is_nominal_and_moved_as_the_refiner_says(draft: Draft, make_refiner: Any) -> None:
    t = RefinerCore(RefinerConfig(), make_refiner(shift=0.0)).step(draft)
    assert (t.status, t.reason, t.context_age_s) == (PlanStatus.NOMINAL, "", 0.35)
    assert t.stamp_ns == draft.stamp_ns
    assert t.xy_N2[-1, 0] == pytest.approx(4.0 + 12.0, abs=0.1)
    shifted = RefinerCore(RefinerConfig(), make_refiner(shift=1.0)).step(draft)
    assert shifted.xy_N2[-1, 0] > t.xy_N2[-1, 0] + 0.2


def test_without_a_refiner_the_status_says_draft_only(draft: Draft) -> None:
    assert RefinerCore(RefinerConfig(refiner="none"), None).step(draft).status is PlanStatus.DRAFT_ONLY


def test_a_refinement_that_is_not_finite_is_dropped_for_the_draft(draft: Draft, make_refiner: Any) -> None:
    t = RefinerCore(RefinerConfig(), make_refiner(shift=math.nan)).step(draft)
    assert (t.status, t.reason) == (PlanStatus.DRAFT_ONLY, "refinement is not finite")
    assert t.xy_N2[-1, 0] == pytest.approx(4.0 + 12.0, abs=0.1)


def test_a_draft_that_is_not_finite_becomes_a_stop_without_asking_the_refiner(draft: Draft) -> None:
    class Never:
        def refine(self, draft: Draft) -> tuple[np.ndarray, np.ndarray]:
            raise AssertionError("asked")

    t = RefinerCore(RefinerConfig(), Never()).step(replace(draft, waypoints_62=draft.waypoints_62 * np.nan))
    assert t.status is PlanStatus.STOP


def test_a_parameter_that_contradicts_what_was_loaded_is_refused(make_refiner: Any) -> None:
    with pytest.raises(ConfigError, match="disagree"):
        RefinerCore(RefinerConfig(refiner="none"), make_refiner())
    with pytest.raises(ConfigError, match="disagree"):
        RefinerCore(RefinerConfig(refiner="diffusion"), None)
    with pytest.raises(ConfigError, match="refiner"):
        RefinerConfig(refiner="other")
