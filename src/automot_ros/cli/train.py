"""`automot train nano`: from nothing to `models/nano`. Every step is kept in the work folder; run it again to go on."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train the shipped model from nothing; resumable"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command, the numbers of the recipe among them."""
    from automot_ros.base.quantity import describe
    from automot_ros.training.settings import NanoRecipe

    parser.add_argument("model", choices=("nano",), help="what to train")
    parser.add_argument("--work", type=Path, default=Path("build/nano"), help="demonstrations, contexts, states")
    parser.add_argument("--out", type=Path, default=Path("models/nano"), help="where the weights go")
    parser.add_argument("--threads", type=int, default=2, help="threads of the trainer")
    for spec in describe(NanoRecipe):
        parser.add_argument(f"--{spec.name.replace('_', '-')}", type=int, default=spec.default,
                            help=f"{spec.text} (default: {spec.default})")


def run(args: argparse.Namespace) -> int:
    """Train. Returns 0."""
    import torch

    from automot_ros.base.quantity import build, describe
    from automot_ros.training.recipe import NanoMaker
    from automot_ros.training.settings import NanoRecipe

    recipe = build(NanoRecipe, {spec.name: getattr(args, spec.name) for spec in describe(NanoRecipe)})
    torch.set_num_threads(args.threads)
    NanoMaker(recipe, args.work, args.out, lambda line: print(line, flush=True)).make()
    return 0
