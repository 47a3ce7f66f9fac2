"""One route of an examination, from its name to its record: built, driven, scored, and failed where it crashes."""

from __future__ import annotations

import hashlib
import os
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from automot_ros.base.errors import AutomotError, CheckpointError, ConfigError, MachineError, MessageError
from automot_ros.base.form import checked
from automot_ros.base.results import read_json
from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.drivers import DriverSettings, Senses, make_driver
from automot_ros.evaluation.examiner import Examiner, RouteResult
from automot_ros.evaluation.forms import DRIVEN, SETTINGS
from automot_ros.evaluation.guard_watch import GuardWatch
from automot_ros.evaluation.hazard_watch import HazardWatch
from automot_ros.scene.sensing import Rig, SensorTick
from automot_ros.simulation.scenarios import SCENARIOS
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.suites import suites_of, task_of
from automot_ros.simulation.tasks import DriveTask
from automot_ros.simulation.world import World

Watcher = Callable[[World, Telemetry], None]
NO_SET_UP, CRASHED = "Failed - Route could not be set up", "Failed - Simulation crashed"


class Entry(Protocol):
    """A route of a route file."""

    @property
    def id(self) -> str:
        """Its id in the file."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The scenario classes on it."""
        ...

    def build(self) -> DriveTask:
        """The drive; an error where it cannot be driven."""
        ...


@dataclass(frozen=True, slots=True)
class RouteJob:
    """A route to be examined: `id` names its file; `suite` and `seed` draw it, unless it is an `entry` of a file."""

    id: str
    suite: str
    seed: int = 0
    entry: Entry | None = None

    def build(self) -> DriveTask:
        """The drive."""
        return task_of(self.suite, self.seed) if self.entry is None else self.entry.build()


def suite_jobs(suites: str, seeds: Sequence[int]) -> list[RouteJob]:
    """Every seed of every suite in `suites` (joined by commas). MapError for an unknown one, before anything runs."""
    names = suites_of(suites)
    for name in names:
        if Path(name).suffix == ".xodr":  # read once here, so that a missing map is no hundred failed routes
            task_of(name, seeds[0])
    return _unique([RouteJob(f"{_plain(Path(name).stem)}-{seed}", name, seed) for name in names for seed in seeds])


def file_jobs(path: Path, maps: Path | None) -> list[RouteJob]:
    """Every route of a leaderboard route file, its towns looked up in `maps` (else in $CARLA_ROOT)."""
    from automot_ros.simulation.route_files import read_routes  # the XML reader is needed here only

    return _unique([RouteJob(_plain(entry.id), str(path), entry=entry) for entry in read_routes(path, maps)])


