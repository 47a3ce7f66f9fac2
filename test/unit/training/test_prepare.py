"""What a model is trained on is what it is shown on the road; and a bag of any car becomes samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.data.episode import EpisodeWriter, Label, Moment, Topics
from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.evaluation.pool import Runner
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.variants import variant
from automot_ros.policy.nano import as_batch
from automot_ros.policy.preprocess import (
    ActionObservation,
    UnderstandingObservation,
    action_inputs,
    understanding_inputs,
)
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import Decision, Lateral, Longitudinal
from automot_ros.scene.plan import Draft
from automot_ros.scene.report import REPORT_SLOTS
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState, LidarModel, PointCloud
from automot_ros.training.action_stage import action_batch
from automot_ros.training.prepare import prepare, prepare_bag, samples_of
from automot_ros.training.samples import Samples, read_samples
from automot_ros.training.understanding_stage import frames_of, texts_of

TICK_NS, LOOK_TICKS = 50_000_000, 5
START_NS = 20 * SECOND_NS
LIDAR_M = LidarModel().position_ego_m
REPORT = " ".join(slot[0] for slot in REPORT_SLOTS)
RADIUS_M, BEGIN_M = 30.0, 40.0


@dataclass
class Stub:
    """In the place of both experts: keeps what it is shown."""

    read: list[UnderstandingObservation] = field(default_factory=list)
    acted: list[ActionObservation] = field(default_factory=list)

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        self.read.append(obs)
        nothing = np.zeros((1, 1, 1, 1), np.float32)
        return AttentionContext(obs.stamp_ns, epoch, sequence, "", nothing, nothing, 1, pose)

    def act(self, obs: ActionObservation) -> Draft:
        self.acted.append(obs)
        zeros = np.zeros((6, 2), np.float32)
        return Draft(obs.ego, zeros, np.zeros((20, 2), np.float32), np.zeros(3, np.float32),
                     Decision(np.eye(3, 4, dtype=np.float32), np.eye(3, 5, dtype=np.float32)),
                     np.zeros((8, 1), np.float32), np.zeros((64, 1), np.float32), 1, 1, obs.context_age_s)


def on_circle(s_m: float, radius_m: float = RADIUS_M) -> Pose2:
    """Around to the left, from the east heading north; after a quarter the heading jumps from pi to -pi."""
    angle = s_m / radius_m
    yaw = (angle + math.pi / 2.0 + math.pi) % (2.0 * math.pi) - math.pi
    return Pose2(100.0 + radius_m * math.cos(angle), -50.0 + radius_m * math.sin(angle), yaw)


def circle(length_m: float) -> Route:
    points = np.array([on_circle(s).position_m for s in np.arange(0.0, length_m, 1.0)])
    return Route(START_NS, points + (0.3, -0.2))


def leaving_it() -> Route:
    """Straight on from where a drive begins, and to the right after 40 m."""
    begin = on_circle(BEGIN_M)
    corner = np.array([[s, 0.0] for s in np.arange(-10.0, 40.0)] + [[40.0, -s] for s in np.arange(0.0, 60.0)])
    return Route(START_NS, begin.apply(corner))


def ego_at(time_s: float, speed_mps: float = 9.0) -> EgoState:
    return EgoState(START_NS + round(time_s * SECOND_NS), on_circle(BEGIN_M + speed_mps * time_s), speed_mps)


def label_at(ego: EgoState, seed: int = 0) -> Label:
    rng = np.random.default_rng(seed)
    bodies = np.array([[BodyKind.CAR, 10.0, 2.0, 0.1, 4.5, 1.9, 3.0]], np.float32)
    return Label(ego.stamp_ns, rng.normal(size=(6, 2)).astype(np.float32), rng.normal(size=(20, 2)).astype(np.float32),
                 rng.uniform(0.0, 9.0, 3).astype(np.float32), rng.integers(0, 4, 3), rng.integers(0, 5, 3), 2,
                 "lead_car", 7.5, REPORT, "", bodies)


def ticks(count: int) -> list[tuple[EgoState, PointCloud, CameraFrame]]:
    """All that a car of ours senses: every number of it drawn, on the grid that a bag keeps."""
    rng = np.random.default_rng(3)
    made = []
    for k in range(count):
        ego = ego_at(k * TICK_NS / SECOND_NS)
        points = np.round(rng.normal((0, 0, -1.5, 0), (15, 25, 0.8, 1), (300, 4)) * 256.0) / 256.0
        image = rng.integers(0, 256, (256, 512, 3), np.uint8) if k % LOOK_TICKS == 0 else np.zeros((1, 1, 3), np.uint8)
        made.append((ego, PointCloud(ego.stamp_ns, points.astype(np.float32)),
                     CameraFrame(ego.stamp_ns, "rgb_front", image)))
    return made


def bag_of(sensed: Sequence[tuple[EgoState, PointCloud, CameraFrame]], path: Path) -> Path:
    """What a collected drive keeps of it: see training/demonstrations.py."""
    with EpisodeWriter(path) as bag:
        bag.write(leaving_it())
        for k, (ego, points, frame) in enumerate(sensed):
            if k % LOOK_TICKS in (0, LOOK_TICKS - 1):
                bag.write(ego)
                bag.write(points)
            if k % LOOK_TICKS == 0:
                bag.write(frame)
                bag.write(label_at(ego, k))
    return path


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stub, Samples]:
    """The same two seconds as a policy on the road was shown them, with contexts a quarter of a second old; and as
    samples, through bag and disk.
    """
    folder, sensed, stub = tmp_path_factory.mktemp("drive"), ticks(41), Stub()
    understanding = UnderstandingCore(UnderstandingConfig(lockstep=True, context_lag_s=0.25), stub, 1)
    action = ActionCore(ActionConfig(lockstep=True, context_lag_s=0.25), stub)
    for core in (understanding, action):
        core.observe_route(leaving_it())
    for ego, points, frame in sensed:
        for core in (understanding, action):
            core.observe_ego(ego)
            core.observe_image(frame)
        action.observe_points(points)
        context = understanding.step(ego.stamp_ns)
        if context is not None:
            action.observe_context(context)
        action.step(ego.stamp_ns)
    prepare_bag(bag_of(sensed, folder / "bag"), folder / "samples", Topics())
    return stub, read_samples([folder / "samples"])


def test_the_understanding_expert_is_trained_on_what_it_is_shown(drive: tuple[Stub, Samples]) -> None:
    stub, samples = drive
    assert len(stub.read) == len(samples) == 9
    rows = np.arange(9)
    frames, prompts = frames_of(samples, rows), texts_of(samples, Vocabulary.nano()).prompts
    for i, obs in enumerate(stub.read):
        groups, ids = understanding_inputs(obs)
        for trained, shown in zip(frames, groups, strict=True):
            assert np.array_equal(trained[i].numpy(), shown), f"frames of look {i}"
        assert prompts[i].tolist() == ids.tolist()
    assert len(set(samples.labels.route_words)) > 3


def test_the_action_expert_is_trained_on_what_it_is_shown(drive: tuple[Stub, Samples]) -> None:
    stub, samples = drive
    looks = [obs for obs in stub.acted if (obs.ego.stamp_ns - START_NS) % (LOOK_TICKS * TICK_NS) == 0]
    rows = np.arange(1, 9)
    assert len(looks) == len(rows), "at the first look there is no context yet"
    trained = action_batch(samples, rows, rows - 1)
    for i, obs in enumerate(looks):
        shown = as_batch(action_inputs(obs, LIDAR_M))
        for ours, theirs in zip(trained.images, shown.images, strict=True):
            assert np.array_equal(ours[i], theirs[0])
        assert np.array_equal(trained.bev_BCXY[i], shown.bev_BCXY[0])
        assert bool(shown.bev_BCXY[0, 0].any()) and bool(shown.bev_BCXY[0, 1].any()) == (i > 0)
        np.testing.assert_allclose(trained.target_points_B22[i], shown.target_points_B22[0], atol=1e-6)
        np.testing.assert_allclose(trained.state_B5[i], shown.state_B5[0], atol=1e-6)
    assert trained.state_B5[0].tolist() == pytest.approx([9.0, 0.25, 2.25, 0.08, 0.075], abs=0.01)


def test_the_arrays_have_the_shapes_of_the_variant(drive: tuple[Stub, Samples]) -> None:
    samples, size = drive[1], variant("nano").action
    one = np.array([0])
    assert [samples.pictures[name][one].shape[1:3] for name in ("wide", "centre")] == list(size.image_shapes)
    assert samples.pictures["bev"][one].shape[1:] == (size.bev_channels, *size.bev_shape)
    (_, *past), (_, *band) = variant("nano").understanding.frame_shapes
    assert [list(samples.pictures[name][one].shape[1:3]) for name in ("past", "band")] == [past, band]


def test_the_experts_labels_are_kept_as_it_gave_them(drive: tuple[Stub, Samples]) -> None:
    labels, cells = drive[1].labels, drive[1].pictures["cells"][np.arange(9)]
    for i in range(9):
        wanted = label_at(ego_at(0.25 * i), LOOK_TICKS * i)
        for name, value in (("waypoints", wanted.waypoints_62), ("route", wanted.route_202),
                            ("speeds", wanted.speeds_3), ("longitudinal", wanted.longitudinal_3),
                            ("lateral", wanted.lateral_3), ("light", 2), ("hazard", "lead_car"), ("hazard_m", 7.5),
                            ("report", REPORT)):
            assert np.array_equal(getattr(labels, name)[i], value), name
        assert cells[i].any() and cells.max() == 1


def cars_drive(poses: Sequence[EgoState], image_hz: float = 20.0, route: Route | None = None) -> list[Moment]:
    """A bag without labels: odometry as given, dark images and a point ahead while it lasts."""
    first, last = poses[0].stamp_ns, poses[-1].stamp_ns
    stamps = [first + round(n / image_hz * SECOND_NS) for n in range(int((last - first) / SECOND_NS * image_hz) + 1)]
    dark, point = np.zeros((256, 512, 3), np.uint8), np.array([[8.0, 0.0, -1.0, 1.0]], np.float32)
    looks = [m for stamp in stamps for m in (PointCloud(stamp, point), CameraFrame(stamp, "rgb_front", dark))]
    return [route or circle(150.0), *poses, *looks]


def braking(time_s: float) -> EgoState:
    """On the circle: 8 m/s, from the second second on 2 m/s^2 less, standing from the sixth on."""
    late = min(max(0.0, time_s - 2.0), 4.0)
    s = 8.0 * min(time_s, 2.0) + 8.0 * late - late * late
    return EgoState(START_NS + round(time_s * SECOND_NS), on_circle(BEGIN_M + s), 8.0 - 2.0 * late)


def test_without_labels_the_odometry_says_where_the_car_went() -> None:
    rows = samples_of(cars_drive([braking(t) for t in np.arange(0.0, 10.01, 0.02)]), LIDAR_M)
    assert len(rows) == 29, "four a second, until three seconds before the end"
    for n, row in enumerate(rows):
        t = 0.25 * n
        pose = braking(t).pose_map_to_ego
        ahead = np.array([braking(t + s).pose_map_to_ego.position_m for s in 0.5 * np.arange(1, 7)])
        np.testing.assert_allclose(row["waypoints"], pose.inverse_apply(ahead), atol=0.01)
        speeds = [braking(t + s).speed_mps for s in (0.0, 1.0, 2.0, 3.0)]
        np.testing.assert_allclose(row["speeds"], speeds[1:], atol=0.01)
        assert row["speed"] == pytest.approx(speeds[0], abs=0.01)
        assert (row["light"], row["report"], row["hazard"], row["hazard_m"]) == (-1, "", "", math.inf)
        assert (row["cells"] == 255).all() and not row["motion"].any()


def test_without_labels_the_route_is_the_driven_path_and_then_the_given_one() -> None:
    rows = samples_of(cars_drive([braking(t) for t in np.arange(0.0, 10.01, 0.02)]), LIDAR_M)
    for n, row in enumerate(rows):
        pose = braking(0.25 * n).pose_map_to_ego
        from_centre = np.hypot(*(pose.apply(row["route"]) - (100.0, -50.0)).T)
        np.testing.assert_allclose(from_centre, RADIUS_M, atol=0.5)
        steps = np.hypot(*np.diff(row["route"], axis=0, prepend=[[0.0, 0.0]]).T)
        np.testing.assert_allclose(steps, 1.0, atol=0.45)


def test_without_labels_the_meta_actions_are_what_was_done() -> None:
    rows = samples_of(cars_drive([braking(t) for t in np.arange(0.0, 10.01, 0.02)]), LIDAR_M)
    keep, slow, stop = Longitudinal.KEEP, Longitudinal.SLOW, Longitudinal.STOP
    assert rows[0]["longitudinal"].tolist() == [keep, keep, slow]
    assert rows[4]["longitudinal"].tolist() == [keep, slow, slow]
    assert rows[16]["longitudinal"].tolist() == [slow, stop, stop]
    left, straight = Lateral.SLIGHT_LEFT, Lateral.STRAIGHT
    assert rows[0]["lateral"].tolist() == [left, left, left], "8 m/s on a circle of 30 m"
    assert rows[-1]["lateral"].tolist() == [straight] * 3


def test_a_standing_car_is_taught_its_given_route() -> None:
    here = ego_at(0.0, 0.0)
    poses = [replace(here, stamp_ns=START_NS + n * TICK_NS) for n in range(81)]
    rows = samples_of(cars_drive(poses), LIDAR_M)
    assert len(rows) == 5
    given = circle(150.0).line()
    s, _ = given.project(here.pose_map_to_ego.position_m)
    np.testing.assert_allclose(here.pose_map_to_ego.apply(rows[0]["route"]), given.at(s + np.arange(1.0, 21.0)),
                               atol=1e-5)
    assert not rows[0]["waypoints"].any()
    assert rows[0]["longitudinal"].tolist() == [Longitudinal.STOP] * 3


@pytest.mark.parametrize("image_hz", [10.0, 20.0, 30.0, 15.0, 4.0])
def test_samples_are_a_quarter_of_a_second_apart_on_the_whole_whatever_the_camera(image_hz: float) -> None:
    poses = [ego_at(t) for t in np.arange(0.0, 10.01, 0.1)]
    rows = samples_of(cars_drive(poses, image_hz), LIDAR_M)
    assert 28 <= len(rows) <= 29
    x, y, _ = np.array([row["pose"] for row in rows]).T
    times = (np.unwrap(np.arctan2(y + 50.0, x - 100.0)) * RADIUS_M - BEGIN_M) / 9.0
    assert np.abs(times - 0.25 * np.arange(len(rows))).max() <= 0.5 / image_hz + 0.026


def test_only_looks_with_a_label_are_taken_where_there_are_labels() -> None:
    moments = cars_drive([ego_at(t) for t in np.arange(0.0, 4.01, 0.05)])
    labels = [label_at(ego_at(0.25 * n)) for n in (0, 1, 5)]
    rows = samples_of([*moments, *labels], LIDAR_M)
    assert [row["pose"].tolist() for row in rows] == [
        pytest.approx([*(p := ego_at(0.25 * n).pose_map_to_ego).position_m, p.yaw_rad]) for n in (0, 1, 5)]


def test_prepared_bags_are_skipped_and_parts_are_not_bags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bags, out, lines = tmp_path / "bags", tmp_path / "out", []
    bags.mkdir()
    sensed = ticks(6)
    for name in ("run-1.5", "run-1.6"):
        bag_of(sensed, bags / name)
    (bags / ".run-1.7.12.part").mkdir()
    (bags / "notes.txt").write_text("")
    assert prepare(bags, out, Runner(), lines.append) == 4
    assert sorted(p.name for p in out.iterdir()) == ["run-1.5", "run-1.6"]
    assert lines == ["bag 1/2  run-1.5  2 samples  2 in all", "bag 2/2  run-1.6  2 samples  4 in all"]

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("automot_ros.training.prepare.read_moments", never)
    assert prepare(bags, out, Runner(), lines.append) == 0
    assert prepare_bag(bags / "run-1.5", out, Topics()) == 0


@pytest.mark.parametrize("which", ["no route", "one pose", "short route", "two routes", "camera"])
def test_a_bag_that_teaches_nothing_is_named(tmp_path: Path, which: str) -> None:
    moments = cars_drive([ego_at(t) for t in np.arange(0.0, 4.0, 0.05)], image_hz=2.0)
    if which == "no route":
        moments = moments[1:]
    elif which == "one pose":
        moments = [m for m in moments if not isinstance(m, EgoState)] + [ego_at(0.0)]
    elif which == "short route":
        moments[0] = Route(START_NS, np.zeros((1, 2)))
    elif which == "two routes":
        moments += [circle(150.0), leaving_it()]
    else:
        moments = [replace(m, image_HW3=m.image_HW3[:100]) if isinstance(m, CameraFrame) else m for m in moments]
    with EpisodeWriter(tmp_path / "bag") as bag:
        for moment in moments:
            bag.write(moment)
    with pytest.raises(MessageError, match=r"no samples can be made in .*bag: got .*(wanted|not usable)"):
        prepare_bag(tmp_path / "bag", tmp_path / "out", Topics())
    assert not (tmp_path / "out").exists()


def test_a_folder_without_bags_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MessageError, match="no bags"):
            prepare(folder, tmp_path / "out", Runner(), lambda line: None)
