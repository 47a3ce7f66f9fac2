"""A road network under construction: roads, their ends, and junctions that connect lane to lane.

Traffic keeps right. An `End` is a road's end seen by a driver who comes along the road towards the junction: his lanes
are `incoming`, the opposite ones `outgoing`; "right" offsets are positive to his right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from automot_ros.base.errors import MapError
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.maps.arcs import Segment, join, offset_right, reversed_pose
from automot_ros.simulation.maps.opendrive import (
    DRIVING,
    SHOULDER,
    SIDEWALK,
    TOWN,
    CrossSection,
    CrosswalkSpec,
    JunctionSpec,
    LaneSpec,
    Link,
    RoadSpec,
    SignalSpec,
    write,
)

SIGNAL_TYPES = {"light": "1000001", "stop": "206", "yield": "205"}
LIGHT_AHEAD_M = 8.0
LIGHT_UNDERSIDE_M = 3.4
SIGN_UNDERSIDE_M = 2.0
_STRAIGHT_ON_RAD = math.radians(50.0)


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """A lane where it meets a junction: id on its road, kind, width, and how far right of the reference line."""

    lane_id: int
    kind: str
    width_m: float
    right_m: float


@dataclass(frozen=True, slots=True)
class End:
    """One end of a road ("start" or "end")."""

    road: RoadSpec
    contact: str

    @property
    def pose(self) -> Pose2:
        """Reference line at this end, heading into the junction."""
        return self.road.path[-1].end if self.contact == "end" else reversed_pose(self.road.path[0].start)

    def incoming(self, kind: str) -> list[LaneEnd]:
        """Lanes of a kind that lead into the junction, from the middle outwards."""
        return self._lanes(self.contact == "end", kind)

    def outgoing(self, kind: str) -> list[LaneEnd]:
        """Lanes of a kind that lead away; `right_m` as seen by a driver who leaves."""
        return self._lanes(self.contact == "start", kind)

    def _lanes(self, on_right: bool, kind: str) -> list[LaneEnd]:
        rows, inner = [], 0.0
        for place, lane in enumerate(self.road.section.right if on_right else self.road.section.left):
            if lane.kind == kind:
                lane_id = -place - 1 if on_right else place + 1
                rows.append(LaneEnd(lane_id, lane.kind, lane.width_m, inner + lane.width_m / 2.0))
            inner += lane.width_m
        return rows

    def kerb_m(self, incoming: bool) -> float:
        """Distance from the reference line to the sidewalk (or the edge) on one side."""
        on_right = (self.contact == "end") == incoming
        lanes = self.road.section.right if on_right else self.road.section.left
        return sum(lane.width_m for lane in lanes if lane.kind != SIDEWALK)


Turn = tuple[End, LaneEnd, End, LaneEnd]


def default_turns(ends: Sequence[End]) -> list[Turn]:
    """Who may go where: right turns from the outer lane, left turns from the inner, straight on lane by lane."""
    turns: list[Turn] = []
    for arm in ends:
        exits: dict[str, list[End]] = {"left": [], "straight": [], "right": []}
        for other in ends:
            if other is not arm and other.outgoing(DRIVING):
                angle = wrap_angle(reversed_pose(other.pose).yaw_rad - arm.pose.yaw_rad)
                side = "straight" if abs(angle) < _STRAIGHT_ON_RAD else "left" if angle > 0 else "right"
                exits[side].append(other)
        lanes = arm.incoming(DRIVING)
        if not lanes:
            continue
        turns += [(arm, lanes[-1], other, other.outgoing(DRIVING)[-1]) for other in exits["right"]]
        turns += [(arm, lanes[0], other, other.outgoing(DRIVING)[0]) for other in exits["left"]]
        for other in exits["straight"]:
            out = other.outgoing(DRIVING)
            free = lanes if len(out) >= len(lanes) or not exits["right"] else lanes[: len(out)]
            turns += [(arm, lane, other, out[min(k, len(out) - 1)]) for k, lane in enumerate(free)]
    return turns + _into_unused(ends, turns)


def _into_unused(ends: Sequence[End], turns: Sequence[Turn]) -> list[Turn]:
    """More ways into lanes that nobody would reach, from those who already turn into the lane beside it."""
    more: list[Turn] = []
    for end in ends:
        used = {turn[3]: turn for turn in turns if turn[2] is end}
        for out in end.outgoing(DRIVING):
            if used and out not in used:
                arm, lane, *_ = used[min(used, key=lambda there: abs(there.right_m - out.right_m))]
                more.append((arm, lane, end, out))
    return more


class Network:
    """Collects roads and junctions and hands out ids in order."""

    def __init__(self) -> None:
        self.roads: list[RoadSpec] = []
        self.junctions: list[JunctionSpec] = []
        self._next_id = 0

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    def road(self, path: list[Segment], section: CrossSection, speed_kmh: float, kind: str = TOWN) -> RoadSpec:
        """Add a road along a reference line."""
        road = RoadSpec(self._id(), path, section, speed_kmh, kind=kind)
        self.roads.append(road)
        return road

    def follow(self, first: RoadSpec, second: RoadSpec) -> None:
        """`second` goes on where `first` ends, lane by lane (same cross section)."""
        if first.section != second.section:
            raise MapError("roads that follow each other need the same lanes", where=f"{first.id} -> {second.id}")
        first.successor, second.predecessor = Link("road", second.id, "start"), Link("road", first.id, "end")
        ids = [*range(-len(first.section.right), 0), *range(1, len(first.section.left) + 1)]
        first.lane_successor = {i: i for i in ids}
        second.lane_predecessor = {i: i for i in ids}

    def junction(self, ends: Sequence[End], *, turns: Sequence[Turn] | None = None,
                 control: Mapping[int, str] | None = None, crosswalks: Sequence[int] = (),
                 marked: bool = False) -> JunctionSpec:
        """Connect road ends. On each way through, the lower limit of its two roads holds.

        `control` maps an arm's place in `ends` to light, stop or yield; `crosswalks` are places; `marked` paints lane
        marks through the junction, as where lanes join or end.
        """
        junction = JunctionSpec(self._id())
        self.junctions.append(junction)
        for end in ends:
            link = Link("junction", junction.id)
            if end.contact == "end":
                end.road.successor = link
            else:
                end.road.predecessor = link
        for turn in default_turns(ends) if turns is None else turns:
            self._connect(junction, turn, marked)
        for kind in (SIDEWALK, SHOULDER):
            self._round_corners(junction, ends, kind)
        controllers: list[tuple[int, tuple[int, ...]]] = []
        for place, kind in sorted((control or {}).items()):
            signal = self._signal(ends[place], kind)
            if kind == "light":
                controllers.append((self._id(), (signal.id,)))
        junction.controllers = controllers
        for place in crosswalks:
            self._crosswalk(ends[place])
        return junction

    def write(self, name: str) -> str:
        """OpenDRIVE text."""
        return write(name, self.roads, self.junctions)

    def _connect(self, junction: JunctionSpec, turn: Turn, marked: bool = False) -> None:
        arm, lane, other, out = turn
        inner = marked and lane == arm.incoming(DRIVING)[0] and out == other.outgoing(DRIVING)[0]
        outer = out == other.outgoing(lane.kind)[-1] and lane == arm.incoming(lane.kind)[-1]
        path = join(offset_right(arm.pose, lane.right_m), offset_right(reversed_pose(other.pose), out.right_m))
        section = CrossSection(right=(LaneSpec(lane.kind, lane.width_m, out.width_m),),
                               center_mark="solid" if inner else "none")
        speed_kmh = min(arm.road.speed_kmh, other.road.speed_kmh)
        road = RoadSpec(self._id(), path, section, speed_kmh, junction.id, centered=True,
                        right_mark=("solid" if outer else "broken") if marked else "none",
                        predecessor=Link("road", arm.road.id, arm.contact),
                        successor=Link("road", other.road.id, other.contact),
                        lane_predecessor={-1: lane.lane_id}, lane_successor={-1: out.lane_id})
        self.roads.append(road)
        junction.connections.append((arm.road.id, road.id, lane.lane_id, -1))

    def _round_corners(self, junction: JunctionSpec, ends: Sequence[End], kind: str) -> None:
        """Go on round the corner: each arm's incoming-side sidewalk or shoulder joins the next arm to the right."""
        for arm in ends:
            angles = [(wrap_angle(other.pose.yaw_rad - arm.pose.yaw_rad) % (2.0 * math.pi), place)
                      for place, other in enumerate(ends) if other is not arm]
            other = ends[min(angles)[1]]
            if arm.incoming(kind) and other.outgoing(kind):
                self._connect(junction, (arm, arm.incoming(kind)[0], other, other.outgoing(kind)[0]))

    def _signal(self, end: End, kind: str) -> SignalSpec:
        lanes = end.incoming(DRIVING)
        if not lanes:
            raise MapError("no lane leads into the junction here", where=f"road {end.road.id} {end.contact}")
        right = end.kerb_m(incoming=True) + 0.7
        if kind == "light":
            over_lanes = sum(lane.right_m for lane in lanes) / len(lanes)
            place, z = offset_right(end.pose, over_lanes, LIGHT_AHEAD_M), LIGHT_UNDERSIDE_M
        else:
            place, z = offset_right(end.pose, right, -0.3), SIGN_UNDERSIDE_M
        at_end = end.contact == "end"
        ids = [lane.lane_id for lane in lanes]
        signal = SignalSpec(
            id=self._id(), type=SIGNAL_TYPES[kind], name=kind, s_m=end.road.length_m if at_end else 0.0,
            t_m=-right if at_end else right, orientation="+" if at_end else "-", from_lane=min(ids), to_lane=max(ids),
            x_m=place.x_m, y_m=place.y_m, z_m=z, yaw_rad=wrap_angle(end.pose.yaw_rad + math.pi))
        end.road.signals.append(signal)
        return signal

    def _crosswalk(self, end: End) -> None:
        at_end = end.contact == "end"
        near, far = (0.7, 3.7) if at_end else (-3.7, -0.7)
        right, left = end.kerb_m(incoming=at_end), end.kerb_m(incoming=not at_end)
        end.road.crosswalks.append(CrosswalkSpec(self._id(), end.road.length_m if at_end else 0.0, near, far,
                                                 -right - 0.6, left + 0.6))


def minor_arms(arms: Sequence[End]) -> list[int]:
    """The arms that give way: of a T the stem, of a crossing the two arms with fewer lanes."""
    facing = [(math.cos(arms[a].pose.yaw_rad - arms[b].pose.yaw_rad), -_lanes_in(arms[a]) - _lanes_in(arms[b]), a, b)
              for a in range(len(arms)) for b in range(a + 1, len(arms))]
    straight = [row for row in facing if row[0] < -0.7]
    if not straight:
        raise MapError("no two arms face each other", got=len(arms))
    through = min(straight, key=lambda row: (row[1], row[0]))[2:] if len(arms) > 3 else min(straight)[2:]
    return [k for k in range(len(arms)) if k not in through]


def _lanes_in(arm: End) -> int:
    return len(arm.incoming(DRIVING))
