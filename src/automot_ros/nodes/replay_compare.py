"""Two messages field by field: where they differ, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automot_ros.base.errors import AutomotError
from automot_ros.context.codec import decode
from automot_ros.msg import AttentionContext
from automot_ros.nodes.convert_plan import context_from_msg

# Times of computing are of the machine, not of the drive; the epoch is new at each start.
IGNORED = frozenset({"compute_s", "action_compute_s", "refiner_compute_s", "epoch", "context_epoch"})
# Where a payload lies. Its numbers are compared after decoding, as `keys` and `values`.
PLACE = frozenset({"segment", "slot", "generation", "size", "payload", "checksum"})
TOLERANCE = 1e-4
LATENT_TOLERANCE = 1e-3
LATENTS = ("bev_tokens", "decision_latents", "keys", "values")
HALF_STEP = {"float32": 0.0, "bfloat16": 2.0**-7, "int8": 1.0 / 63.0}  # of the largest number: a rounding that flips


def differences(a: Any, b: Any, path: str = "") -> dict[str, float]:
    """Field to difference, for each that differs; lists under one name `[]` with the largest. Infinite where no
    number says how much: texts, lengths, codes.
    """
    found: dict[str, float] = {}
    if hasattr(a, "get_fields_and_field_types"):
        skipped = IGNORED | (PLACE if isinstance(a, AttentionContext) else frozenset())
        for name in a.get_fields_and_field_types():
            if name not in skipped:
                _keep(found, differences(getattr(a, name), getattr(b, name), f"{path}.{name}" if path else name))
        if isinstance(a, AttentionContext):
            _keep(found, _numbers(a, b))
    elif isinstance(a, list | tuple) and a and hasattr(a[0], "get_fields_and_field_types"):
        if len(a) != len(b):
            return {f"{path}[]": math.inf}
        for one, other in zip(a, b, strict=True):
            _keep(found, differences(one, other, f"{path}[]"))
    elif isinstance(a, str | bytes | bool) or (isinstance(a, list | tuple) and a and isinstance(a[0], str)):
        _keep(found, {path: 0.0 if a == b else math.inf})
    else:
        _keep(found, {path: _distance(a, b)})
    return found


def _numbers(a: AttentionContext, b: AttentionContext) -> dict[str, float]:
    """Of the two payloads. Beyond what rounding to the format explains."""
    try:
        one, other = (decode(record, record.payload) for record in map(context_from_msg, (a, b))
                      if record.payload is not None)
    except (AutomotError, ValueError):
        return {"payload": math.inf}
    slack = HALF_STEP[a.dtype]
    return {name: max(0.0, _distance(x, y) - slack * float(np.abs(x).max())) for name, x, y in (
        ("keys", one.keys_LGTH, other.keys_LGTH), ("values", one.values_LGTV, other.values_LGTV))}


def _distance(a: Any, b: Any) -> float:
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape:
        return math.inf
    if not x.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, np.abs(x - y))
    return math.inf if np.isnan(apart).any() else float(apart.max())


def _keep(found: dict[str, float], more: Mapping[str, float]) -> None:
    for name, value in more.items():
        if value > 0.0:
            found[name] = max(found.get(name, 0.0), value)


def tolerance_of(name: str) -> float:
    """How far a field may be off."""
    return LATENT_TOLERANCE if name.split(".")[0] in LATENTS else TOLERANCE


@dataclass(slots=True)
class Comparison:
    """All messages of one topic. `worst`: field to largest difference; `bad`: stamps that are out of tolerance."""

    compared: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    bad: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    extra: list[int] = field(default_factory=list)

    def add(self, stamp_ns: int, recorded: Any, made: Any) -> None:
        """Compare two messages of a stamp."""
        found = differences(recorded, made)
        self.compared += 1
        _keep(self.worst, found)
        if any(value > tolerance_of(name) for name, value in found.items()):
            self.bad.append(stamp_ns)

    @property
    def good(self) -> bool:
        """Whether all that was recorded was made again."""
        return not (self.bad or self.missing or self.extra)