def _plain(name: str) -> str:
    """A name that is safe as the name of a file."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "_"


def _unique(jobs: list[RouteJob]) -> list[RouteJob]:
    seen: dict[str, RouteJob] = {}
    for job in jobs:
        if job.id in seen:
            raise ConfigError("two routes of one name", got=f"{job.id} of {job.suite} and of {seen[job.id].suite}",
                              wanted="names that differ")
        seen[job.id] = job
    return jobs


def source_of(jobs: Sequence[RouteJob], maps: Path | None) -> dict[str, Any]:
    """Where the routes come from, as far as it must not change between a run and its resumption.

    Suites and seeds are not in it: routes of more of them may be added to a folder.
    """
    files = sorted({job.suite for job in jobs if job.entry is not None or Path(job.suite).suffix == ".xodr"})
    return {"maps": None if maps is None else str(maps),
            "files": {name: hashlib.sha256(Path(name).read_bytes()).hexdigest()[:16] for name in files}}


def drive_task(task: DriveTask, settings: DriverSettings, watch: Watcher | None = None,
               max_ticks: int | None = None) -> RouteResult:
    """Drive one task to its end (or for `max_ticks`) and score it; `watch` is called after every tick."""
    return drive_world(World(task), settings, watch, max_ticks)


def drive_world(world: World, settings: DriverSettings, watch: Watcher | None = None,
                max_ticks: int | None = None) -> RouteResult:
    """`drive_task` on a world that was made already. The sensors are those the driver reads and no others."""
    driver, senses = make_driver(settings, world)
    sensors = None if senses is Senses.NONE else SensorSuite(world, Rig())
    examiner = Examiner(world)
    driver.observe_route(world.route)
    while not examiner.done and (max_ticks is None or world.tick < max_ticks):
        tick = SensorTick.odometry_only(world.ego) if sensors is None else sensors.sense(camera=senses is Senses.ALL)
        telemetry = driver.step(tick)
        world.step(telemetry.command)
        examiner.observe()
        if watch is not None:
            watch(world, telemetry)
    return examiner.result()


def one_thread() -> None:
    """One thread a process, so that as many routes as cores run at once and sums are made in one order."""
    for name in ("OMP_NUM_THREADS", "LP_NUM_THREADS"):
        os.environ[name] = "1"


def run_route(job: RouteJob, settings: DriverSettings) -> dict[str, Any]:
    """The record of a route, and how a model named its hazards. Whatever goes wrong in world, driver or policy fails
    this route and no other.

    Raises MachineError and CheckpointError: a machine without a graphics driver, or a folder without weights, says
    nothing about a driver and would fail every route alike.
    """
    one_thread()
    task: DriveTask | None = None
    world: World | None = None
    try:
        task = job.build()
        world = World(task)
        hazards = HazardWatch(world, settings.understanding_lag_s) if settings.has_model else None
        guard = GuardWatch() if settings.guarded else None
        watches = [watch for watch in (hazards, guard) if watch is not None]

        def watch_all(world: World, telemetry: Telemetry) -> None:
            for watch in watches:
                watch(world, telemetry)

        result = drive_world(world, settings, watch_all)
    except (MachineError, CheckpointError):
        raise
    except Exception as error:  # noqa: BLE001 the examination goes on, whatever a route does
        text = str(error) if isinstance(error, AutomotError) else f"{type(error).__name__}: {error}"
        return failed_route(job, CRASHED if world is not None else NO_SET_UP, text, traceback.format_exc(), task, world)
    return _record(job, result) | {"hazards": None if hazards is None else hazards.as_json(),
                                   "guard": None if guard is None else guard.as_json()}


def failed_route(job: RouteJob, status: str, why: str, trace: str, task: DriveTask | None = None,
                 world: World | None = None) -> dict[str, Any]:
    """The record of a route that gave no score: zeros, as the leaderboard has it, and the reason."""
    kinds: Sequence[str] = () if job.entry is None else job.entry.kinds
    if task is not None:
        kinds = [spec.kind for spec in task.scenarios]
    scenario = kinds[0] if kinds else job.suite if job.suite in SCENARIOS else "plain"
    length_m = 0.0 if task is None else float(np.hypot(*np.diff(task.route_map_N2, axis=0).T).sum())
    nothing = RouteResult.nothing(
        id=job.id, scenario=scenario, seed=job.seed if task is None else task.seed,
        map="" if task is None else task.map_name, status=status, route_length_m=round(length_m, 3),
        duration_s=0.0 if world is None else round(world.tick * world.TICK_S, 3))
    not_run = [] if world is None else list(world.not_run)
    return _record(job, nothing) | {"hazards": None, "guard": None, "not_run": not_run, "error": why,
                                    "traceback": trace}


def _record(job: RouteJob, result: RouteResult) -> dict[str, Any]:
    seed = {} if job.entry is not None else {"seed": job.seed}
    return {**result.as_json(), **seed, "id": job.id, "suite": job.suite}


def route_settings(settings: DriverSettings) -> dict[str, Any]:
    """The driver's settings as they are kept with the routes; the hash so that weights are not mixed."""
    return {**asdict(settings), "model_hash": settings.model_hash}


def recorded_route(out: Path, route_id: str) -> tuple[RouteJob, DriverSettings, dict[str, Any]]:
    """A route that was driven into the folder `out`: what to drive again, with which driver, and its record."""
    folder = out / "routes"
    try:
        kept = checked(read_json(folder / "settings.json"), SETTINGS, str(folder / "settings.json"))
        record = checked(read_json(folder / f"{_plain(route_id)}.json"), DRIVEN, f"route {route_id}")
    except MessageError as error:
        there = sorted(p.stem for p in folder.glob("*.json") if p.stem != "settings")
        raise ConfigError("no such route", where=str(out), got=route_id,
                          wanted=", ".join(there[:20]) or "the --out of an evaluation") from error
    settings = DriverSettings(**{f.name: kept[f.name] for f in fields(DriverSettings)})
    job = RouteJob(record["id"], record["suite"], record["seed"])
    if record["suite"].endswith(".xml"):
        maps = None if kept["maps"] is None else Path(kept["maps"])
        found = [j for j in file_jobs(Path(record["suite"]), maps) if j.id == record["id"]]
        if not found:
            raise ConfigError("route is no longer in its file", where=record["suite"], got=record["id"])
        job = found[0]
    return job, settings, record
