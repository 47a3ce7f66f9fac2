"""`automot prepare`: bags (ours, CARLA's, a car's) become training samples."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

HELP = "turn bags into training samples and print what moments they hold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command, one for each topic among them."""
    from automot_ros.data.episode import Topics

    parser.add_argument("bags", type=Path, help="folder of bags")
    parser.add_argument("--out", type=Path, default=Path("runs/samples"), help="folder; the same folder resumes")
    parser.add_argument("--workers", type=int, default=2, help="bags at once on this machine")
    parser.add_argument("--ray", default=None, help="address of a Ray cluster to work on instead")
    for topic in fields(Topics):
        parser.add_argument(f"--{topic.name}-topic", default=topic.default, help=f"(default: {topic.default})")


def run(args: argparse.Namespace) -> int:
    """Prepare and print the table of moments. Returns 0."""
    from automot_ros.data.episode import Topics
    from automot_ros.evaluation.pool import Runner
    from automot_ros.training.critical import table
    from automot_ros.training.prepare import prepare
    from automot_ros.training.samples import read_samples

    topics = Topics(**{topic.name: getattr(args, f"{topic.name}_topic") for topic in fields(Topics)})
    prepare(args.bags, args.out, Runner(args.workers, args.ray), lambda line: print(line, flush=True), topics)
    samples = read_samples([args.out])
    print(f"{len(samples)} samples of {len(samples.names)} drives in {args.out}\n{table(samples.labels)}")
    return 0
