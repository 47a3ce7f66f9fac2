"""Driving scores: route completion times a penalty for what went wrong.

`bench2drive_penalty` is that of the leaderboard 1.0, 2.0 and of Bench2Drive (a factor for every event; the minimum
speed is 'unused' there), `leaderboard_2_1_penalty` that of the leaderboard 2.1 (one over one plus a sum).
Source: statistics_manager.py of Bench2Drive and of the leaderboard's branch leaderboard-2.1 (MIT).
"""

from collections.abc import Mapping, Sequence

FACTOR = {
    "collisions_pedestrian": 0.50,
    "collisions_vehicle": 0.60,
    "collisions_layout": 0.65,
    "red_light": 0.70,
    "stop_infraction": 0.80,
    "scenario_timeouts": 0.70,
    "yield_emergency_vehicle_infractions": 0.70,
}
"""Bench2Drive's factor per event, under CARLA's names of the infractions."""

COST_2_1 = {
    "collisions_pedestrian": 1.00,
    "collisions_vehicle": 0.70,
    "collisions_layout": 0.60,
    "red_light": 0.40,
    "stop_infraction": 0.25,
    "scenario_timeouts": 0.40,
    "yield_emergency_vehicle_infractions": 0.40,
}
"""What each event adds to the sum in the leaderboard 2.1."""

MIN_SPEED_COST_2_1 = 0.40


def bench2drive_penalty(counts: Mapping[str, int], outside_lanes_percent: float) -> float:
    """0..1: product over events, times the share of the driven route that lay inside its lanes."""
    penalty = 1.0 - outside_lanes_percent / 100.0
    for name, factor in FACTOR.items():
        penalty *= factor ** counts[name]
    return penalty


def leaderboard_2_1_penalty(counts: Mapping[str, int], outside_lanes_percent: float,
                            min_speed_percent: Sequence[float]) -> float:
    """0..1: 1 / (1 + sum of costs), times the share inside the lanes.

    min_speed_percent: values of the leaderboard's four checkpoints; those of 100 and above are no infraction.
    """
    total = sum(cost * counts[name] for name, cost in COST_2_1.items())
    total += sum(MIN_SPEED_COST_2_1 * (1.0 - value / 100.0) for value in min_speed_percent if value < 100.0)
    return (1.0 - outside_lanes_percent / 100.0) / (1.0 + total)


def driving_score(route_completion_percent: float, penalty: float) -> float:
    """0..100, six decimals as the leaderboard rounds it."""
    return round(max(route_completion_percent * penalty, 0.0), 6)
