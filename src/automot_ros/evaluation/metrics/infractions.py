"""Infractions under CARLA's names and in CARLA's words.

Source: PENALTY_NAME_DICT of the leaderboard's statistics_manager.py and the messages of atomic_criteria.py (MIT).
Places are those of the map frame (metres, y north), not CARLA's left-handed ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from automot_ros.simulation.events import Event, EventKind
from automot_ros.simulation.world import START_NS

NAMES: dict[EventKind, str] = {
    EventKind.COLLISION_WALKER: "collisions_pedestrian",
    EventKind.COLLISION_VEHICLE: "collisions_vehicle",
    EventKind.COLLISION_STATIC: "collisions_layout",
    EventKind.RED_LIGHT: "red_light",
    EventKind.STOP_SIGN: "stop_infraction",
    EventKind.SCENARIO_TIMEOUT: "scenario_timeouts",
    EventKind.YIELD_EMERGENCY: "yield_emergency_vehicle_infractions",
}
"""Names of what the world notes."""

OUTSIDE_LANES, DEVIATION, BLOCKED, TIMEOUT = "outside_route_lanes", "route_dev", "vehicle_blocked", "route_timeout"
ALL_NAMES = (*NAMES.values(), OUTSIDE_LANES, DEVIATION, BLOCKED, TIMEOUT)
"""Every infraction that costs success; the minimum speed is none of them in Bench2Drive."""

_COLLIDED = {EventKind.COLLISION_WALKER: "walker", EventKind.COLLISION_VEHICLE: "vehicle",
             EventKind.COLLISION_STATIC: "static"}


@dataclass(frozen=True, slots=True)
class Infraction:
    """One infraction. kind: CARLA's name; time_s: since the drive began; other_id: body or signal, None without."""

    kind: str
    time_s: float
    x_m: float
    y_m: float
    other_id: int | None
    text: str


def at_place(x_m: float, y_m: float) -> str:
    """A place in CARLA's words."""
    return f"at (x={round(x_m, 3)}, y={round(y_m, 3)})"


def infraction_of(event: Event) -> Infraction:
    """What the world noted, as an infraction."""
    (x, y), kind = event.xy, event.kind
    other: int | None = event.other_id
    if kind in _COLLIDED:
        text = f"Agent collided against object with type={_COLLIDED[kind]} and id={event.other_id} {at_place(x, y)}"
    elif kind is EventKind.RED_LIGHT:
        text = f"Agent ran a red light {event.other_id} {at_place(x, y)}"
    elif kind is EventKind.STOP_SIGN:
        text = f"Agent ran a stop with id={event.other_id} {at_place(x, y)}"
    elif kind is EventKind.SCENARIO_TIMEOUT:
        text, other = "Agent timed out a scenario", None
    else:
        text = "Agent failed to yield to an emergency vehicle"
    return Infraction(NAMES[kind], round((event.stamp_ns - START_NS) / 1e9, 3), round(x, 3), round(y, 3), other, text)


def counts_of(infractions: Iterable[Infraction]) -> dict[str, int]:
    """How many of each name, all names present."""
    counts = dict.fromkeys(ALL_NAMES, 0)
    for infraction in infractions:
        counts[infraction.kind] += 1
    return counts
