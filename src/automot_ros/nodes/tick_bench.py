"""`automot bench tick` behind its flags: the real nodes in real time, then with the understanding in every tick.

Asynchronous: real time, a context every 0.25 s beside the fast loop. Watched: the same, with page and recorder beside
it. Synchronous: the same weights and nodes in lockstep, every tick waits for the context of its own stamp.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from automot_ros.base.errors import AutomotError
from automot_ros.base.results import run_header, write_json
from automot_ros.evaluation.performance import Load, put_section, table
from automot_ros.nodes.bring_up import BringUp
from automot_ros.nodes.security import STARTER, close_shared_memory, enclave_arguments
from automot_ros.nodes.stack import StackSettings, drive_stack
from automot_ros.nodes.supervisor import Supervisor, ros_environment
from automot_ros.nodes.tick_watch import TickWatch, Usage, figures_of, latencies_s, usage_of
from automot_ros.policy.checkpoint import model_hash
from automot_ros.policy.locations import model_folder

DONE, MISSED, REFUSED, INTERRUPTED = 0, 1, 2, 130
P99_MS, RATIO = 50.0, 3.0
ROUTE_S = 60.0


@dataclass(frozen=True)
class TickRequest:
    """What cli/bench_tick.py was asked for."""

    duration_s: float
    watched_s: float
    synchronous_s: float
    policy: str
    suite: str
    first_seed: int
    out: str
    page: str | None
    command: str


class Run:
    """One stack from start to end, watched."""

    def __init__(self, settings: StackSettings, folder: Path) -> None:
        os.environ.update(ros_environment())
        rclpy.init(args=enclave_arguments(STARTER), signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node("automot_bench")
        close_shared_memory()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self.watch = TickWatch(self._node)
        self.supervisor = Supervisor(drive_stack(settings), folder, {})
        self.usage: dict[str, list[tuple[float, Usage]]] = {}

    def drive(self, duration_s: float, sampled: Callable[[float], bool], period_s: float = 1.0) -> None:
        """Until the time is over, `sampled` (called once a period with the seconds driven) says no, or Ctrl-C."""
        try:
            self.supervisor.start()
            BringUp(self._node, self._executor, self.supervisor).run(lambda _: None)
            begun = time.monotonic()
            next_s = begun
            while time.monotonic() - begun < duration_s:
                self._executor.spin_once(timeout_sec=0.1)
                if dead := self.supervisor.newly_dead():
                    raise AutomotError("a node died", where=dead[0], got=self.supervisor.complaint(dead[0]))
                if time.monotonic() >= next_s:
                    next_s += period_s
                    self._sample(time.monotonic() - begun)
                    if not sampled(time.monotonic() - begun):
                        break
        except KeyboardInterrupt:
            pass
        finally:
            self.supervisor.stop(lambda _: None)
            self._executor.shutdown(timeout_sec=1.0)
            self._node.destroy_node()
            rclpy.try_shutdown()

    def _sample(self, at_s: float) -> None:
        for name, process in self.supervisor.processes.items():
            found = usage_of(process.pid)
            if found is not None:
                self.usage.setdefault(name, []).append((at_s, found))

    def processes(self) -> list[dict[str, Any]]:
        """CPU in percent of a core between the first and the last sample, memory at the last and at most."""
        rows = []
        for name, samples in self.usage.items():
            (t0, first), (t1, last) = samples[0], samples[-1]
            rows.append({"process": name, "cpu_percent": 100.0 * (last.cpu_s - first.cpu_s) / max(t1 - t0, 1e-9),
                         "memory_mb": last.memory_mb, "most_memory_mb": max(u.memory_mb for _, u in samples),
                         "threads": last.threads})
        return rows


def settings_of(request: TickRequest, folder: Path, kind: str) -> StackSettings:
    """The stack with what a car needs, and the world; page and recorder only where it is watched."""
    routes = 2 + int(max(request.duration_s, request.watched_s, request.synchronous_s) / 10.0)
    synchronous, watched = kind == "synchronous", kind == "watched"
    return StackSettings(
        policy=request.policy, suite=request.suite, first_seed=request.first_seed, routes=routes, duration_s=ROUTE_S,
        out=str(folder), dashboard=watched, recorder=watched, lockstep=synchronous,
        context_period_s=0.05 if synchronous else 0.25, understanding_lag_s=0.0)


def run(request: TickRequest, say: Callable[[str], None]) -> int:
    """Measure, say tables, write result.json and the plot. 1 when a target is missed."""
    load, out = Load(), Path(request.out)
    runs: dict[str, dict[str, Any]] = {}
    spans = {"asynchronous": request.duration_s, "watched": request.watched_s, "synchronous": request.synchronous_s}
    latencies = {}
    for name, duration_s in spans.items():
        if duration_s <= 0.0:
            continue
        say(f"{name}: {duration_s:.0f} s")
        one = Run(settings_of(request, out / name, name), out / name)
        one.drive(duration_s, lambda _: True)
        runs[name] = {**figures_of(one.watch), "processes": one.processes()}
        latencies[name] = latencies_s(one.watch)
        for line in lines_of(runs[name]):
            say(line)
    missed, ratios = judged(runs)
    result = {**run_header(model_hash=model_hash(model_folder(request.policy))), "command": request.command,
              "bench": "tick", "load": load.as_json(), "policy": request.policy, "suite": request.suite, "runs": runs,
              "ratios": ratios, "missed": missed}
    write_json(out / "result.json", result)
    from automot_ros.evaluation.latency_plot import draw_latencies  # OpenCV

    draw_latencies(out / "tick.png", latencies)
    if request.page is not None:
        put_section(Path(request.page), "tick", result, page_of(result))
    for name, value in ratios.items():
        say(f"{name}: {value:.2f}")
    for line in missed:
        say(f"missed: {line}")
    say(f"written: {out}/result.json, {out}/tick.png")
    return MISSED if missed else DONE


def judged(runs: dict[str, dict[str, Any]]) -> tuple[list[str], dict[str, float]]:
    """(targets missed, synchronous / asynchronous)."""
    missed, ratios = [], {}
    if "asynchronous" in runs:
        p99 = runs["asynchronous"]["stages_ms"]["sensor to command"]["p99"]
        if p99 is None or p99 > P99_MS:
            missed.append(f"sensor to command p99 {p99 or float('nan'):.1f} ms > {P99_MS:g} ms")
    if "asynchronous" in runs and "synchronous" in runs:
        a, s = (runs[name]["stages_ms"] for name in ("asynchronous", "synchronous"))
        model = (s["understanding, computing"]["p50"] + s["model, fast"]["p50"]) / a["model, fast"]["p50"]
        ratios["model time, synchronous / asynchronous (p50)"] = model
        ratios["end to end, synchronous / asynchronous (p50)"] = (
            s["sensor to command"]["p50"] / a["sensor to command"]["p50"])
        if model < RATIO:
            missed.append(f"model time, synchronous / asynchronous {model:.2f} < {RATIO:g}")
    return missed, ratios


def lines_of(figures: dict[str, Any]) -> list[str]:
    """A run for people."""
    lines = [f"{'stage (ms)':<26} {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}"]
    rows = {**figures["stages_ms"], "command period": figures["command_period_ms"],
            "command jitter": figures["command_jitter_ms"]}
    for name, s in rows.items():
        lines.append(f"{name:<26} " + " ".join("       -" if s[k] is None else f"{s[k]:8.2f}"
                                               for k in ("p50", "p90", "p99", "max")))
    age = figures["context_age_s"]
    if age["p50"] is not None:
        lines.append(f"context age {age['p50']:.2f} s, at most {age['max']:.2f} s")
    lines.append(f"{figures['ticks']} ticks, {figures['missed_plans']} without a plan, {figures['missed_commands']} "
                 "without a command")
    lines += [f"{p['process']:<16} {p['cpu_percent']:6.1f} % of a core  {p['memory_mb']:7.1f} MB" for p in
              figures["processes"]]
    return lines


def page_of(result: dict[str, Any]) -> str:
    """The section of docs/performance.md."""
    parts = []
    for name, figures in result["runs"].items():
        rows = [{"name": stage, **spread} for stage, spread in (
            *figures["stages_ms"].items(), ("command period", figures["command_period_ms"]),
            ("command jitter", figures["command_jitter_ms"]))]
        age = figures["context_age_s"]
        parts.append(f"**{name}**, {figures['ticks']} ticks, {figures['missed_plans']} without a plan, "
                     f"{figures['missed_commands']} without a command, context age {age['p50'] or 0.0:.2f} s (at most "
                     f"{age['max'] or 0.0:.2f} s):\n\n" + table(rows, {
                         "ms": "name", "p50": "p50 .1f", "p90": "p90 .1f", "p99": "p99 .1f", "max": "max .1f"})
                     + "\n" + table(figures["processes"], {
                         "process": "process", "% of a core": "cpu_percent .0f", "MB": "memory_mb .0f",
                         "threads": "threads"}) + "\n")
    ratios = "".join(f"- {name}: **{value:.2f}**\n" for name, value in result["ratios"].items())
    missed = "".join(f"- missed: {line}\n" for line in result["missed"]) or "- no target missed\n"
    return "".join(parts) + ratios + missed


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run one request."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run(TickRequest(**json.loads(sys.argv[1])), lambda line: print(line, flush=True))
    except AutomotError as error:
        print(f"automot bench tick: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
