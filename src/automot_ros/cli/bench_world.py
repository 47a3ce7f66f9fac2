"""`automot bench world`: how fast the embedded world runs, as a table and as result.json."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import run_header, write_json

SENSORS = ("none", "lidar", "cameras")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--suites", default="plain,PedestrianCrossing,ConstructionObstacleTwoWays,HighwayExit",
                        help="what is driven while it is measured (suites as `automot evaluate` knows them)")
    parser.add_argument("--seeds", default="0:1", help="seeds A:B of each suite")
    parser.add_argument("--ticks", type=int, default=600, help="ticks of 0.05 s a drive (default 600)")
    parser.add_argument("--sensors", choices=SENSORS, action="append", help="only these sensors (may be repeated)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench_world"), help="folder for result.json")


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write result.json. 0 when done."""
    from automot_ros.simulation.bench import WorldSpeed, measure_world
    from automot_ros.simulation.suites import suites_of

    first, last = _seeds(args.seeds)
    if args.ticks < 1:
        raise ConfigError("nothing to measure", where="--ticks", got=args.ticks, wanted=">= 1")
    rows: list[WorldSpeed] = []
    print(_line("drive", "sensors", "users", "ticks/s", "real time", "median ms", "worst ms", "CPU ms"))
    drives = [(suite, seed) for suite in suites_of(args.suites) for seed in range(first, last)]
    for suite, seed in drives:
        for sensors in args.sensors or SENSORS:
            r = measure_world(suite, seed, args.ticks, sensors)
            rows.append(r)
            print(_line(f"{suite}-{seed}", r.sensors, str(r.road_users), f"{r.ticks_per_s:.0f}", f"{r.real_time:.1f}x",
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
    return f"{name:<30} {sensors:<8}" + "".join(f"{figure:>11}" for figure in figures)
