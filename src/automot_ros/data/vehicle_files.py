"""Descriptions of vehicles and of their sensors: YAML files of config/vehicles and config/rigs, or of the user's.

Every key has a unit in its name, a type and bounds. What is missing, unknown or out of bounds is refused with the file,
the key, what was found and what is wanted: nobody's car is a bit of ours by default.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from automot_ros.base.errors import ConfigError, MachineError
from automot_ros.base.places import shipped
from automot_ros.base.quantity import ParameterSpec, choice, describe, quantity
from automot_ros.scene.sensing import CameraModel, Lens, LidarModel, Rig
from automot_ros.vehicle.specification import VehicleSpec

LARGEST_BYTES = 1 << 20
MOST_CAMERAS = 16
_COEFFICIENTS = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")  # zero where they are left out


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Name of a sensor, frame id of its messages, and where it sits; from the middle of the body on the ground."""

    name: str = choice("", (), "Name of the sensor.")
    frame: str = choice("", (), "Frame id of its messages, empty for any.")
    x_m: float = quantity(0.0, "m", "Forward.", low=-20.0, high=20.0)
    y_m: float = quantity(0.0, "m", "To the left.", low=-5.0, high=5.0)
    z_m: float = quantity(0.0, "m", "Above the ground.", low=0.0, high=6.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """How a LiDAR is turned."""

    roll_rad: float = quantity(0.0, "rad", "Left side up is positive.", low=-3.2, high=3.2)
    pitch_rad: float = quantity(0.0, "rad", "Up is positive.", low=-1.6, high=1.6)
    yaw_rad: float = quantity(0.0, "rad", "To the left is positive.", low=-3.2, high=3.2)


def read_vehicle(name: str) -> VehicleSpec:
    """The vehicle of a shipped file (`carla_lincoln_mkz`) or of a path."""
    path = described(name, "vehicles")
    return VehicleSpec(**_values(_mapping(_loaded(path), str(path)), describe(VehicleSpec), str(path)))


def read_rig(name: str) -> Rig:
    """The sensors of a shipped file (`embedded`) or of a path."""
    path = described(name, "rigs")
    where = str(path)
    content = _mapping(_loaded(path), where)
    _names(content, ("cameras", "lidar"), where)
    cameras = content["cameras"]
    if not isinstance(cameras, list) or not 1 <= len(cameras) <= MOST_CAMERAS:
        raise ConfigError("no list of cameras", where=f"{where}: cameras", got=_short(cameras),
                          wanted=f"1..{MOST_CAMERAS} cameras, the one that looks ahead first")
    read = tuple(_camera(camera, f"{where}: cameras[{n}]") for n, camera in enumerate(cameras))
    if len({camera.name for camera in read}) < len(read):
        raise ConfigError("two cameras of one name", where=f"{where}: cameras", got=[c.name for c in read])
    return Rig(read, _lidar(content["lidar"], f"{where}: lidar"))


def described(name: str, kind: str) -> Path:
    """The file of a path, or of a name in config/`kind`. ConfigError lists the names that there are."""
    given = Path(name)
    if given.suffix in (".yaml", ".yml") or len(given.parts) != 1:
        if given.is_file():
            return given
        raise ConfigError("no such file", where=kind, got=name, wanted="a YAML file")
    try:
        folder = shipped(f"config/{kind}")
    except MachineError as error:
        raise ConfigError("no shipped descriptions", where=kind, got=name, wanted=str(error)) from error
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError(f"no description of that name{_nearest(name, known)}", where=f"config/{kind}", got=name,
                          wanted=f"one of {known}, or the path of a YAML file")
    return folder / f"{name}.yaml"


def _loaded(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError("file is too large", where=str(path), got=f"{path.stat().st_size} bytes",
                              wanted=f"<= {LARGEST_BYTES}")
        return yaml.safe_load(path.read_text("utf-8"))
    except ConfigError:
        raise
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:  # ValueError: a month 99, a page of digits
        raise ConfigError("file cannot be read", where=str(path), got=" ".join(str(error).split())[:300],
                          wanted="YAML") from error


def _camera(entry: Any, where: str) -> CameraModel:
    specs = [*describe(Place), *describe(Lens)]
    values = _values(_mapping(entry, where), specs, where, optional=_COEFFICIENTS)
    place = Place(**{s.name: values.pop(s.name) for s in describe(Place)})
    try:
        lens = Lens(**values)
    except ConfigError as error:
        raise ConfigError(str(error), where=where) from error
    seen = CameraModel(name=_named(place, where), position_ego_m=(place.x_m, place.y_m, place.z_m), frame=place.frame)
    return seen if lens == Lens() else replace(seen, lens=lens)


def _lidar(entry: Any, where: str) -> LidarModel:
    values = _values(_mapping(entry, where), [*describe(Place), *describe(Turned)], where)
    place = Place(**{s.name: values.pop(s.name) for s in describe(Place)})
    return LidarModel(name=_named(place, where), position_ego_m=(place.x_m, place.y_m, place.z_m), frame=place.frame,
                      **values)


def _named(place: Place, where: str) -> str:
    if not place.name:
        raise ConfigError("sensor without a name", where=f"{where}.name", got="''", wanted="a name")
    return place.name


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError("not a table of keys", where=where, got=_short(value), wanted="key: value")
    return value


def _names(entry: Mapping[Any, Any], wanted: Iterable[str], where: str, optional: Iterable[str] = ()) -> None:
    """Refuse keys that are unknown or missing."""
    needed = list(wanted)
    known = [*needed, *optional]
    for key in entry:
        if key not in known:
            raise ConfigError(f"unknown key{_nearest(str(key), known)}", where=where, got=_short(key),
                              wanted=f"one of {known}")
    missing = [key for key in needed if key not in entry]
    if missing:
        raise ConfigError("key missing", where=where, got=f"nothing for {missing[0]}", wanted=f"{missing}")


def _values(entry: Mapping[Any, Any], specs: Iterable[ParameterSpec], where: str,
            optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of an entry, of the types and within the bounds of `specs`."""
    by_name = {spec.name: spec for spec in specs}
    _names(entry, [name for name in by_name if name not in optional], where, optional)
    return {key: _value(by_name[key], value, f"{where}: {key}") for key, value in entry.items()}


def _value(spec: ParameterSpec, value: Any, where: str) -> Any:
    if spec.kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53:
        value = float(value)
    fits: bool = isinstance(value, spec.kind) and (spec.kind is bool or not isinstance(value, bool))
    if not fits:
        raise ConfigError("value of another type", where=where, got=f"{_short(value)} ({type(value).__name__})",
                          wanted=f"{spec.kind.__name__} {spec.unit}".strip())
    if spec.options and value not in spec.options:
        raise ConfigError(f"unknown option{_nearest(value, spec.options)}", where=where, got=_short(value),
                          wanted=" | ".join(spec.options))
    low, high = spec.low, spec.high
    if low is not None and high is not None and not (math.isfinite(value) and low <= value <= high):
        raise ConfigError("out of bounds", where=where, got=f"{value} {spec.unit}".strip(), wanted=f"{low:g}..{high:g}")
    return value


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _short(value: Any) -> str:
    return repr(value)[:100]
