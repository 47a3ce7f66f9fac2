"""What a drive leaves behind: result.json, the report, the video, and a table on the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automot_ros.base.errors import AutomotError
from automot_ros.base.results import run_header, write_json
from automot_ros.evaluation.closed_loop import summarise
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.nodes.monitor import Monitor

if TYPE_CHECKING:
    from automot_ros.nodes.drive import DriveRequest


def write_result(request: DriveRequest, monitor: Monitor, results: list[dict[str, Any]], ready_s: float,
                 folder: Path) -> dict[str, Any]:
    """Write result.json: scores of the simulator's examiner, figures of the monitor."""
    s = request.settings
    seen = [drive.as_json() for drive in monitor.drives]
    routes = [result | {"nodes": nodes} for result, nodes in zip(results, seen, strict=False)]
    lag_s = s.understanding_lag_s if s.lockstep else s.understanding_delay_s
    driver = DriverSettings(policy=s.policy, refiner=s.refiner, guard=s.guard, understanding_lag_s=lag_s,
                            context_period_s=s.context_period_s)
    seeds = f"{s.first_seed}:{s.first_seed + s.routes}"
    summary = {**run_header(model_hash=monitor.model_hash, seeds=seeds), "command": request.command,
               "world": "embedded", "suite": s.suite, "clock": "lockstep" if s.lockstep else "real time",
               "ready_s": round(ready_s, 2), "understanding_delay_s": s.understanding_delay_s,
               "context_period_s": s.context_period_s,
               **summarise(routes, driver)}
    write_json(folder / "result.json", summary)
    return summary


def write_report_of(folder: Path, say: Callable[[str], None]) -> None:
    """report.html and the video, from result.json and the bag. What cannot be made is said, it fails no drive."""
    from automot_ros.evaluation.report import write_report  # OpenCV and its fonts: only when there is something to draw

    say("drawing report and video ...")
    try:
        say(f"report: {write_report(folder)}")
    except AutomotError as error:
        say(f"no report: {error}")


def print_table(summary: dict[str, Any], say: Callable[[str], None]) -> None:
    """One line a route."""
    say(f"{'route':<16} {'map':<22} {'status':<28} {'RC %':>6} {'DS':>6} {'hits':>4} {'m/s':>5} {'plans/s':>7} "
        f"{'context s':>10} {'p99 ms':>6}")
    for r in summary["routes"]:
        hits = sum(n for kind, n in r["infractions"].items() if kind.startswith("collisions"))
        age = r["nodes"]["context_age_s"]
        ages = f"{age['p50']:.2f}-{age['max']:.2f}" if age else "-"
        say(f"{r['id']:<16} {r['map']:<22} {r['status']:<28} {r['route_completion']:6.1f} {r['driving_score']:6.1f} "
            f"{hits:4d} {r['mean_speed_mps']:5.1f} {_or_dash(r['nodes']['plans_per_s']):>7} {ages:>10} "
            f"{_or_dash(r['timing']['sensor_to_command_ms']['p99']):>6}")
    say(f"driving score {summary['driving_score']:.2f}, route completion {summary['route_completion']:.2f} % "
        f"(embedded world, {summary['clock']}, {len(summary['routes'])} routes)")


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
