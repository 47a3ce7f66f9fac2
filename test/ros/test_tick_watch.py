"""Figures of the fast loop from the publish times of its messages."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from automot_ros.nodes.tick_bench import judged, lines_of, page_of
from automot_ros.nodes.tick_watch import Tick, TickWatch, figures_of, latencies_s, usage_of

MS, TICK = 1_000_000, 50_000_000


@pytest.fixture
def watch() -> TickWatch:
    """Hundred ticks; each plan 20 ms after its sensors, a command 3 ms after each plan; the last plan is missing."""
    made = object.__new__(TickWatch)
    made.ticks, made.contexts_s, made.commands_ns = {}, [0.03] * 5, []
    for n in range(100):
        begun = n * TICK
        at_ns = {"odometry": begun, "image": begun + 2 * MS}
        if n < 99:
            at_ns |= {"draft": begun + 14 * MS, "trajectory": begun + 20 * MS, "command": begun + 23 * MS}
            made.commands_ns.append(begun + 23 * MS)
        made.ticks[10 * TICK + n * TICK] = Tick(at_ns, 0.010, 0.004, 0.2)
    return made


def test_stages_add_up_and_what_is_missing_is_counted(watch: TickWatch) -> None:
    figures = figures_of(watch, warm_up_s=1.0)
    p50 = {name: spread["p50"] for name, spread in figures["stages_ms"].items()}
    assert [p50[s] for s in ("sensors published", "to the draft", "to the trajectory", "to the command")] == (
        pytest.approx([2.0, 12.0, 6.0, 3.0]))
    assert p50["sensor to command"] == pytest.approx(23.0)
    assert p50["model, fast"] == pytest.approx(14.0)
    assert (figures["ticks"], figures["missed_plans"], figures["missed_commands"]) == (80, 1, 1)
    assert figures["command_jitter_ms"]["max"] == pytest.approx(0.0, abs=1e-6)
    assert figures["context_age_s"]["p50"] == pytest.approx(0.2)
    assert len(latencies_s(watch)) == 99


def test_a_command_with_a_newer_stamp_does_not_make_a_late_plan_look_fast(watch: TickWatch) -> None:
    late = watch.ticks[60 * TICK]
    late.at_ns["trajectory"] += 60 * MS  # the command of its own stamp left before it
    figures = figures_of(watch, warm_up_s=1.0)
    assert figures["stages_ms"]["sensor to command"]["max"] > 80.0
    assert figures["stages_ms"]["newest odometry to command"]["max"] == pytest.approx(23.0)


def test_targets_are_judged_and_shown(watch: TickWatch) -> None:
    figures = figures_of(watch) | {"processes": []}
    slow = figures_of(watch) | {"processes": []}
    slow["stages_ms"]["understanding, computing"]["p50"] = 20.0
    missed, ratios = judged({"asynchronous": figures, "synchronous": slow})
    assert ratios["model time, synchronous / asynchronous (p50)"] == pytest.approx(34.0 / 14.0)
    assert missed == ["model time, synchronous / asynchronous 2.43 < 3"]
    assert any("sensor to command" in line for line in lines_of(figures))
    assert "| sensor to command | 23.0 |" in page_of({"runs": {"asynchronous": figures}, "ratios": {}, "missed": []})


def test_what_a_process_uses_is_read() -> None:
    import os

    memory = np.ones(30_000_000, np.uint8)
    usage = usage_of(os.getpid())
    assert usage is not None
    assert usage.memory_mb > memory.nbytes / 1e6
    assert usage.cpu_s > 0.0
    assert usage.files > 2
    assert usage_of(2**22 + 1) is None
