"""The doctor names what is missing and what mends it."""

import argparse
import json

from automot_ros.cli import doctor


def run(out=None):
    return doctor.run(argparse.Namespace(out=out))


def only(monkeypatch, *checks):
    monkeypatch.setattr(doctor, "CHECKS", checks)
    monkeypatch.setattr(doctor, "shared_memory", lambda: doctor.Finding("shared memory", True, True, "", ""))


def test_a_machine_with_everything_can_drive(monkeypatch, capsys):
    only(monkeypatch, doctor.Check("thing", "print('version 7')", "install it"))
    assert run() == 0
    assert "version 7" in capsys.readouterr().out


def test_a_missing_required_thing_is_named_with_its_mend_and_status_1(monkeypatch, capsys, tmp_path):
    only(monkeypatch, doctor.Check("thing", "import no_such_module", "apt-get install thing"))
    assert run(tmp_path) == 1
    said = capsys.readouterr().out
    assert "MISSING thing" in said
    assert "no_such_module" in said
    assert "apt-get install thing" in said
    findings = json.loads((tmp_path / "result.json").read_text())["findings"]
    assert [f["name"] for f in findings if f["required"] and not f["ok"]] == ["thing"]


def test_a_missing_extra_thing_does_not_fail(monkeypatch, capsys):
    only(monkeypatch, doctor.Check("extra", "raise SystemExit(1)", "mend", required=False))
    assert run() == 0
    assert "lacks" in capsys.readouterr().out


def test_a_driver_that_kills_its_process_is_reported(monkeypatch, capsys):
    only(monkeypatch, doctor.Check("driver", "import os; os.kill(os.getpid(), 11)", "mend"))
    assert run() == 1
    assert "MISSING driver" in capsys.readouterr().out


def test_shared_memory_that_is_too_small_or_cannot_be_written_is_missing(tmp_path):
    assert doctor.shared_memory(tmp_path, wanted_mib=1).ok
    assert not doctor.shared_memory(tmp_path, wanted_mib=1 << 40).ok
    assert not doctor.shared_memory(tmp_path / "nothing").ok
