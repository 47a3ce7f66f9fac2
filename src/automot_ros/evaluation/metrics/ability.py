"""The five abilities of Bench2Drive: share of successful routes in each group of scenario classes, and their mean.

Source: tools/ability_benchmark.py. Traffic signs are special: there a route that failed still counts as passed when it
came more than eight metres beyond the start of its first junction without breaking a red light or a stop sign. Two
departures: a group without routes is None and left out of the mean (the tool divides by zero), and a route that
crashed counts as failed (the tool leaves it out).
The class names are those of scenario_runner (`HardBreakRoute` and `MergerIntoSlowTraffic` are spelled so there). Before
October 2024 the tool had two of them wrong (VehicleOpenDoorTwoWays, MergeIntoSlowTraffic), so that these routes were in
no group; that is not repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ABILITIES: dict[str, frozenset[str]] = {
    "Overtaking": frozenset({
        "Accident", "AccidentTwoWays", "ConstructionObstacle", "ConstructionObstacleTwoWays", "HazardAtSideLane",
        "HazardAtSideLaneTwoWays", "ParkedObstacle", "ParkedObstacleTwoWays", "VehicleOpensDoorTwoWays"}),
    "Merging": frozenset({
        "CrossingBicycleFlow", "EnterActorFlow", "HighwayExit", "InterurbanActorFlow", "HighwayCutIn",
        "InterurbanAdvancedActorFlow", "MergerIntoSlowTraffic", "MergerIntoSlowTrafficV2",
        "NonSignalizedJunctionLeftTurn", "NonSignalizedJunctionRightTurn", "NonSignalizedJunctionLeftTurnEnterFlow",
        "ParkingExit", "SequentialLaneChange", "SignalizedJunctionLeftTurn", "SignalizedJunctionRightTurn",
        "SignalizedJunctionLeftTurnEnterFlow"}),
    "Emergency_Brake": frozenset({
        "BlockedIntersection", "DynamicObjectCrossing", "HardBreakRoute", "OppositeVehicleTakingPriority",
        "OppositeVehicleRunningRedLight", "ParkingCutIn", "PedestrianCrossing", "ParkingCrossingPedestrian",
        "StaticCutIn", "VehicleTurningRoute", "VehicleTurningRoutePedestrian", "ControlLoss"}),
    "Give_Way": frozenset({"InvadingTurn", "YieldToEmergencyVehicle"}),
    "Traffic_Signs": frozenset({
        "BlockedIntersection", "OppositeVehicleTakingPriority", "OppositeVehicleRunningRedLight", "PedestrianCrossing",
        "VehicleTurningRoute", "VehicleTurningRoutePedestrian", "EnterActorFlow", "CrossingBicycleFlow",
        "NonSignalizedJunctionLeftTurn", "NonSignalizedJunctionRightTurn", "NonSignalizedJunctionLeftTurnEnterFlow",
        "SignalizedJunctionLeftTurn", "SignalizedJunctionRightTurn", "SignalizedJunctionLeftTurnEnterFlow",
        "T_Junction", "VanillaNonSignalizedTurn", "VanillaSignalizedTurnEncounterGreenLight",
        "VanillaSignalizedTurnEncounterRedLight", "VanillaNonSignalizedTurnEncounterStopsign"}),
}
BEYOND_JUNCTION_POINTS = 8


def junction_completion(first_junction_point: int, points: int) -> float:
    """Share (0..1) of the route at which its first junction counts as passed.

    first_junction_point: index of the first route point inside a junction; points: how many the route has, 1 m apart.
    """
    return (first_junction_point + 1 + BEYOND_JUNCTION_POINTS) / points


def obeyed_signs(route: Mapping[str, Any]) -> bool:
    """Whether a route passed its first junction and broke no light and no stop sign. False where it has no junction."""
    junction, counts = route["junction_completion"], route["infractions"]
    return (junction is not None and route["route_completion"] / 100.0 > junction
            and counts["stop_infraction"] == 0 and counts["red_light"] == 0)


def ability(routes: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Share (0..1) per ability and `mean`.

    Reads scenario, success, route_completion, junction_completion and infractions of each route.
    """
    shares: dict[str, float | None] = {}
    for name, kinds in ABILITIES.items():
        group = [route for route in routes if route["scenario"] in kinds]
        passed = sum(bool(route["success"]) or (name == "Traffic_Signs" and obeyed_signs(route)) for route in group)
        shares[name] = passed / len(group) if group else None
    return _with_mean(shares)


def ability_as_published(routes: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The same by the tool of versions before 0.0.4, which most published tables were made with.

    There every Traffic_Signs route was entered twice: once by its success, once by having obeyed the signs.
    """
    shares = ability(routes)
    group = [route for route in routes if route["scenario"] in ABILITIES["Traffic_Signs"]]
    if group:
        passed = sum(bool(route["success"]) + obeyed_signs(route) for route in group)
        shares["Traffic_Signs"] = passed / (2 * len(group))
    del shares["mean"]
    return _with_mean(shares)


def _with_mean(shares: dict[str, float | None]) -> dict[str, float | None]:
    known = [share for share in shares.values() if share is not None]
    return {**shares, "mean": sum(known) / len(known) if known else None}
