"""`automot bench released`: contexts and fast steps at the released size, random weights."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import run_header, write_json

RATIO = 7.6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--variant", choices=("released", "nano", "debug"), default="released", help="the size")
    parser.add_argument("--device", default="cpu", help="cpu (default), or cuda")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of PyTorch (default: all cores)")
    parser.add_argument("--contexts", type=int, default=3, help="how many contexts are computed")
    parser.add_argument("--steps", type=int, default=10, help="how many fast steps are computed")
    parser.add_argument("--out", type=Path, default=Path("runs/bench_released"), help="folder for result.json")
    parser.add_argument("--page", type=Path, help="also write the section of docs/performance.md")


def run(args: argparse.Namespace) -> int:
    """Measure, print, write result.json. 1 when the released size misses the ratio."""
    if not (1 <= args.threads <= 1024 and 1 <= args.contexts <= 1000 and 1 <= args.steps <= 10_000):
        raise ConfigError("out of bounds", where="--threads, --contexts, --steps",
                          got=(args.threads, args.contexts, args.steps), wanted="1..1024, 1..1000, 1..10000")
    from automot_ros.evaluation.performance import Load, put_section
    from automot_ros.evaluation.released_bench import measure
    from automot_ros.model.variants import variant

    load = Load()
    found = measure(variant(args.variant), args.device, args.threads, args.contexts, args.steps,
                    lambda line: print(line, flush=True))
    missed = [f"ratio {found['ratio']:.1f} < {RATIO}"] if args.variant == "released" and found["ratio"] < RATIO else []
    result = {**run_header(), "bench": "released", "load": load.as_json(), "variant": args.variant, **found,
              "missed": missed}
    write_json(args.out / "result.json", result)
    print(f"context {found['prefill_p50_s']:.3f} s ({found['tokens']} tokens), fast step {found['step_p50_s']:.3f} s "
          f"(of these BEV encoder {found['bev_encoder_p50_s']:.3f} s), synchronous / fast {found['ratio']:.2f}")
    if args.page is not None:
        put_section(args.page, "released", result, page_of(result))
    for line in missed:
        print(f"missed: {line}")
    print(f"written: {args.out / 'result.json'}")
    return 1 if missed else 0


def page_of(result: dict[str, Any]) -> str:
    """The section of docs/performance.md."""
    from automot_ros.evaluation.performance import table

    body = table([result], {
        "size": "variant", "parameters, G": lambda r: f"{r['parameters'] / 1e9:.2f}", "weights GB": "weights_gb .1f",
        "device": "device", "threads": "threads", "context tokens": "tokens", "context s": "prefill_p50_s .3f",
        "fast step s": "step_p50_s .3f", "BEV encoder s": "bev_encoder_p50_s .3f",
        "synchronous step s": "synchronous_s .3f", "synchronous / fast": "ratio .2f"})
    return body + "\n" + ("".join(f"- missed: {line}\n" for line in result["missed"]) or "No target missed.\n")
