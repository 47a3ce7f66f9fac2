"""A town: a grid of streets with seeded blocks, bends, widths and limits, with lights, stop and yield signs or none."""

from __future__ import annotations

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.grid import Edge, Grid, Node
from automot_ros.simulation.maps.network import End, Network, minor_arms
from automot_ros.simulation.maps.opendrive import DRIVING, PARKING, SIDEWALK, CrossSection, LaneSpec

SHAPES = ((3, 3), (4, 3), (4, 3), (5, 3), (3, 4))  # columns and rows
LANE_M, PARKING_M, SIDEWALK_M = 3.5, 2.2, 2.2
CORNER_M = 7.0
MAIN_KMH, SIDE_KMH = (50.0, 60.0), (30.0, 40.0, 50.0)
SHORT_M, LONG_M = (95.0, 135.0), (162.0, 195.0)


def street(lanes: int, parking: bool) -> CrossSection:
    """A two-way street with `lanes` driving lanes a direction and a sidewalk on either side."""
    side = [LaneSpec(DRIVING, LANE_M)] * lanes + [LaneSpec(PARKING, PARKING_M)] * parking
    row = (*side, LaneSpec(SIDEWALK, SIDEWALK_M))
    return CrossSection(right=row, left=row, center_mark="solid" if lanes > 1 else "broken")


def town(seed: int) -> str:
    """OpenDRIVE text of the town of this seed."""
    rng = stream(seed, "map", "town")
    columns, rows = SHAPES[int(rng.integers(len(SHAPES)))]
    sections, limits = _streets(rng, columns, rows)
    grid = Grid(_nodes(rng, columns, rows), sections, limits, CORNER_M)
    network = Network()
    grid.build(network, lambda: float(rng.uniform(14.0, 32.0)))
    nodes = [node for node in grid.nodes if not grid.is_corner(node)]
    for node, control in _controls(rng, grid, nodes).items():
        control_junction(network, list(grid.ends[node].values()), control)
    return network.write(f"town-{seed}")


def _nodes(rng: np.random.Generator, columns: int, rows: int) -> dict[Node, Pose2]:
    x, y = _steps(rng, columns - 1), _steps(rng, rows - 1)
    return {(i, j): Pose2(float(x[i] - x[-1] / 2 + rng.uniform(-7, 7)), float(y[j] - y[-1] / 2 + rng.uniform(-7, 7)),
                          float(rng.uniform(-0.12, 0.12)))
            for i in range(columns) for j in range(rows)}


def _steps(rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Where the lines of the grid lie: at least one block in each direction is long, where there are three, two."""
    long = np.arange(count) < (2 if count > 2 else 1)
    long |= rng.random(count) < 0.25
    steps = np.where(rng.permutation(long), rng.uniform(*LONG_M, count), rng.uniform(*SHORT_M, count))
    return np.concatenate([[0.0], np.cumsum(steps)])


def _streets(rng: np.random.Generator, columns: int, rows: int) -> tuple[dict[Edge, CrossSection], dict[Edge, float]]:
    """Cross section and limit of every edge of the grid; the middle row is the main street, with two lanes a way."""
    main = rows // 2
    across = [street(2 if j == main else 1, bool(rng.random() < (0.3 if j == main else 0.7))) for j in range(rows)]
    wide = int(rng.integers(columns)) if rng.random() < 0.4 else -1
    along = [street(2 if i == wide else 1, bool(rng.random() < (0.3 if i == wide else 0.7))) for i in range(columns)]
    across_kmh = [float(rng.choice(MAIN_KMH if j == main else SIDE_KMH)) for j in range(rows)]
    along_kmh = [float(rng.choice(MAIN_KMH if i == wide else SIDE_KMH)) for i in range(columns)]
    sections: dict[Edge, CrossSection] = {}
    limits: dict[Edge, float] = {}
    for i in range(columns):
        for j in range(rows):
            if i + 1 < columns:
                sections[(i, j), (i + 1, j)], limits[(i, j), (i + 1, j)] = across[j], across_kmh[j]
            if j + 1 < rows:
                sections[(i, j), (i, j + 1)], limits[(i, j), (i, j + 1)] = along[i], along_kmh[i]
    return sections, limits


def _controls(rng: np.random.Generator, grid: Grid, nodes: list[Node]) -> dict[Node, str]:
    """What rules each junction; every town has a light at a crossing of four arms, a stop and a yield sign."""
    four = [node for node in nodes if len(grid.ends[node]) == 4]
    three = [node for node in nodes if len(grid.ends[node]) == 3]
    controls = {node: str(rng.choice(["light", "stop", "yield"], p=[0.55, 0.25, 0.2])) for node in four}
    controls[four[int(rng.integers(len(four)))]] = "light"
    wanted = ["light", "stop", "yield"]
    for k, place in enumerate(rng.permutation(len(three)).tolist()):
        free = str(rng.choice(["light", "stop", "yield", "none"], p=[0.3, 0.3, 0.25, 0.15]))
        controls[three[place]] = wanted[k] if k < len(wanted) else free
    return {node: controls[node] for node in nodes}


def control_junction(network: Network, arms: list[End], control: str) -> None:
    """A junction with lights on all arms, with signs on the minor ones, or with nothing ("none")."""
    if control == "light":
        network.junction(arms, control=dict.fromkeys(range(len(arms)), "light"), crosswalks=range(len(arms)))
        return
    minor = minor_arms(arms)
    network.junction(arms, control={} if control == "none" else dict.fromkeys(minor, control), crosswalks=minor)
