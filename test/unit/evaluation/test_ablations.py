"""The table of ablations: its rows, what a text asks for, and runs that go on and grow."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.base.errors import CheckpointError, ConfigError
from automot_ros.evaluation import routes
from automot_ros.evaluation.ablations import FULL, known_rows, rows_asked, run_ablations
from automot_ros.evaluation.drivers import DriverSettings, make_driver
from automot_ros.evaluation.pool import Runner
from automot_ros.evaluation.routes import RouteJob
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import variant
from automot_ros.policy.ablation import PARTS
from automot_ros.policy.checkpoint import save_part
from automot_ros.scene.plan import Draft
from automot_ros.scene.sensing import CameraFrame, EgoState, PointCloud, SensorTick
from automot_ros.simulation.tasks import DriveTask, TrafficConfig, plain_task
from automot_ros.simulation.world import World

ABOUT = {"suite": "plain", "seeds": "1:3"}
TICK_NS = 50_000_000


@functools.cache
def empty_task() -> DriveTask:
    """20 m of an empty plain route."""
    task = plain_task(1)
    return replace(task, traffic=TrafficConfig(vehicles=0, parked=0, walkers=0), route_map_N2=task.route_map_N2[:20])


@dataclass(frozen=True)
class Short:
    """`empty_task` in the place of a route of a file."""

    id: str
    kinds: tuple[str, ...] = ()

    def build(self) -> DriveTask:
        return empty_task()


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped architecture with random weights."""
    folder = tmp_path_factory.mktemp("untrained")
    model = AutoMoT(variant("nano"), seed=3)
    model.action.attach_language_head(model.understanding.language_head_WD)
    for part in ("understanding", "action", "refiner"):
        save_part(folder, part, getattr(model, part))
    return str(folder)


def test_every_part_and_every_lag_has_a_row_that_differs_from_the_full_model_in_one_thing() -> None:
    rows = known_rows("nano")
    assert next(iter(rows)) == FULL
    assert {rows[f"no-{part}"] for part in PARTS} == {DriverSettings("nano", without=(part,)) for part in PARTS}
    assert [rows[f"lag-{lag}"].understanding_lag_s for lag in ("0", "0.25", "0.5", "1", "1.5", "2")] == [
        0.0, 0.25, 0.5, 1.0, 1.5, 2.0]
    assert rows["lag-1-no-age"] == replace(rows["lag-1"], without=("age",))
    assert rows["no-refiner"].refined == "none" and not rows["no-guard"].guarded
    assert [rows[name].label for name in ("blind", "blind-guard", "expert")] == ["blind", "blind + guard", "expert"]
    with pytest.raises(ConfigError, match="nothing to take apart"):
        known_rows("blind")


def test_asked_rows_follow_the_full_model_and_may_bring_their_own_weights() -> None:
    assert rows_asked((), "nano") == known_rows("nano")
    rows = rows_asked(["lag-2", "quarter=models/q:refiner=none,guard=off,lag=0.5,without=age+motion", "two=m"], "nano")
    assert list(rows) == [FULL, "lag-2", "quarter", "two"]
    assert rows["quarter"] == DriverSettings("models/q", "none", False, 0.5, without=("motion", "age"))
    assert rows["two"] == DriverSettings("m")


@pytest.mark.parametrize(("text", "why"), [
    ("no-wheels", "no such row"), ("full=models/q", "not a name"), ("../x=models/q", "not a name"),
    ("a=models/q:refiner=magic", "not a setting"), ("a=models/q:lag=9", "not a setting"),
    ("a=models/q:speed=1", "not a setting"), ("a=models/q:without=wheels", "no such part"),
])
def test_what_is_no_row_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        rows_asked([text], "nano")


@pytest.fixture
def jobs(tmp_path: Path) -> list[RouteJob]:
    file = tmp_path / "routes.xml"
    file.write_text("<routes/>")
    return [RouteJob(name, str(file), entry=Short(name)) for name in ("a", "b")]


@pytest.fixture
def driven(monkeypatch: pytest.MonkeyPatch) -> list[DriverSettings]:
    """The drivers that drove; in the place of a model a baseline drives, and without a lag it breaks down."""
    asked: list[DriverSettings] = []
    made = routes.make_driver

    def make(settings: DriverSettings, world: World) -> object:
        asked.append(settings)
        if settings.understanding_lag_s == 0.0:
            raise RuntimeError("out of breath")
        return made(DriverSettings("blind", guard=False), world)

    monkeypatch.setattr(routes, "make_driver", make)
    return asked


