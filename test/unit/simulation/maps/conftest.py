"""The four generated maps, made once."""

import pytest

from automot_ros.simulation.maps.generate import SCENARIO_MAP_KINDS, generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap


@pytest.fixture(scope="session")
def maps() -> dict[str, RoadMap]:
    return {kind: RoadMap(kind, generated_xodr(kind, 3)) for kind in SCENARIO_MAP_KINDS}


@pytest.fixture(params=SCENARIO_MAP_KINDS)
def road_map(request: pytest.FixtureRequest, maps: dict[str, RoadMap]) -> RoadMap:
    found: RoadMap = maps[request.param]
    return found


@pytest.fixture
def town(maps: dict[str, RoadMap]) -> RoadMap:
    return maps["town"]


@pytest.fixture
def arterial(maps: dict[str, RoadMap]) -> RoadMap:
    return maps["arterial"]


@pytest.fixture
def highway(maps: dict[str, RoadMap]) -> RoadMap:
    return maps["highway"]
