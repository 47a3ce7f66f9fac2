"""Closed loop in one process, lockstep, no ROS: a driver, a suite of tasks, a score.

Every finished route is written at once, so a stopped evaluation resumes where it was.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import run_header, write_json
from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.drivers import DriverSettings, make_driver
from automot_ros.evaluation.examiner import Examiner, RouteResult
from automot_ros.scene.sensing import PointCloud, Rig, SensorTick
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.tasks import DriveTask, task_of
from automot_ros.simulation.world import World

Watcher = Callable[[World, Telemetry], None]


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


def drive_task(task: DriveTask, settings: DriverSettings, watch: Watcher | None = None,
               max_ticks: int | None = None) -> RouteResult:
    """Drive one task to its end (or for `max_ticks`) and score it; `watch` is called after every tick."""
    world = World(task)
    driver, needs_sensors = make_driver(settings, world)
    sensors = SensorSuite(world, Rig()) if needs_sensors else None
    examiner = Examiner(world)
    driver.observe_route(world.route)
    while not examiner.done and (max_ticks is None or world.tick < max_ticks):
        tick = _odometry_only(world) if sensors is None else sensors.sense()
        telemetry = driver.step(tick)
        world.step(telemetry.command)
        examiner.observe()
        if watch is not None:
            watch(world, telemetry)
    return examiner.result()


def _odometry_only(world: World) -> SensorTick:
    return SensorTick(world.stamp_ns, world.ego, (), PointCloud(world.stamp_ns, np.zeros((0, 4), np.float32)))


@dataclass(frozen=True, slots=True)
class _Job:
    suite: str
    seed: int
    settings: DriverSettings
    path: Path


def _run(job: _Job) -> dict[str, Any]:
    result = drive_task(task_of(job.suite, job.seed), job.settings).as_json()
    write_json(job.path, result)
    return result


def evaluate(suite: str, seeds: Sequence[int], settings: DriverSettings, out: Path, workers: int,
             progress: Callable[[str], None]) -> dict[str, Any]:
    """Score `suite` on `seeds`; writes out/routes/<seed>.json as they finish and out/result.json at the end."""
    task_of(suite, seeds[0])  # a suite that cannot be driven is refused before anything is written
    asked = {"suite": suite, **asdict(settings)}
    stamp = out / "routes" / "settings.json"
    if stamp.exists() and json.loads(stamp.read_text()) != json.loads(json.dumps(asked)):
        raise ConfigError("folder holds another evaluation", where=str(out), got=stamp.read_text().strip(),
                          wanted="an empty --out, or the same settings to resume")
    write_json(stamp, asked)
    jobs = [_Job(suite, seed, settings, out / "routes" / f"{seed}.json") for seed in seeds]
    done = {j.seed: json.loads(j.path.read_text()) for j in jobs if j.path.exists()}
    todo = [j for j in jobs if j.seed not in done]
    os.environ["OMP_NUM_THREADS"] = "1"  # one thread a process: two routes at once on two cores, and the same sums

    def keep(result: dict[str, Any]) -> None:
        done[int(result["seed"])] = result
        progress(f"{len(done)}/{len(jobs)}  seed {result['seed']}  {result['map']:<22} {result['status']:<28} "
                 f"DS {result['driving_score']:6.2f}  RC {result['route_completion']:6.2f}")

    if workers > 1:
        with multiprocessing.get_context("spawn").Pool(min(workers, max(1, len(todo)))) as pool:
            for result in pool.imap_unordered(_run, todo):
                keep(result)
    else:
        for job in todo:
            keep(_run(job))
    summary = summarise([done[j.seed] for j in jobs], settings)
    write_json(out / "result.json", {**run_header(model_hash=settings.model_hash, seeds=f"{seeds[0]}:{seeds[-1] + 1}"),
                                     "world": "embedded", "suite": suite, **summary})
    return summary


def summarise(routes: list[dict[str, Any]], settings: DriverSettings) -> dict[str, Any]:
    """The top level of a closed-loop result.json. Efficiency and abilities are null until scenarios measure them."""
    comfort = [r["comfort"] for r in routes if r["comfort"] is not None]
    kinds = routes[0]["infractions"] if routes else {}
    return {
        "driving_score": round(float(np.mean([r["driving_score"] for r in routes])), 6),
        "driving_score_standard_error": round(
            float(np.std([r["driving_score"] for r in routes], ddof=1) / np.sqrt(len(routes))), 6)
        if len(routes) > 1 else None,
        "success_rate": round(float(np.mean([r["success"] for r in routes])), 6),
        "route_completion": round(float(np.mean([r["route_completion"] for r in routes])), 6),
        "efficiency": None,
        "comfort": round(float(np.mean(comfort)), 6) if comfort else None,
        "infractions": {k: sum(r["infractions"][k] for r in routes) for k in kinds},
        "ability": None,
        "policy": settings.policy, "refiner": settings.refiner, "guard": settings.guard,
        "understanding_lag_s": settings.understanding_lag_s,
        "routes": routes,
    }
