"""Files are written whole, numbers that JSON lacks become null."""

import json
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.results import run_header, write_bytes, write_json
from automot_ros.base.seeds import stream


def test_arrays_and_missing_numbers_become_plain_json(tmp_path: Path) -> None:
    write_json(tmp_path / "r.json", {"a": np.arange(3), "b": float("inf"), "c": np.float32(0.5), "d": (1, {"e": None})})
    assert json.loads((tmp_path / "r.json").read_text()) == {"a": [0, 1, 2], "b": None, "c": 0.5, "d": [1, {"e": None}]}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "r.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "r.json", object())
    assert (tmp_path / "r.json").read_text() == "1\n"
    write_bytes(tmp_path / "r.json", b"2")
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_header_names_schema_command_and_machine() -> None:
    header = run_header(seeds="1:2")
    assert header["schema_version"] == 1 and header["seeds"] == "1:2" and header["machine"]["cpus"] >= 1


def test_streams_depend_on_seed_and_name_only() -> None:
    assert stream(1, "a").random() == stream(1, "a").random()
    assert stream(1, "a").random() != stream(1, "b").random() != stream(2, "b").random()
