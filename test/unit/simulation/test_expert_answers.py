"""What the expert answers to is said with its place and its reason."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.decision import LONGITUDINAL_WORDS, Longitudinal
from automot_ros.scene.report import Report
from automot_ros.simulation.bench import follow
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.expert.answers import Answer, answer, report
from automot_ros.simulation.expert.choice import Choice, Situation
from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.conflicts import Conflict
from automot_ros.simulation.expert.hazards import Hazard, on_way
from automot_ros.simulation.expert.path import Base, on_path
from automot_ros.simulation.expert.plan import longitudinal
from automot_ros.simulation.expert.profile import SpeedLimit
from automot_ros.simulation.expert.yielding import why_give_way
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.world import World

HALF, S_M, FRONT_M = (2.3, 0.95), 50.0, 52.3
STEADY = np.full(31, 8.0)


def light(number: int, gap_m: float) -> Hazard:
    return Hazard("light", "red_light", gap_m, S_M, 0.0, 1.0, False, number == 1, number, thing="light")


def situation(*rows: tuple[BodyKind, float, float], signals: tuple[Hazard, ...] = (), passages: tuple[Any, ...] = (),
              speed_mps: float = 8.0) -> Situation:
    """The ego at 50 m of a straight road along x, with cars (4.5 m x 1.8 m) and other things (half a metre) at x, y."""
    n = len(rows)
    sizes = np.array([(4.5, 1.8, 1.5) if r[0] in (BodyKind.CAR, BodyKind.EMERGENCY) else (0.5, 0.5, 1.0) for r in rows])
    boxes = Boxes.empty() if not n else Boxes(
        10 + np.arange(n), np.array([int(r[0]) for r in rows]), np.array([r[1:] for r in rows], float), np.zeros(n),
        np.zeros(n), sizes, np.zeros(n), np.zeros((n, 3), np.uint8), np.zeros(n, np.bool_))
    world: Any = SimpleNamespace(ego=SimpleNamespace(pose_map_to_ego=Pose2(S_M, 0.0, 0.0)), passages=passages)
    lanes: Any = SimpleNamespace(speed_limit_mps=lambda _: 13.9)
    nobody: Any = None
    config = ExpertConfig()
    limit = SpeedLimit(np.zeros(200), np.full(200, 13.9), config)
    base = Base(Polyline(np.array([[0.0, 0.0], [200.0, 0.0]])))
    return Situation(config, world, base, lanes, limit, S_M, 0.0, speed_mps, boxes, nobody, HALF, list(signals))


def said(now: Situation, choice: Choice, hazards: list[Hazard]) -> Report:
    return report(now, choice, hazards, answer(now, choice, hazards, None), STEADY)


def standing(now: Situation) -> list[Hazard]:
    path = now.way(None)
    return on_way(now.boxes, on_path(path, now.boxes), path, HALF[1], HALF[0])


def test_a_standing_leader_is_ahead_and_is_the_hazard() -> None:
    now = situation((BodyKind.CAR, FRONT_M + 10.0 + 2.25, 0.0))
    got = said(now, Choice(now.way(None)), standing(now))
    assert (got.ahead, got.ahead_m) == ("car", 12)
    assert (got.hazard, got.hazard_side, got.hazard_m, got.reason) == ("car", "ahead", 12, "lead_car")
    assert (got.light, got.light_m, got.priority) == ("none", None, "none")


def test_a_free_road_has_neither_body_nor_hazard() -> None:
    now = situation((BodyKind.CAR, FRONT_M + 10.0, 6.0))
    got = said(now, Choice(now.way(None)), standing(now))
    assert (got.ahead, got.ahead_m, got.hazard, got.hazard_side, got.hazard_m) == ("free", None, "none", "-", None)
    assert got.reason == "free_road"


@pytest.mark.parametrize(("number", "gap_m", "word", "hazard", "priority"), [
    (1, 20.0, "red", "light", "none"), (3, 20.0, "green", "none", "mine"), (3, 45.0, "green", "none", "none")])
def test_a_red_light_is_a_hazard_and_a_near_green_one_gives_priority(number: int, gap_m: float, word: str, hazard: str,
                                                                     priority: str) -> None:
    now = situation(signals=(light(number, gap_m),))
    got = said(now, Choice(now.way(None)), now.signals)
    assert (got.light, got.hazard, got.priority) == (word, hazard, priority)
    assert got.light_m == (25 if gap_m == 20.0 else 50)
    if hazard == "light":
        assert (got.hazard_side, got.hazard_m, got.reason) == ("ahead", 25, "red_light")


@pytest.mark.parametrize(("left_m", "side"), [(8.0, "left"), (-8.0, "right"), (3.0, "ahead")])
def test_who_crosses_is_placed_where_it_is_now_and_not_where_the_ego_waits(left_m: float, side: str) -> None:
    now = situation((BodyKind.WALKER, FRONT_M + 12.0, left_m))
    crossing = Hazard("walker", "walker", 5.0, S_M, 0.0, 0.8, False, body_id=10, thing="walker", others_first=True)
    found = answer(now, Choice(now.way(None)), [crossing], None)
    assert (found.side, found.gap_m) == (side, 5.0)
    assert found.seen_m == pytest.approx(math.hypot(11.75, abs(left_m) - 0.25))
    assert said(now, Choice(now.way(None)), [crossing]).priority == "theirs"


def test_a_car_that_gives_way_leaves_priority_to_the_ego() -> None:
    now = situation((BodyKind.CAR, FRONT_M + 20.0, 15.0))
    waits = Hazard("car", "junction", math.inf, S_M, 0.0, 0.0, False, False, body_id=10, ego_first=True)
    got = said(now, Choice(now.way(None)), [waits])
    assert (got.priority, got.hazard, got.reason) == ("mine", "none", "free_road")


def test_what_the_way_goes_round_is_the_hazard_though_it_is_not_ahead_on_it() -> None:
    now = situation((BodyKind.CONE, FRONT_M + 6.0, -4.0))
    got = said(now, Choice(now.way(None), reason="obstacle", body_id=10), [])
    assert (got.ahead, got.hazard, got.hazard_side, got.hazard_m) == ("free", "obstacle", "right", 6)
    assert got.reason == "obstacle"


def test_an_emergency_vehicle_right_behind_is_on_no_side_and_goes_first() -> None:
    now = situation((BodyKind.EMERGENCY, S_M - 25.0, 0.3))
    got = said(now, Choice(now.way(None), reason="emergency", body_id=10), [])
    assert (got.hazard, got.hazard_side, got.hazard_m) == ("emergency", "-", 25)
    assert (got.priority, got.reason) == ("theirs", "emergency")


def test_the_hazard_that_brakes_hardest_is_named_before_what_is_passed() -> None:
    now = situation((BodyKind.CAR, FRONT_M + 8.0, 0.0), (BodyKind.CONE, FRONT_M + 6.0, -4.0))
    got = said(now, Choice(now.way(None), reason="obstacle", body_id=11), [*standing(now), light(1, 40.0)])
    assert (got.hazard, got.reason) == ("car", "lead_car")


def test_a_slow_place_is_a_junction_inside_one_and_a_curve_elsewhere() -> None:
    crossing = SimpleNamespace(begin_m=60.0, end_m=80.0)
    for passages, reason in (((crossing,), "junction"), ((), "curve")):
        now = situation(passages=passages)
        slow = SpeedLimit(np.where(np.arange(200) > 60, 0.1, 0.0), np.full(200, 13.9), now.config)
        bent = replace(now, limit=slow, speed_mps=4.0)
        assert answer(bent, Choice(bent.way(None)), [], None) == Answer(reason, detail="curve")


@pytest.mark.parametrize(("thing", "yaw_rad", "same_way", "reason"), [
    ("walker", 1.6, False, "walker"), ("bicycle", 0.0, True, "bicycle"), ("emergency", 3.1, False, "emergency"),
    ("car", 3.1, False, "oncoming"), ("truck", -1.6, False, "crossing"), ("car", 0.1, True, "merging")])
def test_the_reason_to_give_way_is_how_the_other_comes(thing: str, yaw_rad: float, same_way: bool, reason: str) -> None:
    world = SimpleNamespace(ego=SimpleNamespace(pose_map_to_ego=Pose2(0.0, 0.0, 0.0)))
    now: Any = SimpleNamespace(field=SimpleNamespace(tracks=SimpleNamespace(yaw_HK=np.array([[yaw_rad]]))), world=world)
    assert why_give_way(now, Conflict(0, 10.0, 4, same_way, 12.0), thing) == reason


def test_the_next_half_second_has_half_the_thresholds() -> None:
    assert longitudinal(5.0, 5.3) == Longitudinal.KEEP
    assert longitudinal(5.0, 5.3, 0.5) == Longitudinal.ACCELERATE
    assert longitudinal(5.0, 4.7, 0.5) == Longitudinal.SLOW
    assert longitudinal(0.9, 0.4, 0.5) == Longitudinal.STOP


def test_reports_of_a_drive_agree_with_the_plan_they_come_with() -> None:
    world = World(task_of("SignalizedJunctionLeftTurn", 1))
    expert = Expert(world)
    words = set()
    for _ in range(60):
        plan = expert.plan()
        got = Report.parse(plan.report)
        assert got is not None
        assert [got.do_1s, got.do_2s, got.do_3s] == [LONGITUDINAL_WORDS[i] for i in plan.longitudinal_3]
        assert (got.hazard, got.reason) == (plan.hazard_kind, plan.hazard)
        assert got.light == ("none", "red", "yellow", "green")[plan.light]
        assert math.isfinite(plan.light_m) == (plan.light > 0) == (got.light_m is not None)
        words.add(got.light)
        for _ in range(4):
            world.step(follow(world, plan))
    assert "red" in words
