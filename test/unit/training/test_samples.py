"""Samples survive the disk, keep to their episode, and favour critical moments."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.training.samples import Samples, read_samples, write_episode


def some(count: int) -> Samples:
    rng = np.random.default_rng(0)
    return Samples(
        band=rng.integers(0, 255, (count, 96, 512, 3), dtype=np.uint8),
        image=rng.integers(0, 255, (count, 96, 256, 3), dtype=np.uint8),
        bev=rng.integers(0, 255, (count, 2, 128, 128), dtype=np.uint8),
        targets=np.ones((count, 2, 2), np.float32), speed=np.full(count, 8.0, np.float32),
        pose=np.zeros((count, 3)), waypoints=np.ones((count, 6, 2), np.float32),
        route=np.zeros((count, 20, 2), np.float32), speeds=np.full((count, 3), 8.0, np.float32),
        longitudinal=np.zeros((count, 3), np.int64), lateral=np.full((count, 3), 2, np.int64),
        light=np.zeros(count, np.int64), hazard_m=np.full(count, np.inf, np.float32),
        report=np.array(["light none . ahead free . straight . keep because free_road ."] * count),
        route_words=np.array(["straight in 60 m"] * count), episode=np.zeros(count, np.int64))


def test_episodes_come_back_in_order_and_pictures_only_when_asked(tmp_path: Path) -> None:
    write_episode(tmp_path / "000002.npz", some(3))
    write_episode(tmp_path / "000001.npz", some(5))
    samples = read_samples([tmp_path], ("band",))
    assert samples.episode.tolist() == [0] * 5 + [1] * 3
    assert np.array_equal(samples.band[:5], some(5).band) and samples.image.shape == (8, 0)
    assert len(read_samples([tmp_path], (), most=1)) == 5


def test_history_never_reaches_into_another_episode(tmp_path: Path) -> None:
    samples = replace(some(8), episode=np.array([0] * 5 + [1] * 3))
    assert samples.history(4) == [1, 2, 3, 4]
    assert samples.history(5) == [5, 5, 5, 5] and samples.history(6) == [5, 5, 5, 6]
    assert samples.oldest_context(7, 6) == 2 and samples.oldest_context(4, 3) == 3


def test_braking_is_drawn_more_often_than_cruising_and_waiting_less() -> None:
    samples = some(3)
    samples.speeds[1] = 4.0
    samples.speed[2], samples.speeds[2] = 0.0, 0.0
    cruise, brake, wait = samples.weights()
    assert brake > 2.0 * cruise > 2.0 * wait


def test_a_broken_episode_is_named(tmp_path: Path) -> None:
    (tmp_path / "000003.npz").write_bytes(b"not a zip")
    with pytest.raises(MessageError, match=r"000003\.npz"):
        read_samples([tmp_path], ())
    with pytest.raises(MessageError, match="no episodes"):
        read_samples([tmp_path / "nowhere"], ())


def test_an_episode_holds_every_column(tmp_path: Path) -> None:
    write_episode(tmp_path / "a.npz", some(2))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as episode:
        assert set(episode.files) == {f.name for f in fields(Samples)}
