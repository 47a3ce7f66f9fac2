"""OpenDRIVE maps, and route files of the leaderboard."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from automot_ros.simulation.maps.generate import generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.route_files import read_routes
from automot_ros.simulation.route_writing import write_routes
from automot_ros.simulation.suites import task_of
from fuzzing.mutate import any_text, damaged, renumbered
from fuzzing.subject import Case, Subject, write_case

MAP, ROUTES = "town.xodr", "routes.xml"
_ESCAPES = str.maketrans({"<": "", "&": "", '"': "", "\0": ""})


def changed_xml(rng: random.Random, data: bytes) -> bytes:
    """Other numbers, an element or an attribute missing or twice, or bytes that are no XML."""
    kind = rng.randrange(8)
    if kind < 4:
        return renumbered(rng, data)
    if kind == 4:
        return damaged(rng, data)
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    if kind == 5:
        del lines[at:at + rng.choice((1, 1, 2, 5))]
    elif kind == 6:
        lines.insert(rng.randrange(len(lines)), lines[at])
    else:
        parts = lines[at].split(b'"')
        if len(parts) > 2:
            parts[2 * rng.randrange(len(parts) // 2) + 1] = any_text(rng).translate(_ESCAPES).encode()
        lines[at] = b'"'.join(parts)
    return b"".join(lines)


class Map(Subject):
    """Generated maps: bends, ramps, junctions with lights, crossings."""

    KINDS = ("rural", "rural", "highway", "town")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._good = {kind: generated_xodr(kind, 3).encode() for kind in self.KINDS}

    def good(self) -> Case:
        """A rural map."""
        return {MAP: self._good["rural"]}

    def draw(self, rng: random.Random) -> Case:
        """Another."""
        return {MAP: changed_xml(rng, self._good[rng.choice(self.KINDS)])}

    def take(self, case: Case) -> None:
        """Read it, look for a lane, and make what a camera would see."""
        write_case(case, self.folder)
        found = RoadMap.from_file(self.folder / MAP)
        found.lane_at(np.zeros(2))
        found.surfaces()


class RouteFile(Subject):
    """Two routes with scenarios and weather; those that cannot be used say so one by one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        write_routes([task_of(suite, 3) for suite in ("ParkingCutIn", "plain")], folder / "good")
        (self._file,) = (folder / "good").glob("*.xml")
        self._good = self._file.read_bytes().replace(b"><", b">\n<")

    def good(self) -> Case:
        """As it was written."""
        return {ROUTES: self._good}

    def draw(self, rng: random.Random) -> Case:
        """Another."""
        return {ROUTES: changed_xml(rng, self._good)}

    def take(self, case: Case) -> None:
        """Read all routes."""
        write_case(case, self.folder)
        for entry in read_routes(self.folder / ROUTES, self.folder):
            assert entry.error or len(entry.waypoints_N2) >= 2
