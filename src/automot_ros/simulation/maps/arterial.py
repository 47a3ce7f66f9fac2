"""An arterial: two to three lanes a direction, large blocks, on-ramps that add a lane and lanes that end.

The topology is a grid of four columns and three rows. The middle row has three lanes a direction between its two
crossings; the outer rows carry a ramp each, which leaves a side street, joins as a third lane and ends further on.
"""

from __future__ import annotations

import math

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.arcs import cut, join, length_of, offset_right, pose_on, reversed_pose
from automot_ros.simulation.maps.grid import EAST, NORTH, SOUTH, WEST, Edge, Grid, Node
from automot_ros.simulation.maps.network import End, Network, Turn
from automot_ros.simulation.maps.opendrive import DRIVING, SHOULDER, SIDEWALK, CrossSection, LaneSpec, RoadSpec
from automot_ros.simulation.maps.town import PARKING_M, control_junction, street

COLUMNS, ROWS = 4, 3
AVENUE_KMH, STREET_KMH, RAMP_KMH = (50.0, 60.0), (30.0, 40.0, 50.0), 50.0
LANE_M = 3.5
CORNER_M = 8.0
MERGE_M, DROP_M = 48.0, 42.0
RAMP_ANGLE_RAD = math.radians(10.0)
_LANE, _WALK, _EDGE = LaneSpec(DRIVING, LANE_M), LaneSpec(SIDEWALK, 2.2), LaneSpec(SHOULDER, 0.6)
RAMP = CrossSection(right=(_LANE, _EDGE), center_mark="none")


def _avenue(lanes: int) -> CrossSection:
    side = (*[_LANE] * lanes, _WALK)
    return CrossSection(right=side, left=side, center_mark="solid")


def _beside_ramp(lanes: int) -> CrossSection:
    """An avenue whose right side, where the ramp joins, has a shoulder in place of the sidewalk."""
    return CrossSection(right=(*[_LANE] * lanes, _EDGE), left=(_LANE, _LANE, _WALK), center_mark="solid")


def arterial(seed: int) -> str:
    """OpenDRIVE text of the arterial of this seed."""
    rng = stream(seed, "map", "arterial")
    sections, limits = _streets(rng)
    grid = Grid(_nodes(rng), sections, limits, CORNER_M)
    network = Network()
    upper, lower = (((1, ROWS - 1), (2, ROWS - 1)), ((1, 0), (2, 0)))
    up_street, down_street = (((1, 1), (1, 2)), ((2, 0), (2, 1)))
    grid.build(network, lambda: float(rng.uniform(28.0, 45.0)), (upper, lower, up_street, down_street))
    _ramp(rng, network, grid, upper, up_street, EAST)
    _ramp(rng, network, grid, lower, down_street, WEST)
    for node in grid.nodes:
        if not grid.is_corner(node):
            _junction(rng, network, node, list(grid.ends[node].values()))
    return network.write(f"arterial-{seed}")


def _nodes(rng: np.random.Generator) -> dict[Node, Pose2]:
    ends = rng.uniform(155.0, 185.0, 2)
    x = np.cumsum([0.0, ends[0], rng.uniform(272.0, 300.0), ends[1]])
    y = np.cumsum([0.0, *rng.uniform(152.0, 178.0, 2)])
    return {(i, j): Pose2(float(x[i] - x[-1] / 2), float(y[j] - y[-1] / 2 + rng.uniform(-4, 4)),
                          float(rng.uniform(-0.06, 0.06)))
            for i in range(COLUMNS) for j in range(ROWS)}


def _streets(rng: np.random.Generator) -> tuple[dict[Edge, CrossSection], dict[Edge, float]]:
    """Cross section and limit of every edge: avenues along the rows and the outer columns, streets between them."""
    side = [street(1, bool(rng.random() < 0.5)) for _ in range(COLUMNS)]
    row_kmh = [float(rng.choice(AVENUE_KMH)) for _ in range(ROWS)]
    column_kmh = [float(rng.choice(AVENUE_KMH if i in (0, COLUMNS - 1) else STREET_KMH)) for i in range(COLUMNS)]
    sections: dict[Edge, CrossSection] = {}
    limits: dict[Edge, float] = {}
    for i in range(COLUMNS):
        for j in range(ROWS):
            if i + 1 < COLUMNS:
                edge = ((i, j), (i + 1, j))
                sections[edge], limits[edge] = _avenue(3 if (i, j) == (1, 1) else 2), row_kmh[j]
            if j + 1 < ROWS:
                edge = ((i, j), (i, j + 1))
                sections[edge] = _avenue(2) if i in (0, COLUMNS - 1) else side[i]
                limits[edge] = column_kmh[i]
    return sections, limits