def test_a_table_grows_row_by_row_and_drives_nothing_twice(
    jobs: list[RouteJob], driven: list[DriverSettings], untrained: str, tmp_path: Path
) -> None:
    out, lines = tmp_path / "out", []

    def run(*texts: str) -> dict:
        driven.clear()
        return run_ablations(jobs, rows_asked(texts, untrained), out, Runner(), lines.append, ABOUT)

    first = run("no-context", "expert")
    assert [d.without for d in driven] == [(), (), ("context",), ("context",), (), ()]
    assert [r["driver"] for r in first["groups"][0]["rows"]] == [FULL, "no-context", "expert"]
    assert len(first["groups"]) == 1
    again = run("lag-0", "lag-1", f"other={untrained}:guard=off")
    assert [(d.understanding_lag_s, d.guard) for d in driven] == [(0, True), (0, True), (1, True), (1, True),
                                                                   (0.1, False), (0.1, False)]
    table, lags = again["groups"]
    assert [r["driver"] for r in table["rows"]] == [FULL, "no-context", "lag-0", "lag-1", "expert", "other"]
    assert table["rows"][2]["difference"]["driving_score"] < -50.0
    assert table["rows"][2]["difference"]["common_routes"] == 2
    assert [r["driver"] for r in lags["rows"]] == ["lag-0", "lag-1"]
    assert lags["rows"][1]["difference"]["driving_score"] > 50.0
    assert json.loads((out / "result.json").read_text())["groups"] == json.loads(json.dumps(again["groups"]))
    page = (out / "ablations.html").read_text()
    assert "no-context" in page and "A late context" in page
    assert (out / "no-context" / "report.html").exists()
    record = json.loads((out / "no-context" / "routes" / "a.json").read_text())
    assert record["hazards"] == {"looks": record["hazards"]["looks"], "agreed": 0, "encounters": []}


def test_a_row_without_weights_is_told_before_anything_drives(
    jobs: list[RouteJob], driven: list[DriverSettings], untrained: str, tmp_path: Path
) -> None:
    rows = rows_asked(["blind", f"gone={tmp_path / 'nowhere'}"], untrained)
    with pytest.raises(CheckpointError, match="no model"):
        run_ablations(jobs, rows, tmp_path / "out", Runner(), lambda line: None, ABOUT)
    assert not driven


@pytest.fixture(scope="module")
def draft_without(untrained: str) -> Callable[..., Draft]:
    """The draft of the fifteenth tick of noise, of a model without these parts."""
    torch.set_num_threads(1)
    world, draw = World(empty_task()), np.random.default_rng(0)
    ticks = []
    for k in range(15):
        stamp = world.stamp_ns // TICK_NS * TICK_NS + k * TICK_NS
        points = draw.normal(0.0, 8.0, (2000, 4)).astype(np.float32)
        pose = world.ego.pose_map_to_ego.compose(Pose2(0.2 * k, 0.0, 0.0))
        image = draw.integers(0, 256, (256, 512, 3), np.uint8)
        ticks.append(SensorTick(stamp, EgoState(stamp, pose, 4.0), (CameraFrame(stamp, "rgb_front", image),),
                                PointCloud(stamp, points)))

    def run(*without: str) -> Draft:
        settings = DriverSettings(untrained, understanding_lag_s=0.3, without=without)
        driver, _ = make_driver(settings, world)
        driver.observe_route(world.route)
        drafts = [driver.step(tick).draft for tick in ticks]
        assert drafts[-1] is not None
        return drafts[-1]

    return run


def test_each_part_that_is_taken_away_changes_the_plan(draft_without: Callable[..., Draft]) -> None:
    full = draft_without()
    for part in PARTS:
        less = draft_without(part)
        assert not np.array_equal(less.waypoints_62, full.waypoints_62), part
        assert less.context_age_s == full.context_age_s > 0.0
        assert np.array_equal(less.decision_latents_8D, full.decision_latents_8D) == (part == "decisions")
    blind = draft_without("context", "frames")
    assert np.array_equal(blind.waypoints_62, draft_without("context").waypoints_62), "nothing of the context is left"
