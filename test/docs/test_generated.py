"""The tables in docs/ are those of the code."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy")


def test_parameter_and_topic_tables_are_up_to_date() -> None:
    script = Path(__file__).resolve().parents[2] / "docs" / "generate.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
