"""`automot evaluate closed-loop`: score a driver on the embedded world, in one process a route, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError

HELP = "score a driver in closed loop on the embedded world"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    kinds = parser.add_subparsers(dest="kind", required=True)
    loop = kinds.add_parser("closed-loop", help="in-process, lockstep, without ROS")
    loop.add_argument("--suite", default="plain", help="plain (default), or the path of an .xodr map")
    loop.add_argument("--seeds", default="1000000:1000020", help="A:B, B excluded; reported seeds start at 1000000")
    loop.add_argument("--policy", default="nano", help="nano | expert | blind | stand-still | a model folder")
    loop.add_argument("--refiner", default="diffusion", choices=("none", "diffusion"))
    loop.add_argument("--guard", default="on", choices=("on", "off"))
    loop.add_argument("--understanding-lag-s", type=float, default=0.1, help="simulated time a context takes")
    loop.add_argument("--workers", type=int, default=2, help="routes driven at once")
    loop.add_argument("--out", type=Path, default=Path("runs/closed-loop"), help="folder; the same folder resumes")


def run(args: argparse.Namespace) -> int:
    """Drive, print a table, write result.json. Returns 0."""
    from automot_ros.evaluation.closed_loop import evaluate, parse_seeds
    from automot_ros.evaluation.drivers import DriverSettings

    if not 0.0 <= args.understanding_lag_s <= 5.0:
        raise ConfigError("out of bounds", where="--understanding-lag-s", got=args.understanding_lag_s, wanted="0..5 s")
    if args.workers < 1:
        raise ConfigError("out of bounds", where="--workers", got=args.workers, wanted=">= 1")
    settings = DriverSettings(policy=args.policy, refiner=args.refiner, guard=args.guard == "on",
                              understanding_lag_s=args.understanding_lag_s)
    seeds = parse_seeds(args.seeds)
    print(f"embedded world, suite {args.suite}, seeds {args.seeds}, policy {args.policy}")
    summary = evaluate(args.suite, seeds, settings, args.out, args.workers, lambda line: print(line, flush=True))
    print(f"driving score {summary['driving_score']:.2f}  success {100 * summary['success_rate']:.1f} %  "
          f"route completion {summary['route_completion']:.2f} %  (embedded world, {len(seeds)} routes)")
    print(f"infractions {summary['infractions']}\nwrote {args.out / 'result.json'}")
    return 0
