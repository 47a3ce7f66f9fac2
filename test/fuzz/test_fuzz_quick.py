"""A few inputs of each kind of reader, the same ones every time; and that what must be found is found."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = ("samples", "bag", "opendrive", "routes", "page")
CALLBACKS = ("messages", "controller")


def fuzz(out: Path, inputs: int, *targets: str) -> tuple[int, str]:
    asked = [part for name in targets for part in ("--target", name)]
    command = [sys.executable, "-m", "fuzzing", *asked, "--inputs", str(inputs), "--out", str(out)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120.0, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("inputs", "targets"), [(12, FILES), (40, CALLBACKS)], ids=["files", "callbacks"])
def test_bad_inputs_are_refused_and_nothing_else_happens(tmp_path, inputs, targets):
    if targets is CALLBACKS:
        pytest.importorskip("rclpy")
    status, said = fuzz(tmp_path, inputs, *targets)
    assert status == 0, said
    name, given, refused, accepted, crashed, hung, _ = said.splitlines()[-1].split()
    assert (name, int(given)) == ("all", inputs * len(targets))
    assert int(refused) + int(accepted) == int(given)
    assert int(refused) > int(given) // 4
    assert (crashed, hung) == ("0", "0")


def test_a_reader_with_faults_is_found_out(tmp_path):
    status, said = fuzz(tmp_path, 30, "faulty")
    assert status == 1
    for finding in ("ZeroDivisionError: on purpose", "TooLongError: more than 1.0 s", "the process ended with -6",
                    "FindingError: a claimed size was believed"):
        assert finding in said
