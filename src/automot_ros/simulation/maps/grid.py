"""Streets on a grid: edges between neighbouring nodes, the four outer corners rounded into bends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.arcs import chain, join, offset_right, reversed_pose
from automot_ros.simulation.maps.network import End, Network
from automot_ros.simulation.maps.opendrive import SIDEWALK, CrossSection

EAST, NORTH, WEST, SOUTH = 0, 1, 2, 3
Node = tuple[int, int]
Edge = tuple[Node, Node]


class Grid:
    """Places and cross sections of a grid of streets.

    `nodes` holds the centre of each junction by (column, row), its yaw the direction of the junction's own east;
    `sections` the cross section of each edge (west to east, south to north), `limits_kmh` its speed limit.
    """

    def __init__(self, nodes: Mapping[Node, Pose2], sections: Mapping[Edge, CrossSection],
                 limits_kmh: Mapping[Edge, float], corner_m: float) -> None:
        self.nodes, self.sections, self.limits_kmh, self.corner_m = nodes, sections, limits_kmh, corner_m
        self.columns = 1 + max(i for i, _ in nodes)
        self.rows = 1 + max(j for _, j in nodes)
        self.ends: dict[Node, dict[int, End]] = {node: {} for node in nodes}

    def is_corner(self, node: Node) -> bool:
        """Whether the node is one of the four outer corners, where there is no junction."""
        return node[0] in (0, self.columns - 1) and node[1] in (0, self.rows - 1)

    def arm(self, node: Node, direction: int) -> Pose2:
        """Where the arm towards `direction` begins, heading away from the junction.

        Far enough from the centre for the widest kerb and a round corner.
        """
        widest = max(sum(lane.width_m for lane in side if lane.kind != SIDEWALK)
                     for edge, section in self.sections.items() if node in edge
                     for side in (section.right, section.left))
        centre = self.nodes[node]
        turned = Pose2(centre.x_m, centre.y_m, centre.yaw_rad + direction * math.pi / 2.0)
        return offset_right(turned, 0.0, widest + self.corner_m)

    def edge_poses(self, edge: Edge) -> tuple[Pose2, Pose2]:
        """Start and end of an edge's street, both heading from the first node to the second."""
        direction = EAST if edge[1][0] > edge[0][0] else NORTH
        return self.arm(edge[0], direction), reversed_pose(self.arm(edge[1], (direction + 2) % 4))

    def build(self, network: Network, bend_radius_m: Callable[[], float], left_out: Iterable[Edge] = ()) -> None:
        """Lay all streets but `left_out`, which the caller lays and registers in `ends` himself."""
        skipped = set(left_out)
        for edge, section in self.sections.items():
            if edge in skipped or self.is_corner(edge[0]) or self.is_corner(edge[1]):
                continue
            road = network.road(join(*self.edge_poses(edge)), section, self.limits_kmh[edge])
            self.register(edge, End(road, "start"), End(road, "end"))
        for i, across in ((0, EAST), (self.columns - 1, WEST)):
            for j, along in ((0, NORTH), (self.rows - 1, SOUTH)):
                self._bend(network, (i, j), across, along, bend_radius_m())

    def register(self, edge: Edge, start: End, end: End) -> None:
        """Note the road ends at both nodes of an edge."""
        direction = EAST if edge[1][0] > edge[0][0] else NORTH
        self.ends[edge[0]][direction] = start
        self.ends[edge[1]][(direction + 2) % 4] = end

    def _bend(self, network: Network, corner: Node, across: int, along: int, radius_m: float) -> None:
        """One street from the node beside the corner in its column to the node beside it in its row."""
        side = (corner[0] + (1 if across == EAST else -1), corner[1])
        up = (corner[0], corner[1] + (1 if along == NORTH else -1))
        away, back = (along + 2) % 4, (across + 2) % 4
        centre = self.nodes[corner]
        yaw_in, yaw_out = away * math.pi / 2.0, across * math.pi / 2.0
        enter = Pose2(centre.x_m - radius_m * math.cos(yaw_in), centre.y_m - radius_m * math.sin(yaw_in), yaw_in)
        leave = Pose2(centre.x_m + radius_m * math.cos(yaw_out), centre.y_m + radius_m * math.sin(yaw_out), yaw_out)
        path = chain([self.arm(up, away), enter, leave, reversed_pose(self.arm(side, back))])
        edge = (min(corner, side), max(corner, side))
        road = network.road(path, self.sections[edge], self.limits_kmh[edge])
        self.ends[up][away], self.ends[side][back] = End(road, "start"), End(road, "end")
