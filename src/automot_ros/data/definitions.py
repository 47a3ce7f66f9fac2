"""Message definitions without a ROS 2 installation: those of rosbags for Kilted, and the .msg files of packages around.

A bag carries the definition of every type in it, so this is needed to write bags, not to read them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from automot_ros.base.errors import MessageError

OWN_PACKAGES = ("automot_ros", "carla_msgs", "derived_object_msgs", "ackermann_msgs")
CHECKOUT = Path(__file__).resolve().parents[3]


def message_folders(package: str) -> list[Path]:
    """Folders that may hold `<Name>.msg` of a package: ament prefixes, this environment, this checkout."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    shares = [p / "share" / package for p in (*prefixes, Path(sys.prefix))]
    checkout = CHECKOUT if package == "automot_ros" else CHECKOUT / "interfaces" / package
    return [folder / "msg" for folder in (*shares, checkout) if (folder / "msg").is_dir()]


def typestore(packages: Iterable[str] = OWN_PACKAGES) -> Typestore:
    """A new store of rosbags with the standard types of Kilted and all types of `packages` that are found here."""
    store = get_typestore(Stores.ROS2_KILTED)
    _register(store, tuple(packages))
    return store


def ensure_type(store: Typestore, type_name: str) -> None:
    """Make sure that `store` knows `type_name` ("pkg/msg/Name"), reading its package's files if need be.

    Raises MessageError when the type has another form or no definition is found on this machine.
    """
    parts = type_name.split("/")
    if len(parts) != 3 or parts[1] != "msg" or not all(p.isidentifier() for p in parts):
        raise MessageError("not a message type", got=repr(type_name), wanted="package/msg/Name")
    if type_name not in store.fielddefs:
        _register(store, (parts[0],))
    if type_name not in store.fielddefs:
        raise MessageError("no message definition on this machine", where=type_name,
                           wanted=f"share/{parts[0]}/msg/{parts[2]}.msg under AMENT_PREFIX_PATH or {sys.prefix}")
    try:
        store.hash_rihs01(type_name)
    except (TypesysError, KeyError) as error:
        raise MessageError("message definition refers to unknown types", where=type_name, got=str(error)) from error


def _register(store: Typestore, packages: tuple[str, ...]) -> None:
    found: Typesdict = {}
    for package in packages:
        found |= _package_types(package, tuple(str(f) for f in message_folders(package)))
    store.register({name: fields for name, fields in found.items() if name not in store.fielddefs})


@lru_cache(maxsize=64)
def _package_types(package: str, folders: tuple[str, ...]) -> Typesdict:
    types: Typesdict = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.msg")):
            name = f"{package}/msg/{path.stem}"
            if name not in types:
                types |= get_types_from_msg(path.read_text(encoding="utf-8"), name)
    return types
