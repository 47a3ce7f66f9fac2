"""Whether the words of a model name the hazard in time, against what the privileged expert answers to.

Four times a second the expert says, from what can be seen from the car, what it would answer to. A kind of hazard that
it names begins an encounter, which lasts until it has not named that kind for two seconds; what it names only once was
none. The model named the hazard from the look at which the newest report that was out had the kind as its hazard, or
gave a reason that the expert gave in this encounter. That was in time within a second of the expert's first word, or
before the car reacted: before it first braked with more than 1 m/s2 or was more than half a metre off its route. Where
the car never reacts, any word of the encounter is in time. `agreed` counts looks at which both named the same kind,
or both none: a model that cries wolf names every hazard, and seldom agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automot_ros.scene.report import Report

LOOK_S = 0.25
OVER_AFTER_S = 2.0
IN_TIME_S = 1.0
REACTS_MPS2, REACTS_M = 1.0, 0.5
LEAST_LOOKS = 2
_NONE = "none"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Look:
    """One instant. said: the newest report that was out by then, None for none; aside_m: from the route."""

    time_s: float
    expert: Report
    said: Report | None
    speed_mps: float
    aside_m: float


@dataclass(slots=True)
class Encounter:
    """A hazard as it was met; times in seconds from the start of the drive, None for never."""

    hazard: str
    first_s: float
    last_s: float
    looks: int = 0
    reasons: set[str] = field(default_factory=set)
    named_s: float | None = None
    reacted_s: float | None = None

    @property
    def in_time(self) -> bool:
        """Whether the hazard was named in time."""
        if self.named_s is None:
            return False
        return (self.named_s <= self.first_s + IN_TIME_S or self.reacted_s is None or self.named_s <= self.reacted_s)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"hazard": self.hazard, "reasons": sorted(self.reasons), "at_s": self.first_s, "named_s": self.named_s,
                "reacted_s": self.reacted_s, "in_time": self.in_time}


class HazardNaming:
    """`observe` each look of one drive, then `as_json`."""

    def __init__(self) -> None:
        self._met: list[Encounter] = []
        self._open: dict[str, Encounter] = {}
        self._last: Look | None = None
        self._looks = self._agreed = 0

    def observe(self, look: Look) -> None:
        """Take the next look."""
        self._looks += 1
        self._agreed += look.said is not None and look.said.hazard == look.expert.hazard
        self._open = {kind: e for kind, e in self._open.items() if look.time_s - e.last_s <= OVER_AFTER_S}
        if look.expert.hazard != _NONE:
            self._meet(look)
        braked = self._last is not None and (
            self._last.speed_mps - look.speed_mps > REACTS_MPS2 * (look.time_s - self._last.time_s))
        reacts = braked or abs(look.aside_m) > REACTS_M
        for encounter in self._open.values():
            if reacts and encounter.reacted_s is None and look.time_s > encounter.first_s:
                encounter.reacted_s = look.time_s
            if encounter.named_s is None and _names(look.said, encounter):
                encounter.named_s = look.time_s
        self._last = look

    def as_json(self) -> dict[str, Any]:
        """looks, agreed, and every encounter of the drive in order."""
        return {"looks": self._looks, "agreed": self._agreed,
                "encounters": [e.as_json() for e in self._met if e.looks >= LEAST_LOOKS]}

    def _meet(self, look: Look) -> None:
        kind = look.expert.hazard
        if kind not in self._open:
            self._open[kind] = Encounter(kind, look.time_s, look.time_s)
            self._met.append(self._open[kind])
        encounter = self._open[kind]
        encounter.last_s = look.time_s
        encounter.looks += 1
        encounter.reasons.add(look.expert.reason)


def _names(said: Report | None, encounter: Encounter) -> bool:
    return said is not None and (said.hazard == encounter.hazard or said.reason in encounter.reasons)


def naming_summary(routes: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Of many routes' `hazards`: share (0..1) named in time, median delay of the first word in seconds, agreement
    (0..1), shares by scenario class and by hazard. None where no model drove; shares are None without an encounter.
    """
    known = [route for route in routes if route.get("hazards") is not None]
    if not known:
        return None
    met = [(str(route["scenario"]), e) for route in known for e in route["hazards"]["encounters"]]
    delays = [e["named_s"] - e["at_s"] for _, e in met if e["named_s"] is not None]
    looks = sum(route["hazards"]["looks"] for route in known)
    return {
        **_share([e for _, e in met]),
        "delay_s": round(float(np.median(delays)), _DIGITS) if delays else None,
        "agreement": round(sum(route["hazards"]["agreed"] for route in known) / looks, _DIGITS) if looks else None,
        "by_scenario": {kind: _share([e for k, e in met if k == kind])
                        for kind in sorted({str(route["scenario"]) for route in known})},
        "by_hazard": {kind: _share([e for _, e in met if e["hazard"] == kind])
                      for kind in sorted({e["hazard"] for _, e in met})},
    }


def _share(met: Sequence[dict[str, Any]]) -> dict[str, Any]:
    named = sum(e["in_time"] for e in met)
    return {"share": round(named / len(met), _DIGITS) if met else None, "encounters": len(met)}
