"""Closed loop without ROS, lockstep: a driver, many routes, a score. The same run gives the same figures to the bit.

Every finished route is one file, so a stopped evaluation resumes where it was, on as many processes as one likes.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.base.form import checked
from automot_ros.base.results import read_json, run_header, write_json
from automot_ros.evaluation.drivers import DriverSettings, guard_config
from automot_ros.evaluation.forms import SUMMED
from automot_ros.evaluation.guard_watch import intervention_summary
from automot_ros.evaluation.metrics.hazard_naming import naming_summary
from automot_ros.evaluation.metrics.summary import summarise_routes
from automot_ros.evaluation.pool import Lost, Runner
from automot_ros.evaluation.routes import (
    CRASHED,
    RouteJob,
    drive_task,
    failed_route,
    one_thread,
    route_settings,
    run_route,
    source_of,
)

__all__ = ["drive_task", "evaluate", "parse_seeds", "summarise"]


def parse_seeds(text: str) -> range:
    """`A:B` (B excluded) or a single seed."""
    first, _, last = text.partition(":")
    try:
        seeds = range(int(first), int(last) if last else int(first) + 1)
    except ValueError as error:
        raise ConfigError("not a seed range", where="--seeds", got=text, wanted="A:B") from error
    if len(seeds) == 0 or seeds.start < 0:
        raise ConfigError("empty seed range", where="--seeds", got=text, wanted="A:B with 0 <= A < B")
    return seeds


def evaluate(jobs: Sequence[RouteJob], settings: DriverSettings, out: Path, runner: Runner,
             progress: Callable[[str], None], *, maps: Path | None = None, about: dict[str, Any] | None = None,
             ) -> dict[str, Any]:
    """Score a driver on routes; writes out/routes/<id>.json as they finish and out/result.json at the end.

    `maps` is the folder that the entries of a route file look up; `about` is added to the top of result.json (suite,
    seeds). Raises ConfigError for a folder that holds routes of another driver or of other files.
    """
    keep_settings(out, {**source_of(jobs, maps), **route_settings(settings)})
    files = {job.id: out / "routes" / f"{job.id}.json" for job in jobs}
    todo = [job for job in jobs if not files[job.id].exists()]
    one_thread()
    clock = _Clock(len(todo))
    if len(todo) < len(jobs):
        progress(f"{len(jobs) - len(todo)} of {len(jobs)} routes are there already")
    for index, result in runner.over(partial(run_route, settings=settings), todo):
        job = todo[index]
        if isinstance(result, Lost):
            result = failed_route(job, CRASHED, result.why, "")
        write_json(files[job.id], result)
        progress(_line(result, len(jobs) - len(todo) + clock.tick(), len(jobs), clock))
    # As read back from the files, so that a resumed run sums exactly what an uninterrupted one does.
    routes = [checked(read_json(files[job.id]), SUMMED, str(files[job.id])) for job in jobs]
    result = {**run_header(model_hash=settings.model_hash), "world": "embedded", **(about or {}),
              **summarise(routes, settings)}
    write_json(out / "result.json", result)
    return result


def keep_settings(out: Path, asked: dict[str, Any]) -> None:
    """Write what the routes of a folder were driven with, or make sure that it is what is asked now."""
    stamp = out / "routes" / "settings.json"
    if stamp.exists() and (kept := read_json(stamp, ConfigError)) != json.loads(json.dumps(asked)):
        raise ConfigError("folder holds another evaluation", where=str(out), got=json.dumps(kept),
                          wanted=f"an empty --out, or to resume with the same: {json.dumps(asked)}")
    write_json(stamp, asked)


def summarise(routes: list[dict[str, Any]], settings: DriverSettings) -> dict[str, Any]:
    """The top level of a closed-loop result.json."""
    not_run = Counter(name.partition(" ")[0] for route in routes for name in route.get("not_run", ()))
    return {
        "not_run": dict(sorted(not_run.items())),
        "crashed": sum("error" in route for route in routes),
        **summarise_routes(routes),
        "policy": settings.policy, "label": settings.label, "refiner": settings.refined, "guard": settings.guarded,
        "guard_off": list(guard_config(settings).switched_off),
        "understanding_lag_s": settings.understanding_lag_s, "without": list(settings.without),
        "hazards_named": naming_summary(routes),
        "interventions": intervention_summary(route.get("guard") for route in routes),
        "routes": routes,
    }


class _Clock:
    """How long the rest will take, from how long the first ones took."""

    def __init__(self, total: int) -> None:
        self._begin, self._total, self._done = time.monotonic(), total, 0

    def tick(self) -> int:
        """One more is done; returns how many are."""
        self._done += 1
        return self._done

    @property
    def left(self) -> str:
        """h:mm:ss."""
        seconds = round((time.monotonic() - self._begin) / max(1, self._done) * (self._total - self._done))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _line(route: dict[str, Any], done: int, of: int, clock: _Clock) -> str:
    text = (f"{done}/{of}  {route['id']:<28} {route['status']:<30} DS {route['driving_score']:6.2f}  "
            f"RC {route['route_completion']:6.2f}  left {clock.left}")
    return text + (f"\n    {route['error']}" if "error" in route else "")
