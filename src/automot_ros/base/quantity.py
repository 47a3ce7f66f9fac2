"""A frozen dataclass as the one source of a parameter: value, unit, bounds and text.

ROS parameters, YAML checks, command-line flags and the tables in docs/ derive from `describe`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from automot_ros.base.errors import ConfigError

_KEY = "automot"
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ParameterSpec:
    """One parameter as read from a config class. `low`/`high` are inclusive, None where unbounded."""

    name: str
    kind: type
    default: Any
    unit: str
    text: str
    low: float | None = None
    high: float | None = None
    options: tuple[str, ...] = ()


def quantity(default: float, unit: str, text: str, *, low: float, high: float) -> Any:
    """A number field with unit and inclusive bounds. An int default makes an integer parameter."""
    return dataclasses.field(default=default, metadata={_KEY: {"unit": unit, "text": text, "low": low, "high": high}})


def choice(default: str, options: tuple[str, ...], text: str) -> Any:
    """A text field that takes one of `options`; with no options, any text."""
    return dataclasses.field(default=default, metadata={_KEY: {"unit": "", "text": text, "options": options}})


def switch(default: bool, text: str) -> Any:
    """A yes/no field."""
    return dataclasses.field(default=default, metadata={_KEY: {"unit": "", "text": text}})


def describe(config: type) -> list[ParameterSpec]:
    """Every parameter of a config class, in the order of its fields."""
    specs = []
    for f in dataclasses.fields(config):
        if _KEY not in f.metadata:
            raise ConfigError("field without unit and text", where=f"{config.__name__}.{f.name}")
        specs.append(ParameterSpec(name=f.name, kind=type(f.default), default=f.default, **f.metadata[_KEY]))
    return specs


def check_bounds(config: Any) -> None:
    """Raise ConfigError for the first field of `config` that is out of its bounds or of another type."""
    for spec in describe(type(config)):
        value = getattr(config, spec.name)
        where = f"{type(config).__name__}.{spec.name}"
        if spec.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, spec.kind) or (spec.kind is int and isinstance(value, bool)):
            raise ConfigError("wrong type", where=where, got=f"{value!r}", wanted=spec.kind.__name__)
        if spec.options and value not in spec.options:
            raise ConfigError("unknown option", where=where, got=f"{value!r}", wanted=" | ".join(spec.options))
        if spec.low is None or spec.high is None:
            continue
        number = float(getattr(config, spec.name))
        if not (math.isfinite(number) and spec.low <= number <= spec.high):
            raise ConfigError(
                "out of bounds", where=where, got=f"{value} {spec.unit}".strip(), wanted=f"{spec.low}..{spec.high}"
            )


def build(config: type[T], values: Mapping[str, Any]) -> T:
    """A config from plain values (YAML, JSON, flags); an unknown name is refused with the known ones."""
    known = [s.name for s in describe(config)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError("unknown parameter", where=config.__name__, got=unknown, wanted=f"one of {known}")
    made = config(**values)
    check_bounds(made)
    return made
