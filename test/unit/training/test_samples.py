"""Samples survive the disk, whole or not at all, and a look back never leaves the drive."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.training.samples import PICTURES, Labels, Samples, read_samples, write_episode


def test_episodes_come_back_in_the_order_of_their_names_with_every_column(
    tmp_path: Path, make_labels, make_pictures
) -> None:
    for name, count, seed in (("b", 3, 1), ("a", 2, 2)):
        write_episode(tmp_path / name, make_pictures(count, seed), make_labels(count, seed))
    read = read_samples([tmp_path])
    assert read.names == ("a", "b") and read.episode.tolist() == [0, 0, 1, 1, 1] and len(read) == 5
    for name in Labels.__slots__:
        wanted = np.concatenate([getattr(make_labels(2, 2), name), getattr(make_labels(3, 1), name)])
        assert np.array_equal(getattr(read.labels, name), wanted), name
    for name in PICTURES:
        both = np.concatenate([make_pictures(2, 2)[name], make_pictures(3, 1)[name]])
        rows = np.array([4, 0, 1, 1])
        got = read.pictures[name][rows]
        assert got.dtype == both.dtype and np.array_equal(got, both[rows]), name
        assert len(read.pictures[name]) == 5


def test_pictures_are_mapped_not_read(tmp_path: Path, make_labels, make_pictures) -> None:
    write_episode(tmp_path / "a", make_pictures(2), make_labels(2))
    column = read_samples([tmp_path]).pictures["band"]
    assert isinstance(column._part(0), np.memmap)
    # A kind of picture that nobody asks for may even be missing.
    (tmp_path / "a" / "past.npy").unlink()
    read_samples([tmp_path]).pictures["band"][np.array([1])]


def test_an_episode_is_there_whole_or_not_at_all(tmp_path: Path, make_labels, make_pictures) -> None:
    pictures = make_pictures(2)
    pictures.pop("motion")
    with pytest.raises(KeyError):
        write_episode(tmp_path / "a", pictures, make_labels(2))
    assert not (tmp_path / "a").exists()
    with pytest.raises(MessageError, match="no episodes"):
        read_samples([tmp_path])
    write_episode(tmp_path / "a", make_pictures(2), make_labels(2))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_history_and_back_stop_at_the_beginning_of_the_drive(samples: Samples) -> None:
    assert samples.history(4) == [1, 2, 3, 4]
    assert samples.history(2) == [0, 0, 1, 2]
    assert samples.history(5) == [5, 5, 5, 5], "the first sample of drive b"
    assert samples.history(7) == [5, 5, 6, 7]
    assert [samples.back(i, 6) for i in range(12)] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 1, 2]
    assert [samples.back(i, 1) for i in (0, 1, 4, 5)] == [0, 1, 1, 0]


@pytest.mark.parametrize(("share", "kept"), [(1.0, 10), (0.5, 5), (0.3, 3), (0.1, 1), (0.05, 0)])
def test_a_share_of_the_episodes_is_spread_evenly(tmp_path: Path, make_labels, make_pictures, share: float,
                                                  kept: int) -> None:
    one = make_pictures(1)
    for n in range(10):
        write_episode(tmp_path / f"{n}", one, make_labels(1))
    if not kept:
        with pytest.raises(MessageError, match="share"):
            read_samples([tmp_path], share)
        return
    names = [int(name) for name in read_samples([tmp_path], share).names]
    assert len(names) == kept
    assert all(9 / kept - 1 < b - a < 10 / kept + 1 for a, b in pairwise(names))


def test_folders_are_read_together(tmp_path: Path, make_labels, make_pictures) -> None:
    for folder, name in (("two", "a"), ("one", "z")):
        write_episode(tmp_path / folder / name, make_pictures(1), make_labels(1))
    assert read_samples([tmp_path / "two", tmp_path / "one"]).names == ("a", "z")
    write_episode(tmp_path / "one" / "a", make_pictures(1), make_labels(1))
    with pytest.raises(MessageError, match=r"two episodes of one name.*'a'"):
        read_samples([tmp_path / "two", tmp_path / "one"])


def test_what_is_broken_is_named(tmp_path: Path, make_labels, make_pictures) -> None:
    with pytest.raises(MessageError, match=r"no episodes in .*nowhere.*automot prepare"):
        read_samples([tmp_path / "nowhere"])
    write_episode(tmp_path / "a", make_pictures(2), make_labels(2))
    np.save(tmp_path / "a" / "bev.npy", make_pictures(3)["bev"])
    (tmp_path / "a" / "wide.npy").write_bytes(b"no array")
    read = read_samples([tmp_path])
    with pytest.raises(MessageError, match=r"differ in number in .*a/bev\.npy: got \(3, .*wanted \(2,"):
        read.pictures["bev"][np.array([0])]
    with pytest.raises(MessageError, match=r"not readable in .*a/wide\.npy"):
        read.pictures["wide"][np.array([0])]
    whole = (tmp_path / "a" / "labels.npz").read_bytes()
    for broken in (b"not a zip", whole[: len(whole) // 2], b""):
        (tmp_path / "a" / "labels.npz").write_bytes(broken)
        with pytest.raises(MessageError, match=r"column not readable in .*a/labels\.npz: \w+: got"):
            read_samples([tmp_path])


def test_nothing_is_unpickled(tmp_path: Path, make_labels, make_pictures) -> None:
    labels = make_labels(2, hazard=np.array([{}, {}], object))
    write_episode(tmp_path / "a", make_pictures(2), labels)
    with pytest.raises(MessageError, match=r"column not readable in .*: hazard: got .*object"):
        read_samples([tmp_path])
