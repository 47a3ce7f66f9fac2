"""Suites by name: plain driving, one scenario class, or drives on a map of one's own."""

from __future__ import annotations

from pathlib import Path

from automot_ros.base.errors import MapError
from automot_ros.simulation.scenarios import SCENARIOS, SIX
from automot_ros.simulation.scenarios.drawing import scenario_task
from automot_ros.simulation.tasks import DriveTask, plain_task, task_on_map

GROUPS = {"six": SIX, "all": tuple(SCENARIOS)}


def suites_of(names: str) -> tuple[str, ...]:
    """The suites that a list such as `plain,six` names: groups spelled out, no duplicates. MapError if unknown."""
    found: list[str] = []
    for name in names.split(","):
        for suite in GROUPS.get(name.strip(), (name.strip(),)):
            if suite != "plain" and suite not in SCENARIOS and Path(suite).suffix != ".xodr":
                raise MapError("unknown suite", got=suite,
                               wanted=f"plain, {', '.join(GROUPS)}, a scenario class such as {SIX[0]}, or an .xodr map")
            if suite not in found:
                found.append(suite)
    return tuple(found)


def drives_of(names: str, first_seed: int, seeds: int) -> list[tuple[str, int, str]]:
    """Every seed of every suite that a list names, suite by suite: (suite, seed, name of the drive)."""
    return [(suite, seed, f"{Path(suite).stem}-{seed}") for suite in suites_of(names)
            for seed in range(first_seed, first_seed + seeds)]


def task_of(suite: str, seed: int) -> DriveTask:
    """The drive of one suite and seed: `plain`, a scenario class, or the path of an OpenDRIVE map.

    MapError for a suite that is none of them, or a map that cannot be used.
    """
    if suite == "plain":
        return plain_task(seed)
    if suite in SCENARIOS:
        return scenario_task(SCENARIOS[suite], seed)
    path = Path(suites_of(suite)[0])
    try:
        xodr = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MapError("cannot read the map", where=str(path), got=str(error)) from error
    return task_on_map(f"{path.stem}-{seed}", path.stem, xodr, None, seed)
