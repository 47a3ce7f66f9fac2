"""What the vision tower makes of a sample's frames is stored once and read back as the language model wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.base.errors import MessageError
from automot_ros.model.automot import AutoMoT
from automot_ros.training.features import Features, frames_of, write_features
from automot_ros.training.samples import Samples


def test_frames_are_the_last_three_small_and_the_newest_whole(samples: Samples) -> None:
    older, newest = frames_of(samples, np.array([7, 3]))
    assert older.shape == (2, 3, 64, 256, 3) and newest.shape == (2, 1, 96, 512, 3)
    for n, history in enumerate(([5, 5, 6], [0, 1, 2])):
        assert np.array_equal(older[n].numpy(), samples.pictures["past"][np.array(history)])
    assert np.array_equal(newest[:, 0].numpy(), samples.pictures["band"][np.array([7, 3])])


def test_stored_features_are_those_of_the_frames(frozen: AutoMoT, samples: Samples, features: Features) -> None:
    rows = np.array([7, 3, 9])
    with torch.no_grad():
        wanted = frozen.understanding.see(frames_of(samples, rows))
    for stored, fresh in zip(features.seen(rows), wanted, strict=True):
        for a, b in zip(stored, fresh, strict=True):
            assert a.dtype == torch.float32
            torch.testing.assert_close(a, b, atol=2e-3, rtol=2e-3)


def test_writing_again_changes_nothing_and_what_is_missing_is_named(frozen: AutoMoT, samples: Samples,
                                                                    tmp_path: Path) -> None:
    lines: list[str] = []
    write_features(frozen.understanding, samples, tmp_path, lines.append)
    assert lines == ["features 3/3"]
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npy")}
    assert len(before) == 6
    write_features(frozen.understanding, samples, tmp_path, lines.append)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npy")} == before
    (tmp_path / "b" / "newest.npy").unlink()
    with pytest.raises(MessageError, match=r"newest\.npy"):
        Features(samples, tmp_path).seen(np.array([6]))
