"""The incidents a driver is examined with, one file for each family; named as CARLA's scenario_runner names them."""

from automot_ros.simulation.scenarios.construction_obstacle import ConstructionObstacle, ConstructionObstacleTwoWays
from automot_ros.simulation.scenarios.opposite_vehicle import (
    OppositeVehicleRunningRedLight,
    OppositeVehicleTakingPriority,
)
from automot_ros.simulation.scenarios.pedestrian_crossing import PedestrianCrossing
from automot_ros.simulation.scenarios.scenario import Scenario

SCENARIOS: dict[str, type[Scenario]] = {cls.__name__: cls for cls in (
    ConstructionObstacle,
    ConstructionObstacleTwoWays,
    OppositeVehicleRunningRedLight,
    OppositeVehicleTakingPriority,
    PedestrianCrossing,
)}
"""Scenario classes by CARLA's name."""

SIX = ("PedestrianCrossing", "OppositeVehicleTakingPriority", "ConstructionObstacle", "ConstructionObstacleTwoWays")
"""The scenes of the project page, with the TwoWays variants."""
