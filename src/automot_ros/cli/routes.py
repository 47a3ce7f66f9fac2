"""`automot routes`: write routes of the embedded world as a leaderboard route file, with their maps."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `automot routes`."""
    parser.add_argument("--suite", default="six", help="joined by commas: plain, a scenario class, six (default), all")
    parser.add_argument("--seeds", default="0:1", help="A:B, B excluded, for each suite")
    parser.add_argument("--out", type=Path, required=True, help="folder for routes.xml and one .xodr for each map")


def run(args: argparse.Namespace) -> int:
    """Write them and say how to drive them. 0 when done."""
    from automot_ros.evaluation.closed_loop import parse_seeds
    from automot_ros.simulation.route_writing import write_routes
    from automot_ros.simulation.suites import suites_of, task_of

    tasks = [task_of(suite, seed) for suite in suites_of(args.suite) for seed in parse_seeds(args.seeds)]
    path = write_routes(tasks, args.out)
    print(f"wrote {len(tasks)} routes; to drive them:\n"
          f"automot evaluate closed-loop --routes {path} --maps {args.out}")
    return 0
