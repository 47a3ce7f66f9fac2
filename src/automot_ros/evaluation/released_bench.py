"""How long the model takes at a size, with random weights: a context, a fast step, and what a synchronous step would.

Only shapes matter for that. The weights are bfloat16, on the CPU or on a GPU; large ones are one drawn tile, repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from automot_ros.base.errors import MachineError
from automot_ros.model.action import ActionBatch, ActionExpert
from automot_ros.model.understanding import Understanding
from automot_ros.model.variants import Variant

TILE = 1 << 20
SPARE_BYTES = 1_500_000_000
MEMORY_INFO = Path("/proc/meminfo")
PREFIX_TOKENS, INSTRUCTION_TOKENS, TEXT_ID = 16, 90, 10


class _Tiled(TorchFunctionMode):
    """Random fillings of large tensors draw one tile and repeat it: minutes become seconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_) and args[0].numel() > TILE and args[0].device.type != (
                "meta"):
            flat = args[0].view(-1)
            tile = func(flat[:TILE].clone(), *args[1:], **(kwargs or {}))
            for at in range(0, len(flat), TILE):
                flat[at : at + TILE] = tile[: len(flat) - at]
            return args[0]
        return func(*args, **(kwargs or {}))


def parameters_of(variant: Variant) -> int:
    """How many numbers the two experts have."""
    with torch.device("meta"):
        parts = [Understanding(variant), ActionExpert(variant)]
    return sum(p.numel() for part in parts for p in part.parameters())


def check_memory(wanted_bytes: int, available_bytes: int | None) -> None:
    """MachineError when a machine has too little; what cannot be found out is not refused."""
    if available_bytes is not None and available_bytes < wanted_bytes:
        raise MachineError("too little memory for this size", got=f"{available_bytes / 1e9:.1f} GB available",
                           wanted=f"{wanted_bytes / 1e9:.1f} GB (close other programs, or --variant nano)")


def available_bytes(device: str) -> int | None:
    """Memory that can be taken without swapping; None where the system does not tell."""
    if device != "cpu":
        return int(torch.cuda.mem_get_info(device)[0])
    if not MEMORY_INFO.is_file():
        return None
    found = [line.split()[1] for line in MEMORY_INFO.read_text().splitlines() if line.startswith("MemAvailable:")]
    return 1024 * int(found[0]) if found else None


def measure(variant: Variant, device: str, threads: int, contexts: int, steps: int,
            say: Callable[[str], None]) -> dict[str, Any]:
    """Times of contexts and steps. MachineError before anything is built when the memory is too small."""
    if device != "cpu" and not torch.cuda.is_available():
        raise MachineError("no GPU that PyTorch can use", got=f"--device {device}", wanted="--device cpu")
    numbers = parameters_of(variant)
    wanted = 2 * numbers + SPARE_BYTES
    say(f"{variant.name}: {numbers / 1e9:.2f} G parameters, {2 * numbers / 1e9:.1f} GB of weights")
    check_memory(wanted, available_bytes(device))
    torch.set_num_threads(threads)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with _Tiled():
            begin = time.perf_counter()
            understanding = Understanding(variant).eval().to(device)
            action = ActionExpert(variant).eval().to(device)
        say(f"built in {time.perf_counter() - begin:.0f} s")
        with torch.inference_mode(), torch.autocast(device.partition(":")[0], torch.bfloat16):
            return {"parameters": numbers, "weights_gb": 2 * numbers / 1e9, "threads": threads, "device": device,
                    **_times(variant, understanding, action, device, contexts, steps, say)}
    finally:
        torch.set_default_dtype(before)


def _times(variant: Variant, understanding: Understanding, action: ActionExpert, device: str, contexts: int,
           steps: int, say: Callable[[str], None]) -> dict[str, Any]:
    frames, prompt = _frames(variant, device), prompt_of(variant).to(device)
    nothing = torch.zeros(1, 0, dtype=torch.long, device=device)
    prefill_s = []
    for n in range(contexts):
        prefill_s.append(_timed(lambda: understanding.context(frames, prompt, nothing), device))
        say(f"context {n + 1}/{contexts}: {prefill_s[-1]:.2f} s")
    context = understanding.context(frames, prompt, nothing)
    tokens = prompt.shape[1]
    buffer = action.buffer(tokens)
    buffer.load(torch.stack([k[0] for k in context.keys]), torch.stack([v[0] for v in context.values]),
                int(context.next_position_B[0]))
    batch = _batch(variant, device)
    action.step(batch, buffer)
    step_s = [_timed(lambda: action.step(batch, buffer), device) for _ in range(steps)]
    encoder_s = [_timed(lambda: action.bev_encoder(batch.images, batch.bev_BCXY), device) for _ in range(steps)]
    prefill, step = float(np.median(prefill_s)), float(np.median(step_s))
    return {"tokens": tokens, "prefill_s": prefill_s, "step_s": step_s, "prefill_p50_s": prefill, "step_p50_s": step,
            "bev_encoder_p50_s": float(np.median(encoder_s)), "synchronous_s": prefill + step,
            "ratio": (prefill + step) / step}


def prompt_of(variant: Variant) -> Tensor:
    """(1, P) ids: some text, the frames oldest first, some text; as long as the released prompt."""
    size = variant.understanding
    ids = [TEXT_ID] * PREFIX_TOKENS
    for tokens in size.frame_tokens:
        ids += [size.vision_start_id, *[size.image_id] * tokens, size.vision_end_id]
    return torch.tensor([ids + [TEXT_ID] * INSTRUCTION_TOKENS])


def _frames(variant: Variant, device: str) -> list[Tensor]:
    return [torch.randint(0, 256, (1, count, height, width, 3), dtype=torch.uint8, device=device)
            for count, height, width in variant.understanding.frame_shapes]


def _batch(variant: Variant, device: str) -> ActionBatch:
    size = variant.action
    images = tuple(torch.randint(0, 256, (1, *shape, 3), dtype=torch.uint8, device=device)
                   for shape in size.image_shapes)
    bev = torch.zeros(1, size.bev_channels, *size.bev_shape, dtype=torch.uint8, device=device)
    return ActionBatch(images, bev, torch.tensor([[[8.0, 0.0], [20.0, 1.0]]], device=device),
                       torch.tensor([[5.0, 0.25, 1.0, 0.0, 0.0]], device=device))


def _timed(work: Callable[[], Any], device: str) -> float:
    begin = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begin
