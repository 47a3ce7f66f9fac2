"""The driving stack, described once: which node, which parameters, which topics. No ROS import here.

`automot drive` starts processes from it, launch/drive.launch.py builds launch actions from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from automot_ros.base.errors import ConfigError
from automot_ros.nodes.interfaces import COMMAND_OUTPUT, CONTRACTS

Value = bool | int | float | str
PACKAGE = "automot_ros"
CARLA = "/carla/hero"
OURS = "/automot"

CONTEXT_TOPIC = f"{OURS}/attention_context"
REPORT_TOPIC = f"{OURS}/scene_report"
DRAFT_TOPIC = f"{OURS}/draft"
DECISION_TOPIC = f"{OURS}/decision"
TRAJECTORY_TOPIC = f"{OURS}/trajectory"
PATH_TOPIC = f"{OURS}/path"
GUARD_TOPIC = f"{OURS}/guard_status"
TAKEN_TOPIC = f"{OURS}/taken"
IMAGE_TOPIC = f"{CARLA}/rgb_front/image"
COMPRESSED_TOPIC = f"{IMAGE_TOPIC}/compressed"  # as image_transport names it
CAMERA_INFO_TOPIC = f"{CARLA}/rgb_front/camera_info"
POINTS_TOPIC = f"{CARLA}/lidar"
ODOMETRY_TOPIC = f"{CARLA}/odometry"
ROUTE_TOPIC = f"{CARLA}/waypoints"
COMMAND_TOPIC = CONTRACTS["carla"].topics[COMMAND_OUTPUT]
OBJECTS_TOPIC = f"{CARLA}/objects"
SPEED_TOPIC = f"{CARLA}/speedometer"
STATUS_TOPIC = f"{CARLA}/vehicle_status"
LIGHTS_TOPIC = "/carla/traffic_lights/status"
WORLD_STATUS_TOPIC = "/carla/status"
WORLD_INFO_TOPIC = "/carla/world_info"
GUARD_SWITCHES = ("check_freshness", "check_context", "check_trajectory", "check_corridor",
                  "check_goal", "check_command")


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeDescription:
    """One process. `name` is the executable, the module in nodes/ and the node's name.

    `nice` lowers the priority of what may be late (10) behind what may not (0); `lifecycle` nodes are configured and
    activated, in the order of the stack; without an `essential` node a drive cannot go on; who may `restart` is
    started again when it dies.
    """

    name: str
    parameters: Mapping[str, Value]
    remaps: Mapping[str, str] = field(default_factory=dict)
    nice: int = 0
    lifecycle: bool = True
    essential: bool = True
    restart: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class StackSettings:
    """What a person chooses when starting the stack. Everything else is a parameter with a default.

    `policy` is nano, constant-speed, stand-still or a model folder; `lockstep` lets the world wait for every command;
    `drive_interface` is what the vehicle takes (nodes/interfaces.py); the embedded world takes carla;
    `vehicle` and `rig` name a description in config/, or the path of one; `image_transport` is raw or compressed.
    `understanding_lag_s` (lockstep) and `understanding_delay_s` (wall clock) make contexts late on purpose.
    """

    policy: str = "nano"
    refiner: str = "diffusion"
    lockstep: bool = False
    use_sim_time: bool = True
    context_period_s: float = 0.25
    understanding_lag_s: float = 0.1
    understanding_delay_s: float = 0.0
    guard: bool = True
    drive_interface: str = "carla"
    vehicle: str = "carla_lincoln_mkz"
    rig: str = "embedded"
    image_transport: str = "raw"
    simulator: bool = True
    suite: str = "plain"
    first_seed: int = 1_000_000
    routes: int = 3
    duration_s: float = 0.0
    out: str = "runs/drive"
    dashboard: bool = True
    dashboard_port: int = 8642
    recorder: bool = True

    def __post_init__(self) -> None:
        if self.lockstep and not self.use_sim_time:
            raise ConfigError("lockstep needs the clock of the simulation", where="use_sim_time", got=False,
                              wanted=True)
        if self.drive_interface not in CONTRACTS:
            raise ConfigError("unknown drive interface", where="drive_interface", got=self.drive_interface,
                              wanted=" | ".join(CONTRACTS))
        if self.simulator and self.drive_interface != "carla":
            raise ConfigError("the embedded world takes the commands of CARLA", where="drive_interface",
                              got=self.drive_interface, wanted="carla, or simulator off")


def drive_stack(settings: StackSettings) -> tuple[NodeDescription, ...]:
    """The nodes in the order in which they are brought up; the simulator last, so that nobody misses its first tick."""
    sim_time: dict[str, Value] = {"use_sim_time": settings.use_sim_time}
    timing: dict[str, Value] = {
        **sim_time, "lockstep": settings.lockstep, "context_period_s": settings.context_period_s,
        "context_lag_s": settings.understanding_lag_s if settings.lockstep else 0.0}
    sight: dict[str, Value] = {"rig": settings.rig, "image_transport": settings.image_transport}
    image_topic = COMPRESSED_TOPIC if settings.image_transport == "compressed" else IMAGE_TOPIC
    nodes = [
        NodeDescription(
            name="understanding", nice=5,
            parameters={**timing, "policy": settings.policy, **sight,
                        "extra_delay_s": settings.understanding_delay_s},
            remaps={"~/input/image": image_topic, "~/input/odometry": ODOMETRY_TOPIC, "~/input/route": ROUTE_TOPIC,
                    "~/output/attention_context": CONTEXT_TOPIC, "~/output/scene_report": REPORT_TOPIC,
                    "~/output/taken": TAKEN_TOPIC}),
        NodeDescription(
            # Sooner than the guard gives up an old plan: both waits add up to less than half a second.
            name="action", parameters={**timing, "policy": settings.policy, **sight, "input_timeout_s": 0.1},
            remaps={"~/input/attention_context": CONTEXT_TOPIC, "~/input/image": image_topic,
                    "~/input/points": POINTS_TOPIC,
                    "~/input/odometry": ODOMETRY_TOPIC, "~/input/route": ROUTE_TOPIC,
                    "~/output/draft": DRAFT_TOPIC, "~/output/decision": DECISION_TOPIC,
                    "~/output/taken": TAKEN_TOPIC}),
        NodeDescription(
            name="refiner", parameters={**sim_time, "policy": settings.policy, "refiner": settings.refiner},
            remaps={"~/input/draft": DRAFT_TOPIC, "~/output/trajectory": TRAJECTORY_TOPIC,
                    "~/output/path": PATH_TOPIC}),
        NodeDescription(
            name="controller", parameters={**timing, "drive_interface": settings.drive_interface,
                                           "vehicle": settings.vehicle, "rig": settings.rig,
                                           **{f"guard.{s}": settings.guard for s in GUARD_SWITCHES}},
            remaps={"~/input/trajectory": TRAJECTORY_TOPIC, "~/input/odometry": ODOMETRY_TOPIC,
                    "~/input/route": ROUTE_TOPIC, "~/input/points": POINTS_TOPIC,
                    "~/output/guard_status": GUARD_TOPIC, **CONTRACTS[settings.drive_interface].topics}),
    ]
    if settings.dashboard:
        nodes.append(NodeDescription(name="dashboard", parameters={**sim_time, "port": settings.dashboard_port},
                                     nice=5, essential=False))
    if settings.recorder:
        nodes.append(NodeDescription(
            name="recorder", nice=10, essential=False,
            parameters={**sim_time, "bag": f"{settings.out}/bag", "compress": True}))
    if settings.simulator:
        nodes.append(NodeDescription(
            name="simulator", restart=False,  # its world is gone with it, and the drive
            parameters={"lockstep": settings.lockstep, "suite": settings.suite, "first_seed": settings.first_seed,
                        "routes": settings.routes, "duration_s": settings.duration_s, "out": settings.out}))
    return tuple(nodes)
