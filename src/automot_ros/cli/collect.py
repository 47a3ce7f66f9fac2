"""`automot collect`: demonstrations of the expert, or the expert's corrections of a policy, as training samples."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError

HELP = "drive the expert (or a policy it corrects) and keep training samples"
FIRST_REPORTED_SEED = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument("--seeds", default="0:20", help="A:B, B excluded; training seeds are below 1000000")
    parser.add_argument("--driver", default="expert", help="expert, or a model whose drives the expert corrects")
    parser.add_argument("--workers", type=int, default=2, help="episodes driven at once")
    parser.add_argument("--out", type=Path, default=Path("runs/demonstrations"), help="folder; the same folder resumes")


def run(args: argparse.Namespace) -> int:
    """Collect and say how much. Returns 0."""
    from automot_ros.evaluation.closed_loop import parse_seeds
    from automot_ros.training.demonstrations import collect

    seeds = parse_seeds(args.seeds)
    if seeds.stop > FIRST_REPORTED_SEED:
        raise ConfigError("seeds kept for evaluation", where="--seeds", got=args.seeds,
                          wanted=f"below {FIRST_REPORTED_SEED}")
    total = collect(seeds, args.driver, args.out, args.workers, lambda line: print(line, flush=True))
    print(f"{total} samples in {args.out}")
    return 0
