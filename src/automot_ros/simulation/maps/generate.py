"""The generated maps by kind and seed."""

from __future__ import annotations

from collections.abc import Callable

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps.arterial import arterial
from automot_ros.simulation.maps.highway import highway
from automot_ros.simulation.maps.rural import rural
from automot_ros.simulation.maps.town import town

_MAKERS: dict[str, Callable[[int], str]] = {"town": town, "rural": rural, "arterial": arterial,
                                           "highway": highway}
MAP_KINDS = ("town", "rural", "arterial")  # those of plain tasks, by seed
SCENARIO_MAP_KINDS = tuple(_MAKERS)


def generated_xodr(kind: str, seed: int) -> str:
    """OpenDRIVE text of a generated map; the same kind and seed give the same bytes. MapError for another kind."""
    if kind not in _MAKERS:
        raise MapError("unknown kind of map", got=kind, wanted=" | ".join(_MAKERS))
    return _MAKERS[kind](seed)
