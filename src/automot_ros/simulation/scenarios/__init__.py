"""The incidents a driver is examined with, one file for each family; named as CARLA's scenario_runner names them."""

from automot_ros.simulation.scenarios.accident import Accident, AccidentTwoWays
from automot_ros.simulation.scenarios.blocked_intersection import BlockedIntersection
from automot_ros.simulation.scenarios.construction_obstacle import ConstructionObstacle, ConstructionObstacleTwoWays
from automot_ros.simulation.scenarios.control_loss import ControlLoss
from automot_ros.simulation.scenarios.crossing_bicycle_flow import CrossingBicycleFlow
from automot_ros.simulation.scenarios.hard_break import HardBreakRoute
from automot_ros.simulation.scenarios.hazard_at_side_lane import HazardAtSideLane, HazardAtSideLaneTwoWays
from automot_ros.simulation.scenarios.highway_cut_in import HighwayCutIn
from automot_ros.simulation.scenarios.highway_flows import HighwayExit, MergerIntoSlowTraffic, MergerIntoSlowTrafficV2
from automot_ros.simulation.scenarios.invading_turn import InvadingTurn
from automot_ros.simulation.scenarios.junction_flows import (
    EnterActorFlow,
    InterurbanActorFlow,
    InterurbanAdvancedActorFlow,
)
from automot_ros.simulation.scenarios.junction_turns import (
    NonSignalizedJunctionLeftTurn,
    NonSignalizedJunctionLeftTurnEnterFlow,
    NonSignalizedJunctionRightTurn,
    SignalizedJunctionLeftTurn,
    SignalizedJunctionLeftTurnEnterFlow,
    SignalizedJunctionRightTurn,
)
from automot_ros.simulation.scenarios.lane_changes import SequentialLaneChange
from automot_ros.simulation.scenarios.object_crossing import DynamicObjectCrossing, ParkingCrossingPedestrian
from automot_ros.simulation.scenarios.opposite_vehicle import (
    OppositeVehicleRunningRedLight,
    OppositeVehicleTakingPriority,
)
from automot_ros.simulation.scenarios.parked_obstacle import ParkedObstacle, ParkedObstacleTwoWays
from automot_ros.simulation.scenarios.parking_cut_in import ParkingCutIn
from automot_ros.simulation.scenarios.parking_exit import ParkingExit
from automot_ros.simulation.scenarios.pedestrian_crossing import PedestrianCrossing
from automot_ros.simulation.scenarios.scenario import Scenario
from automot_ros.simulation.scenarios.static_cut_in import StaticCutIn
from automot_ros.simulation.scenarios.vanilla_turn import (
    T_Junction,
    VanillaNonSignalizedTurn,
    VanillaNonSignalizedTurnEncounterStopsign,
    VanillaSignalizedTurnEncounterGreenLight,
    VanillaSignalizedTurnEncounterRedLight,
)
from automot_ros.simulation.scenarios.vehicle_opens_door import VehicleOpensDoorTwoWays
from automot_ros.simulation.scenarios.vehicle_turning import VehicleTurningRoute, VehicleTurningRoutePedestrian
from automot_ros.simulation.scenarios.yield_to_emergency import YieldToEmergencyVehicle

SCENARIOS: dict[str, type[Scenario]] = {cls.__name__: cls for cls in (
    Accident,
    AccidentTwoWays,
    BlockedIntersection,
    ConstructionObstacle,
    ConstructionObstacleTwoWays,
    ControlLoss,
    CrossingBicycleFlow,
    DynamicObjectCrossing,
    EnterActorFlow,
    HardBreakRoute,
    HazardAtSideLane,
    HazardAtSideLaneTwoWays,
    HighwayCutIn,
    HighwayExit,
    InterurbanActorFlow,
    InterurbanAdvancedActorFlow,
    InvadingTurn,
    MergerIntoSlowTraffic,
    MergerIntoSlowTrafficV2,
    NonSignalizedJunctionLeftTurn,
    NonSignalizedJunctionLeftTurnEnterFlow,
    NonSignalizedJunctionRightTurn,
    OppositeVehicleRunningRedLight,
    OppositeVehicleTakingPriority,
    ParkedObstacle,
    ParkedObstacleTwoWays,
    ParkingCrossingPedestrian,
    ParkingCutIn,
    ParkingExit,
    PedestrianCrossing,
    SequentialLaneChange,
    SignalizedJunctionLeftTurn,
    SignalizedJunctionLeftTurnEnterFlow,
    SignalizedJunctionRightTurn,
    StaticCutIn,
    T_Junction,
    VanillaNonSignalizedTurn,
    VanillaNonSignalizedTurnEncounterStopsign,
    VanillaSignalizedTurnEncounterGreenLight,
    VanillaSignalizedTurnEncounterRedLight,
    VehicleOpensDoorTwoWays,
    VehicleTurningRoute,
    VehicleTurningRoutePedestrian,
    YieldToEmergencyVehicle,
)}
"""Scenario classes by CARLA's name."""

SIX = ("PedestrianCrossing", "ParkingCutIn", "HazardAtSideLane", "HazardAtSideLaneTwoWays",
       "OppositeVehicleTakingPriority", "ConstructionObstacle", "ConstructionObstacleTwoWays", "BlockedIntersection")
"""The six scenes of the project page, with their TwoWays variants."""
