"""`automot drive`: every node a process on the embedded world, with a progress line, a page, a table and a report."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from automot_ros.base.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument("--suite", default="plain",
                        help="joined by commas: plain (default), a scenario class, six, all, the path of an .xodr map")
    parser.add_argument("--seeds", default="1000000:1000003",
                        help="A:B of each suite, B excluded (default: three maps)")
    clock = parser.add_mutually_exclusive_group()
    clock.add_argument("--realtime", action="store_true", help="the wall clock: late is late (default)")
    clock.add_argument("--lockstep", action="store_true", help="the world waits for the command of every tick")
    parser.add_argument("--policy", default="nano", help="nano | constant-speed | stand-still | a model folder")
    parser.add_argument("--refiner", default="diffusion", choices=("none", "diffusion"))
    parser.add_argument("--guard", default="on", choices=("on", "off"))
    parser.add_argument("--understanding-delay-s", type=float, default=0.0,
                        help="real time: each context takes at least this long")
    parser.add_argument("--context-period-s", type=float, default=0.25,
                        help="a context this often: 1.0 slows the understanding node to one a second (default: 0.25)")
    parser.add_argument("--understanding-lag-s", type=float, default=0.1,
                        help="lockstep: simulated age of a context at its arrival")
    parser.add_argument("--duration", type=float, default=0.0, metavar="S",
                        help="cut every route off after S simulated seconds")
    parser.add_argument("--out", type=Path, help="folder for result, report, bag and video (default: runs/<stamp>)")
    parser.add_argument("--no-dashboard", action="store_true", help="no page to watch")
    parser.add_argument("--port", type=int, default=8642, help="of the page (default: 8642)")
    parser.add_argument("--rviz", action="store_true", help="publish what rviz/automot.rviz shows; into the bag, too")
    parser.add_argument("--no-bag", action="store_true", help="record nothing (no video either)")
    parser.add_argument("--no-report", action="store_true", help="result.json only")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the starter process: Ctrl-C and the exit status are its own. Does not return."""
    from automot_ros.simulation.suites import suites_of

    first, routes = _seeds(args.seeds)
    suites = [str(Path(suite).resolve()) if suite.endswith(".xodr") else suite for suite in suites_of(args.suite)]
    missing = [suite for suite in suites if suite.endswith(".xodr") and not Path(suite).is_file()]
    if missing:
        raise ConfigError("no such map", where="--suite", got=missing[0], wanted="the path of an .xodr map")
    for flag, value, high in (("--understanding-delay-s", args.understanding_delay_s, 10.0),
                              ("--understanding-lag-s", args.understanding_lag_s, 5.0),
                              ("--duration", args.duration, 36000.0)):
        if not 0.0 <= value <= high:
            raise ConfigError("out of bounds", where=flag, got=value, wanted=f"0..{high:g} s")
    if not 0.05 <= args.context_period_s <= 5.0:
        raise ConfigError("out of bounds", where="--context-period-s", got=args.context_period_s, wanted="0.05..5 s")
    if args.lockstep and args.understanding_delay_s > 0.0:
        raise ConfigError("a delay of the wall clock means nothing in lockstep", where="--understanding-delay-s",
                          got=args.understanding_delay_s, wanted="--understanding-lag-s")
    out = args.out or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    if (out / "routes").exists() or (out / "bag").exists():
        raise ConfigError("folder holds another drive", where="--out", got=str(out), wanted="a new folder")
    settings = {
        "policy": args.policy, "refiner": args.refiner, "lockstep": args.lockstep, "guard": args.guard == "on",
        "context_period_s": args.context_period_s, "understanding_lag_s": args.understanding_lag_s,
        "understanding_delay_s": args.understanding_delay_s,
        "suite": ",".join(suites),
        "first_seed": first, "routes": routes, "duration_s": args.duration,
        "out": str(out.resolve()), "dashboard": not args.no_dashboard, "dashboard_port": args.port,
        "rviz": args.rviz,
        "recorder": not args.no_bag,
    }
    request = {"settings": settings, "command": " ".join(["automot", *sys.argv[1:]]), "report": not args.no_report}
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "automot_ros.nodes.drive", json.dumps(request)])


def _seeds(text: str) -> tuple[int, int]:
    """(first seed, how many) of A:B or of a single seed."""
    first, _, last = text.partition(":")
    try:
        a = int(first)
        b = int(last) if last else a + 1
    except ValueError as error:
        raise ConfigError("not a seed range", where="--seeds", got=text, wanted="A:B") from error
    if not 0 <= a < b < 2**31:
        raise ConfigError("empty seed range", where="--seeds", got=text, wanted="A:B with 0 <= A < B")
    return a, b - a
