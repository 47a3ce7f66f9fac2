"""A town: a grid of streets with seeded blocks, bends and widths, with lights, stop and yield signs."""

from __future__ import annotations

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.grid import Edge, Grid, Node
from automot_ros.simulation.maps.network import End, Network, minor_arms
from automot_ros.simulation.maps.opendrive import DRIVING, PARKING, SIDEWALK, CrossSection, LaneSpec

COLUMNS, ROWS = 4, 3
SPEED_KMH = 50.0
LANE_M, PARKING_M, SIDEWALK_M = 3.5, 2.2, 2.2
CORNER_M = 7.0


def street(lanes: int, parking: bool) -> CrossSection:
    """A two-way street with `lanes` driving lanes a direction and a sidewalk on either side."""
    side = [LaneSpec(DRIVING, LANE_M)] * lanes + [LaneSpec(PARKING, PARKING_M)] * parking
    row = (*side, LaneSpec(SIDEWALK, SIDEWALK_M))
    return CrossSection(right=row, left=row, center_mark="solid" if lanes > 1 else "broken")


def town(seed: int) -> str:
    """OpenDRIVE text of the town of this seed."""
    rng = stream(seed, "map", "town")
    grid = Grid(_nodes(rng), _sections(rng), CORNER_M)
    network = Network()
    grid.build(network, SPEED_KMH, lambda: float(rng.uniform(14.0, 32.0)))
    for node in grid.nodes:
        if not grid.is_corner(node):
            _junction(rng, network, list(grid.ends[node].values()))
    return network.write(f"town-{seed}")


def _nodes(rng: np.random.Generator) -> dict[Node, Pose2]:
    x = np.concatenate([[0.0], np.cumsum(rng.uniform(92.0, 120.0, COLUMNS - 1))])
    y = np.concatenate([[0.0], np.cumsum(rng.uniform(92.0, 120.0, ROWS - 1))])
    return {(i, j): Pose2(float(x[i] - x[-1] / 2 + rng.uniform(-7, 7)), float(y[j] - y[-1] / 2 + rng.uniform(-7, 7)),
                          float(rng.uniform(-0.12, 0.12)))
            for i in range(COLUMNS) for j in range(ROWS)}


def _sections(rng: np.random.Generator) -> dict[Edge, CrossSection]:
    """A cross section for every edge of the grid; the middle row is the main street with two lanes a direction."""
    rows = [street(2 if j == ROWS // 2 else 1, bool(rng.random() < (0.3 if j == ROWS // 2 else 0.7)))
            for j in range(ROWS)]
    columns = [street(1, bool(rng.random() < 0.7)) for _ in range(COLUMNS)]
    edges: dict[Edge, CrossSection] = {}
    for i in range(COLUMNS):
        for j in range(ROWS):
            if i + 1 < COLUMNS:
                edges[(i, j), (i + 1, j)] = rows[j]
            if j + 1 < ROWS:
                edges[(i, j), (i, j + 1)] = columns[i]
    return edges


def _junction(rng: np.random.Generator, network: Network, arms: list[End]) -> None:
    if len(arms) == 4 or rng.random() < 0.35:
        network.junction(arms, control=dict.fromkeys(range(len(arms)), "light"), crosswalks=range(len(arms)))
        return
    minor = minor_arms(arms)
    kind = "stop" if rng.random() < 0.5 else "yield"
    network.junction(arms, control=dict.fromkeys(minor, kind), crosswalks=minor)
