"""`automot train`: from nothing to `models/nano`, or up to one stage of it. Run it again to go on where it stopped."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train the shipped model from nothing; resumable"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command, the numbers of the recipe among them."""
    from automot_ros.base.quantity import describe
    from automot_ros.training.settings import STAGES, NanoRecipe

    parser.add_argument("stage", choices=("nano", *STAGES), help="nano: all of it; else: up to this stage")
    parser.add_argument("--work", type=Path, default=Path("build/nano"), help="bags, samples, contexts, states")
    parser.add_argument("--out", type=Path, default=Path("models/nano"), help="where the weights go")
    parser.add_argument("--threads", type=int, default=2, help="threads of the trainer")
    parser.add_argument("--workers", type=int, default=2, help="drives and bags at once on this machine")
    parser.add_argument("--ray", default=None, help="address of a Ray cluster to drive and prepare on instead")
    for spec in describe(NanoRecipe):
        parser.add_argument(f"--{spec.name.replace('_', '-')}", type=int, default=spec.default,
                            help=f"{spec.text} (default: {spec.default})")


def run(args: argparse.Namespace) -> int:
    """Train. Returns 0."""
    import torch

    from automot_ros.base.quantity import build, describe
    from automot_ros.evaluation.pool import Runner
    from automot_ros.training.recipe import NanoMaker
    from automot_ros.training.settings import STAGES, NanoRecipe
    from automot_ros.training.share import Share

    recipe = build(NanoRecipe, {spec.name: getattr(args, spec.name) for spec in describe(NanoRecipe)})
    torch.set_num_threads(args.threads)
    maker = NanoMaker(recipe, args.work, args.out, Runner(args.workers, args.ray),
                      lambda line: print(line, flush=True))
    maker.make(STAGES[-1] if args.stage == "nano" else args.stage)
    Share.here().leave()
    return 0
