"""Drives to learn from: pushed now and then, labelled with what can be seen, kept once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.data.episode import Label, read_moments
from automot_ros.evaluation.pool import Lost, Runner
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.report import Report
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import CameraFrame, EgoState, PointCloud
from automot_ros.simulation.expert import Expert, ExpertPlan
from automot_ros.training import demonstrations
from automot_ros.training.demonstrations import Disturbance, collect, label_of, record_drive
from automot_ros.training.prepare import prepare
from automot_ros.training.samples import read_samples

TICKS = 12


def nothing_done(tick: int) -> DriveCommand:
    return DriveCommand.of(tick, 0.3, 0.0, 0.0)


def pushed(strength: float, speed_mps: float, seed: int = 0, ticks: int = 2000) -> list[DriveCommand]:
    disturbance = Disturbance(np.random.default_rng(seed), strength)
    return [disturbance.apply(nothing_done(k), k, speed_mps) for k in range(ticks)]


def test_a_disturbance_comes_in_bursts_and_repeats_itself_by_its_seed() -> None:
    commands = pushed(1.0, 8.0)
    off = np.array([command != nothing_done(k) for k, command in enumerate(commands)])
    assert 0.1 < off.mean() < 0.35
    assert np.abs(np.diff(off.astype(int))).sum() < 0.2 * off.sum(), "a push lasts several ticks"
    assert commands == pushed(1.0, 8.0) != pushed(1.0, 8.0, seed=1)
    assert {c.stamp_ns for c in commands} == set(range(2000))
    assert all(0.0 <= c.throttle <= 1.0 and 0.0 <= c.brake <= 1.0 and abs(c.steer) <= 1.0 for c in commands)


def test_pushes_at_speed_are_small_and_nobody_pushes_a_standing_car() -> None:
    assert max(abs(c.steer) for c in pushed(1.0, 20.0)) < 0.06 < 0.2 < max(abs(c.steer) for c in pushed(1.0, 2.0))
    for quiet in (pushed(1.0, 0.2), pushed(0.0, 8.0)):
        assert quiet == [nothing_done(k) for k in range(2000)]


def boxes(*rows: tuple[int, BodyKind, float, float]) -> Boxes:
    """Id, kind, x, y on the map; all as long and wide as a car, trucks higher; 3 m/s to the north."""
    count = len(rows)
    ids, kinds, x, y = (np.array(column) for column in zip(*rows, strict=True))
    sizes = np.array([[4.5, 1.9, 3.6 if kind == BodyKind.TRUCK else 1.6] for kind in kinds])
    return Boxes(ids, kinds.astype(np.int64), np.column_stack([x, y]).astype(float), np.zeros(count),
                 np.full(count, np.pi / 2), sizes, np.full(count, 3.0),
                 np.zeros((count, 3), np.uint8), np.zeros(count, np.bool_))


def plan() -> ExpertPlan:
    return ExpertPlan(np.zeros((6, 2), np.float32), np.ones((20, 2), np.float32), np.zeros(3, np.float32),
                      np.zeros(3, np.int64), np.zeros(3, np.int64), 1, "red_light", 9.0, -1, "report", "words", 12.0,
                      "light")


def test_a_label_holds_the_bodies_that_can_be_seen_in_the_frame_of_the_ego() -> None:
    moving = boxes((1, BodyKind.TRUCK, 100.0, 60.0), (2, BodyKind.CAR, 100.0, 70.0), (3, BodyKind.CAR, 90.0, 50.0),
                   (4, BodyKind.CAR, 90.0, 150.0))
    static = boxes((5, BodyKind.TREE, 110.0, 50.0), (6, BodyKind.CONE, 108.0, 58.0))
    ego = EgoState(7, Pose2(100.0, 50.0, np.pi / 2), 2.0)
    world = SimpleNamespace(ego=ego, moving_boxes=lambda: moving, static_boxes=static)
    label = label_of(plan(), world)
    assert label.stamp_ns == 7 and (label.light, label.hazard, label.hazard_m) == (1, "red_light", 9.0)
    # Behind the truck ahead stands a car that nobody sees; another is far away; trees are no road users.
    np.testing.assert_allclose(label.bodies_N7, [
        [BodyKind.TRUCK, 10.0, 0.0, 0.0, 4.5, 1.9, 3.0], [BodyKind.CAR, 0.0, 10.0, 0.0, 4.5, 1.9, 3.0],
        [BodyKind.CONE, 8.0, -8.0, 0.0, 4.5, 1.9, 3.0]], atol=1e-5)
    alone = SimpleNamespace(ego=ego, moving_boxes=Boxes.empty, static_boxes=Boxes.empty())
    assert label_of(plan(), alone).bodies_N7.shape == (0, 7)


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[bool]]:
    """A folder with one drive cut short; what was printed; and how the expert was asked for each label."""
    folder, lines, asked = tmp_path_factory.mktemp("demonstrations"), [], []
    plan_of = Expert.plan

    def noted(self: Expert, only_seen: bool = False) -> ExpertPlan:
        asked.append(only_seen)
        return plan_of(self, only_seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demonstrations, "LONGEST_TICKS", TICKS)
        patch.setattr(Expert, "plan", noted)
        collect([("plain", 1)], "expert", folder, Runner(), lines.append)
    return folder, lines, asked


def test_a_drive_keeps_its_looks_and_the_half_sweep_before_each(drives: tuple[Path, list[str], list[bool]]) -> None:
    folder, lines, asked = drives
    assert [p.name for p in folder.iterdir()] == ["plain-000001"]
    assert lines == ["drive 1/1  plain-1  3 looks, 0 infractions"]
    kept = list(read_moments(folder / "plain-000001"))
    first = min(m.stamp_ns for m in kept)
    at = {kind: [(m.stamp_ns - first) // 50_000_000 for m in kept if isinstance(m, kind)]
          for kind in (Route, EgoState, PointCloud, CameraFrame, Label)}
    assert at == {Route: [0], EgoState: [0, 4, 5, 9, 10], PointCloud: [0, 4, 5, 9, 10], CameraFrame: [0, 5, 10],
                  Label: [0, 5, 10]}
    assert sum(asked) == 3, "a label knows only what can be seen; who drives may know more"
    assert all(Report.parse(m.report) for m in kept if isinstance(m, Label))
    assert all(m.image_HW3.std() > 10.0 for m in kept if isinstance(m, CameraFrame))


def test_a_kept_drive_becomes_samples_and_neither_step_is_done_twice(
    drives: tuple[Path, list[str], list[bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, _ = drives
    assert prepare(folder, tmp_path, Runner(), lambda line: None) == 3
    samples = read_samples([tmp_path])
    assert samples.names == ("plain-000001",) and len(samples) == 3
    assert all(Report.parse(str(text)) for text in samples.labels.report)
    # The car begins on its route: what it is asked and what the expert would drive agree nearly.
    assert np.abs(samples.labels.route[:, [7, 19]] - samples.labels.targets).max() < 1.0
    assert samples.pictures["bev"][np.arange(3)].any(axis=(1, 2, 3)).all()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("driven again")

    monkeypatch.setattr(demonstrations, "World", never)
    lines: list[str] = []
    collect([("plain", 1)], "expert", folder, Runner(), lines.append)
    assert lines == ["drive 1/1  plain-1  there already"]
    assert prepare(folder, tmp_path, Runner(), lines.append) == 0


def test_a_drive_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no sight")

    monkeypatch.setattr(demonstrations, "_sense", broken)
    with pytest.raises(RuntimeError, match="no sight"):
        record_drive(("plain", 1), "expert", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_drives_whose_process_died_are_named_at_the_end(tmp_path: Path) -> None:
    runner = SimpleNamespace(over=lambda function, jobs: iter([(1, "40 looks, 0 infractions"), (0, Lost("died"))]))
    lines: list[str] = []
    with pytest.raises(ConfigError, match=r"drives lost in .*: got six-7: died, wanted to run the command again"):
        collect([("six", 7), ("six", 8)], "expert", tmp_path, runner, lines.append)
    assert len(lines) == 2
