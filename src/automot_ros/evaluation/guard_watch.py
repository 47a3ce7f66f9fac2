"""How often the guard intervenes in a drive: the ticks at which it changed what the policy wanted, by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from automot_ros.driving.schedule import Telemetry
from automot_ros.scene.plan import GuardReason
from automot_ros.simulation.world import World

NOT_COUNTED = (GuardReason.NONE, GuardReason.NO_INPUT_YET, GuardReason.PLAN_STOP)
"""The plan's own stop is none of the guard's; a drive begins with waiting."""


class GuardWatch:
    """Called after every tick of one drive."""

    def __init__(self) -> None:
        self._ticks, self._reasons = 0, Counter[str]()

    def __call__(self, world: World, telemetry: Telemetry) -> None:
        """Count the tick."""
        self._ticks += 1
        if telemetry.guard.reason not in NOT_COUNTED:
            self._reasons[telemetry.guard.reason.name] += 1

    def as_json(self) -> dict[str, Any]:
        """{ticks, by_reason}: all ticks, and those of interventions."""
        return {"ticks": self._ticks, "by_reason": dict(sorted(self._reasons.items()))}


def intervention_summary(records: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Over routes: share of ticks at which the guard intervened (0..1), by reason and in all; None without a guard."""
    ticks, reasons = 0, Counter[str]()
    for record in records:
        if record is not None:
            ticks += record["ticks"]
            reasons.update(record["by_reason"])
    if not ticks:
        return None
    return {"ticks": ticks, "share": sum(reasons.values()) / ticks,
            "by_reason": {name: n / ticks for name, n in sorted(reasons.items())}}
