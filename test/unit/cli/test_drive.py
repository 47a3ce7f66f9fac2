"""`automot drive`: flags are refused with reasons before anything starts; what is started gets what was asked."""

import argparse
import json
import os

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.cli import drive
from automot_ros.nodes.stack import StackSettings


def parse(*flags: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    drive.add_arguments(parser)
    return parser.parse_args(flags)


@pytest.fixture
def started(monkeypatch):
    calls = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: calls.append(arguments))
    return calls


@pytest.mark.parametrize(("flags", "reason"), [
    (["--seeds", "a:b"], "not a seed range"),
    (["--seeds", "5:5"], "empty seed range"),
    (["--duration", "-1"], "out of bounds"),
    (["--understanding-delay-s", "11"], "out of bounds"),
    (["--lockstep", "--understanding-delay-s", "1"], "means nothing in lockstep"),
])
def test_bad_flags_are_refused_with_the_reason(started, flags, reason):
    with pytest.raises(ConfigError, match=reason):
        drive.run(parse(*flags))
    assert started == []


def test_a_folder_with_another_drive_is_refused(started, tmp_path):
    (tmp_path / "routes").mkdir()
    with pytest.raises(ConfigError, match="holds another drive"):
        drive.run(parse("--out", str(tmp_path)))
    assert started == []


def test_what_was_asked_reaches_the_stack(started, tmp_path):
    drive.run(parse("--seeds", "7:9", "--policy", "constant-speed", "--lockstep", "--no-dashboard", "--out",
                    str(tmp_path)))
    request = json.loads(started[0][-1])
    settings = StackSettings(**request["settings"])
    assert (settings.first_seed, settings.routes, settings.policy) == (7, 2, "constant-speed")
    assert settings.lockstep
    assert not settings.dashboard
    assert settings.recorder


def test_by_default_it_drives_three_maps_in_real_time(started):
    drive.run(parse())
    settings = StackSettings(**json.loads(started[0][-1])["settings"])
    assert (settings.first_seed, settings.routes, settings.lockstep) == (1_000_000, 3, False)
