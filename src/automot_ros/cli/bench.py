"""`automot bench WHAT`: figures of this machine, as a table and as result.json."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import run_header, write_json

SENSORS = ("none", "lidar", "cameras")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `automot bench`."""
    parser.add_argument("what", choices=("world",), help="what to measure")
    parser.add_argument("--seeds", default="0:3", help="drives A:B to measure on (default 0:3: one of each kind)")
    parser.add_argument("--ticks", type=int, default=600, help="ticks of 0.05 s a drive (default 600)")
    parser.add_argument("--sensors", choices=SENSORS, action="append", help="only these sensors (may be repeated)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), help="folder for result.json")


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write result.json. 0 when done."""
    from automot_ros.simulation.bench import WorldSpeed, measure_world

    first, last = _seeds(args.seeds)
    if args.ticks < 1:
        raise ConfigError("nothing to measure", where="--ticks", got=args.ticks, wanted=">= 1")
    rows: list[WorldSpeed] = []
    print(_line("map", "sensors", "cars", "ticks/s", "real time", "median ms", "worst ms", "CPU ms"))
    for seed in range(first, last):
        for sensors in args.sensors or SENSORS:
            r = measure_world(seed, args.ticks, sensors)
            rows.append(r)
            print(_line(r.map_name, r.sensors, str(r.vehicles), f"{r.ticks_per_s:.0f}", f"{r.real_time:.1f}x",
                        f"{r.median_ms:.2f}", f"{r.worst_ms:.2f}", f"{r.cpu_ms:.2f}"), flush=True)
    out = args.out / "result.json"
    write_json(out, {**run_header(seeds=args.seeds), "bench": "world", "rows": [dataclasses.asdict(r) for r in rows]})
    print(f"written: {out}")
    return 0


def _seeds(text: str) -> tuple[int, int]:
    low, colon, high = text.partition(":")
    if not (colon and low.isdigit() and high.isdigit() and int(low) < int(high)):
        raise ConfigError("not a range of seeds", where="--seeds", got=text, wanted="A:B with A < B")
    return int(low), int(high)


def _line(name: str, sensors: str, *figures: str) -> str:
    return f"{name:<22} {sensors:<8}" + "".join(f"{figure:>11}" for figure in figures)
