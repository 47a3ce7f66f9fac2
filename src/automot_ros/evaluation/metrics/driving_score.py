"""Driving score as CARLA's leaderboard 1.0, 2.0 and Bench2Drive have it: completion times a product of penalties.

Source: leaderboard/utils/statistics_manager.py (MIT): one factor per event.
"""

from collections.abc import Mapping

PENALTY = {
    "collisions_pedestrian": 0.50,
    "collisions_vehicle": 0.60,
    "collisions_layout": 0.65,
    "red_light": 0.70,
    "stop_infraction": 0.80,
}
"""Factor per event. Scenario time-outs and yielding come with the scenarios."""


def infraction_penalty(counts: Mapping[str, int], outside_lanes_share: float) -> float:
    """Product over events, times the share (0..1) of the route driven inside its lanes."""
    penalty = 1.0 - outside_lanes_share
    for name, factor in PENALTY.items():
        penalty *= factor ** counts[name]
    return penalty


def driving_score(route_completion_pct: float, penalty: float) -> float:
    """0..100, six decimals as the leaderboard rounds it."""
    return round(max(route_completion_pct * penalty, 0.0), 6)
