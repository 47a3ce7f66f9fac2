"""Traffic lights: every signalised junction lets one arm go at a time, in a seeded phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Protocol

import numpy as np

from automot_ros.base.seeds import stream

TICKS_PER_S = 20
GREEN_TICKS = 8 * TICKS_PER_S
YELLOW_TICKS = 2 * TICKS_PER_S
ALL_RED_TICKS = 3 * TICKS_PER_S // 2
_HELD_TICKS = 600
SLOT_TICKS = GREEN_TICKS + YELLOW_TICKS + ALL_RED_TICKS


class LightState(IntEnum):
    """What a light shows; the numbers are those of carla_msgs/CarlaTrafficLightStatus."""

    RED = 0
    YELLOW = 1
    GREEN = 2


_STAGES = (LightState.GREEN, LightState.YELLOW, LightState.RED)
_STAGE_ENDS = (GREEN_TICKS, GREEN_TICKS + YELLOW_TICKS)


class SignalLike(Protocol):
    """What this module reads of a map's signal."""

    @property
    def id(self) -> int:
        """Unique on the map."""

    @property
    def kind(self) -> str:
        """light, stop or yield."""

    @property
    def junction_id(self) -> int:
        """The junction it stands at."""

    @property
    def approach(self) -> int:
        """Number of the arm it rules."""


class Lights:
    """All lights of a map. Call `update(tick)` once a tick; `states` maps signal id to LightState."""

    def __init__(self, signals: Sequence[SignalLike], seed: int) -> None:
        lights = [s for s in signals if s.kind == "light"]
        arms: dict[int, list[int]] = {}
        for junction in sorted({s.junction_id for s in lights}):
            arms[junction] = sorted({s.approach for s in lights if s.junction_id == junction})
        self.ids: tuple[int, ...] = tuple(s.id for s in lights)
        self._slot_N = np.array([arms[s.junction_id].index(s.approach) for s in lights], dtype=np.int64)
        # A lone arm gets an empty partner slot: otherwise it would be green but for an all-red blink.
        self._period_N = np.array([max(2, len(arms[s.junction_id])) * SLOT_TICKS for s in lights], dtype=np.int64)
        phase = {j: int(stream(seed, "lights", j).integers(0, max(2, len(a)) * SLOT_TICKS)) for j, a in arms.items()}
        self._phase_N = np.array([phase[s.junction_id] for s in lights], dtype=np.int64)
        self._index = {signal_id: i for i, signal_id in enumerate(self.ids)}
        self._set_at, self._change_at = 0, 0
        self._held: dict[int, LightState] = {}
        self.states: Mapping[int, LightState] = MappingProxyType({})
        self.update(0)

    def hold(self, states: Mapping[int, LightState]) -> None:
        """From the next update on these lights show what is given, not their clock's; none ends it."""
        self._held = {i: s for i, s in states.items() if i in self._index}
        self._change_at = self._set_at

    def update(self, tick: int) -> None:
        """Set the states that hold at `tick`."""
        if self._set_at <= tick < self._change_at:
            return
        within = (tick + self._phase_N) % self._period_N - self._slot_N * SLOT_TICKS
        within = np.where(within < 0, within + self._period_N, within)
        shown = np.searchsorted(_STAGE_ENDS, within, side="right")
        ends = np.array([*_STAGE_ENDS, 0])[shown]
        left = np.where(shown < len(_STAGE_ENDS), ends, self._period_N) - within
        self._set_at, self._change_at = tick, tick + int(left.min(initial=SLOT_TICKS))
        timed = {i: _STAGES[int(k)] for i, k in zip(self.ids, shown, strict=True)}
        self.states = MappingProxyType({**timed, **self._held})

    def red_ticks_left(self, signal_id: int, tick: int) -> int:
        """Ticks until the light of `signal_id` turns green; 0 while it is green or yellow."""
        if signal_id in self._held:
            return _HELD_TICKS if self._held[signal_id] is LightState.RED else 0
        i = self._index[signal_id]
        within = int((tick + self._phase_N[i]) % self._period_N[i] - self._slot_N[i] * SLOT_TICKS)
        if 0 <= within < GREEN_TICKS + YELLOW_TICKS:
            return 0
        return -within if within < 0 else int(self._period_N[i]) - within