def _ramp(rng: np.random.Generator, network: Network, grid: Grid, avenue: Edge, side_street: Edge,
          heading: int) -> None:
    """Lay an avenue block in pieces, the street its ramp leaves from, and the ramp.

    Everything is laid in the direction of the lanes the ramp joins: `heading` says whether that is east or west.
    """
    start, end = grid.edge_poses(avenue)
    if heading == WEST:
        start, end = reversed_pose(end), reversed_pose(start)
    path = join(start, end)
    merge = float(rng.uniform(78.0, 88.0))
    drop = merge + MERGE_M + float(rng.uniform(40.0, 50.0))
    pieces = [network.road(cut(path, a, b), _beside_ramp(lanes), grid.limits_kmh[avenue]) for a, b, lanes in (
        (0.0, merge, 2), (merge + MERGE_M, drop, 3), (drop + DROP_M, length_of(path), 2))]
    first, last = End(pieces[0], "start"), End(pieces[2], "end")
    grid.register(avenue, *((first, last) if heading == EAST else (last, first)))
    stem = _split_street(network, grid, side_street, heading)
    joins = pose_on(path, merge)
    lane_left_m = 2.5 * LANE_M + MERGE_M * math.tan(RAMP_ANGLE_RAD / 2.0) - LANE_M / 2.0
    aim = offset_right(joins, lane_left_m)
    ramp = network.road(join(stem, Pose2(aim.x_m, aim.y_m, aim.yaw_rad + RAMP_ANGLE_RAD)), RAMP, RAMP_KMH)
    _branch(network, grid, side_street, ramp)
    _merge(network, pieces[0], pieces[1], ramp)
    _drop(network, pieces[1], pieces[2])


def _split_street(network: Network, grid: Grid, edge: Edge, heading: int) -> Pose2:
    """Lay a side street in two halves with room for a branch between them; where the branch begins, heading away."""
    path = join(*grid.edge_poses(edge))
    reach, middle = LANE_M + PARKING_M + CORNER_M, length_of(path) / 2.0
    section, kmh = grid.sections[edge], grid.limits_kmh[edge]
    lower = network.road(cut(path, 0.0, middle - reach), section, kmh)
    upper = network.road(cut(path, middle + reach, length_of(path)), section, kmh)
    grid.register(edge, End(lower, "start"), End(upper, "end"))
    centre = pose_on(path, middle)
    away = Pose2(centre.x_m, centre.y_m, centre.yaw_rad + (-math.pi / 2.0 if heading == EAST else math.pi / 2.0))
    return offset_right(away, -LANE_M / 2.0, reach)


def _branch(network: Network, grid: Grid, edge: Edge, ramp: RoadSpec) -> None:
    """The T junction where the ramp leaves the side street."""
    lower, upper = grid.ends[edge[0]][NORTH].road, grid.ends[edge[1]][SOUTH].road
    network.junction([End(lower, "end"), End(upper, "start"), End(ramp, "start")])


def _merge(network: Network, before: RoadSpec, after: RoadSpec, ramp: RoadSpec) -> None:
    """The ramp becomes the outermost lane."""
    a, b, r = End(before, "end"), End(after, "start"), End(ramp, "end")
    turns = _straight_on(a, b) + _straight_on(b, a)
    turns.append((r, r.incoming(DRIVING)[0], b, b.outgoing(DRIVING)[2]))
    network.junction([a, b, r], turns=turns, marked=True)


def _drop(network: Network, before: RoadSpec, after: RoadSpec) -> None:
    """The outermost lane ends and joins its neighbour."""
    a, b = End(before, "end"), End(after, "start")
    turns = _straight_on(a, b) + _straight_on(b, a)
    turns.append((a, a.incoming(DRIVING)[2], b, b.outgoing(DRIVING)[1]))
    network.junction([a, b], turns=turns, marked=True)


def _straight_on(a: End, b: End) -> list[Turn]:
    """The two inner lanes go on lane by lane."""
    return [(a, a.incoming(DRIVING)[k], b, b.outgoing(DRIVING)[k]) for k in range(2)]


def _junction(rng: np.random.Generator, network: Network, node: Node, arms: list[End]) -> None:
    free = str(rng.choice(["light", "stop", "yield", "none"], p=[0.3, 0.3, 0.3, 0.1]))
    control_junction(network, arms, "light" if node[1] == 1 else free)
