"""`automot drive` as a person runs it: it drives, Ctrl-C ends it cleanly, and what was driven is written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

pytestmark = pytest.mark.ros


def shared_memory():
    return {p.name for pattern in ("automot_*", "fastdds_*", "sem.fastdds_*") for p in Path("/dev/shm").glob(pattern)}


def processes_of(folder):
    """Command lines of living processes that name `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if path.parent.name == str(os.getpid()):
            continue
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.fixture
def command(tmp_path):
    made = []

    def start(*flags):
        arguments = [sys.executable, "-m", "automot_ros.cli.main", "drive", "--policy", "constant-speed",
                     "--guard", "off", "--out", str(tmp_path / "out"), "--no-report", *flags]
        environment = {k: v for k, v in os.environ.items() if k != "ROS_DOMAIN_ID"}
        # A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that.
        made.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                     env=environment, stdin=subprocess.DEVNULL,
                                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)))
        return made[-1]

    yield start
    for process in made:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process, text, limit_s):
    """The lines up to one that holds `text`."""
    lines, end = [], time.monotonic() + limit_s
    while time.monotonic() < end:
        line = process.stdout.readline()
        lines.append(line)
        if text in line:
            return lines
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"never said {text!r}:\n{''.join(lines)}")


def test_ctrl_c_leaves_a_result_and_nothing_else(command, tmp_path):
    before = shared_memory()
    process = command("--seeds", "1000000:1000003")
    read_until(process, "driving after", 90.0)
    lines = read_until(process, "plans/s", 30.0)
    assert "guard" in lines[-1]
    time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    assert len(processes_of(tmp_path / "out")) > 6
    output, _ = process.communicate(timeout=60.0)
    assert process.returncode == 130, output
    assert processes_of(tmp_path / "out") == []
    assert shared_memory() - before == set()
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["routes"][0]["status"] == "Failed - stopped"
    assert result["routes"][0]["nodes"]["plans"] > 10
    assert (tmp_path / "out" / "bag").is_dir()


def test_a_starter_that_is_killed_takes_its_nodes_with_it(command, tmp_path):
    process = command("--seeds", "1000000", "--no-bag", "--no-dashboard")
    read_until(process, "started", 60.0)
    assert len(processes_of(tmp_path / "out")) > 3
    process.kill()
    end = time.monotonic() + 60.0
    while processes_of(tmp_path / "out"):
        assert time.monotonic() < end, processes_of(tmp_path / "out")
        time.sleep(0.2)
