"""What a killed process leaves in shared memory: removed when it is new, ours and unused, else left alone."""

import fcntl
import os
from pathlib import Path

import pytest

from automot_ros.nodes.leftovers import present, remove_new


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("fastdds_old", "fastdds_old_el", "fastdds_aa", "fastdds_aa_el", "fastdds_port7", "fastdds_port7_el",
                 "sem.fastdds_port7_mutex", "other"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_only_new_and_unlocked_files_of_the_transport_go(folder):
    held = os.open(folder / "fastdds_aa_el", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    removed = remove_new(frozenset({"fastdds_old", "fastdds_old_el"}), folder)
    os.close(held)
    assert removed == ["fastdds_port7", "fastdds_port7_el", "sem.fastdds_port7_mutex"]
    left = {p.name for p in folder.iterdir()}
    assert left == {"fastdds_old", "fastdds_old_el", "fastdds_aa", "fastdds_aa_el", "other"}


def test_nothing_new_means_nothing_removed(folder):
    assert remove_new(present(folder), folder) == []


def test_young_files_stay_where_somebody_may_be_about_to_use_them(folder):
    assert remove_new(frozenset(), folder, older_than_s=60.0) == []
