"""`automot collect`: drives of the expert, or of a policy that it corrects, as bags with its labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError

HELP = "drive the expert (or a policy it corrects) and keep bags with labels"
FIRST_REPORTED_SEED = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument("--suite", default="all,plain", help="plain, six, all, scenario classes; with commas")
    parser.add_argument("--seeds", default="0:2", help="A:B, B excluded; training seeds are below 1000000")
    parser.add_argument("--driver", default="expert", help="expert, or a model whose drives the expert corrects")
    parser.add_argument("--workers", type=int, default=2, help="drives at once on this machine")
    parser.add_argument("--ray", default=None, help="address of a Ray cluster to drive on instead")
    parser.add_argument("--out", type=Path, default=Path("runs/demonstrations"), help="folder; the same folder resumes")


def run(args: argparse.Namespace) -> int:
    """Collect. Returns 0."""
    from automot_ros.evaluation.closed_loop import parse_seeds
    from automot_ros.evaluation.pool import Runner
    from automot_ros.simulation.suites import drives_of
    from automot_ros.training.demonstrations import collect

    seeds = parse_seeds(args.seeds)
    if seeds.stop > FIRST_REPORTED_SEED:
        raise ConfigError("seeds kept for evaluation", where="--seeds", got=args.seeds,
                          wanted=f"below {FIRST_REPORTED_SEED}")
    jobs = [(suite, seed) for suite, seed, _ in drives_of(args.suite, seeds.start, len(seeds))]
    collect(jobs, args.driver, args.out, Runner(args.workers, args.ray), lambda line: print(line, flush=True))
    print(f"bags in {args.out}; next: automot prepare {args.out}")
    return 0
