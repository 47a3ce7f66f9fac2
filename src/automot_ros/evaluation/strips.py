"""The pictures that a report shows of failed routes, made by the processes that drove them, each kept as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from automot_ros.base.errors import MachineError
from automot_ros.base.results import write_bytes
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.filming import strip_of
from automot_ros.evaluation.pool import Lost, Runner
from automot_ros.evaluation.routes import RouteJob

DEFAULT_STRIPS = 12


def strip_file(out: Path, route_id: str) -> Path:
    """Where the pictures of a route lie."""
    return out / "strips" / f"{route_id}.jpg"


def make_strips(jobs: Sequence[RouteJob], routes: Sequence[dict[str, Any]], settings: DriverSettings, out: Path,
                runner: Runner, most: int, progress: Callable[[str], None]) -> str:
    """Pictures of the first `most` failed routes that have none yet. Returns what is to be said of missing ones."""
    wanted = [(job, route) for job, route in zip(jobs, routes, strict=True) if not route["success"]][:most]
    todo = [(job, route) for job, route in wanted if not strip_file(out, job.id).exists()]
    if todo:
        progress(f"drawing {len(todo)} failed routes ...")
    notes = []
    try:
        for index, data in runner.over(partial(strip_of, settings=settings), todo):
            if isinstance(data, Lost):
                notes.append(f"no pictures of {todo[index][0].id}: {data.why}")
            elif data:
                write_bytes(strip_file(out, todo[index][0].id), data)
    except MachineError as error:  # a machine that cannot draw can still score
        notes.append(f"no pictures: {error}")
    return "; ".join(notes)
