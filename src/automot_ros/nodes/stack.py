"""The driving stack, described once: which node, which parameters, which topics. No ROS import here.

`automot drive` starts processes from it, the launch files build launch actions from it. The names below are those of
the embedded world and of CARLA with the role `hero`; StackSettings says how they change for another ego or a car.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.nodes.interfaces import COMMAND_OUTPUT, CONTRACTS

Value = bool | int | float | str
_NAME = r"[A-Za-z][A-Za-z0-9_]*"
NAMED_TOPICS = ("image_topic", "points_topic", "odometry_topic", "route_topic", "goal_topic", "command_topic")
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
STACK_TOPIC = f"{OURS}/stack"  # only in bags
IMAGE_TOPIC = f"{CARLA}/rgb_front/image"
COMPRESSED_TOPIC = f"{IMAGE_TOPIC}/compressed"  # as image_transport names it
CAMERA_INFO_TOPIC = f"{CARLA}/rgb_front/camera_info"
POINTS_TOPIC = f"{CARLA}/lidar"
MARKERS_TOPIC = f"{OURS}/markers"
ANNOTATED_TOPIC = f"{OURS}/annotated_image"
GRID_TOPIC = f"{OURS}/bird_grid"
ODOMETRY_TOPIC = f"{CARLA}/odometry"
ROUTE_TOPIC = f"{CARLA}/waypoints"
GOAL_TOPIC = f"{CARLA}/goal"
COMMAND_TOPIC = CONTRACTS["carla"].topics[COMMAND_OUTPUT]
OBJECTS_TOPIC = f"{CARLA}/objects"
SPEED_TOPIC = f"{CARLA}/speedometer"
STATUS_TOPIC = f"{CARLA}/vehicle_status"
LIGHTS_TOPIC = "/carla/traffic_lights/status"
WORLD_STATUS_TOPIC = "/carla/status"
WORLD_INFO_TOPIC = "/carla/world_info"
DIAGNOSTICS_TOPIC = "/diagnostics"
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
    `understanding_lag_s` (lockstep) and `understanding_delay_s` (wall clock) make contexts late on purpose.
    `drive_interface` is what the vehicle takes (nodes/interfaces.py); the embedded world takes carla; without
    `actuation` commands go to .../dry_run/..., where no vehicle listens. `vehicle` and `rig` name a description in
    config/, or the path of one; `image_transport` is raw or compressed. `role` is the name of CARLA's ego vehicle,
    `namespace` goes before all that is ours: two egos differ in both. A topic that is empty is the one of CARLA.
    `carla_native` adds what CARLA's own ROS 2 interface lacks.
    `router` makes routes from goals, or from `gnss_points`, on an OpenDRIVE `map`; else the route comes from outside.
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
    actuation: bool = True
    command_rate_hz: float = 20.0
    vehicle: str = "carla_lincoln_mkz"
    rig: str = "embedded"
    image_transport: str = "raw"
    role: str = "hero"
    namespace: str = ""
    image_topic: str = ""
    points_topic: str = ""
    odometry_topic: str = ""
    route_topic: str = ""
    goal_topic: str = ""
    command_topic: str = ""
    router: bool = False
    map: str = ""
    gnss_points: str = ""
    carla_native: bool = False
    carla_host: str = "localhost"
    carla_port: int = 2000
    simulator: bool = True
    suite: str = "plain"
    first_seed: int = 1_000_000
    routes: int = 3
    duration_s: float = 0.0
    out: str = "runs/drive"
    dashboard: bool = True
    dashboard_port: int = 8642
    rviz: bool = False
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
        for name, form in (("role", _NAME), ("namespace", rf"(|{_NAME}(/{_NAME})*)"), *(
                (topic, rf"(|(/{_NAME})+)") for topic in NAMED_TOPICS)):
            if not re.fullmatch(form, getattr(self, name)):
                raise ConfigError("no name of ROS", where=name, got=repr(getattr(self, name)),
                                  wanted="letters, digits and _" + ("" if name == "role" else ", parts joined by /"))
        if self.router and self.simulator:
            raise ConfigError("the embedded world gives the route itself", where="router", got=True, wanted=False)
        changed = [n for n in ("role", "namespace", "actuation", *NAMED_TOPICS) if getattr(self, n) != _default(n)]
        if self.simulator and changed:
            raise ConfigError("the embedded world has one ego with names of its own", where=changed[0],
                              got=getattr(self, changed[0]), wanted=f"{_default(changed[0])!r}, or simulator off")

    def own(self, topic: str) -> str:
        """A topic of ours, as the constants above name it, in this ego's namespace."""
        return f"/{self.namespace}{topic}" if self.namespace else topic

    def of_role(self, topic: str) -> str:
        """A topic of CARLA's ego vehicle, as the constants above name it, for this role."""
        return topic.replace(f"{CARLA}/", f"/carla/{self.role}/", 1)

    def sensed(self) -> dict[str, str]:
        """What comes from the vehicle: image, points, odometry, route."""
        image = self.image_topic or self.of_role(IMAGE_TOPIC)
        return {"~/input/image": f"{image}/compressed" if self.image_transport == "compressed" else image,
                "~/input/points": self.points_topic or self.of_role(POINTS_TOPIC),
                "~/input/odometry": self.odometry_topic or self.of_role(ODOMETRY_TOPIC),
                "~/input/route": self.route_topic or self.of_role(ROUTE_TOPIC)}

    def commanded(self) -> dict[str, str]:
        """Where the outputs of the drive interface go."""
        usual = {output: self.of_role(topic) for output, topic in CONTRACTS[self.drive_interface].topics.items()}
        if self.command_topic:
            usual[COMMAND_OUTPUT] = self.command_topic
        if self.actuation:
            return usual
        return {output: self.own(f"{OURS}/dry_run/{output.removeprefix('~/output/')}") for output in usual}


def _default(name: str) -> Any:
    return StackSettings.__dataclass_fields__[name].default


def told(parameters: Mapping[str, Mapping[str, Value]]) -> str:
    """Parameters by node as one parameter of the recorder. Base64: `ros2 launch` would take JSON for YAML."""
    return base64.b64encode(json.dumps({name: dict(own) for name, own in parameters.items()}).encode()).decode()


def drive_stack(settings: StackSettings) -> tuple[NodeDescription, ...]:
    """The nodes in the order in which they are brought up; the simulator last, so that nobody misses its first tick."""
    own, sensed = settings.own, settings.sensed()
    sim_time: dict[str, Value] = {"use_sim_time": settings.use_sim_time}
    timing: dict[str, Value] = {
        **sim_time, "lockstep": settings.lockstep, "context_period_s": settings.context_period_s,
        "context_lag_s": settings.understanding_lag_s if settings.lockstep else 0.0}
    sight: dict[str, Value] = {"rig": settings.rig, "image_transport": settings.image_transport}
    described: dict[str, Value] = {"drive_interface": settings.drive_interface, "vehicle": settings.vehicle}
    moving = {k: sensed[k] for k in ("~/input/odometry", "~/input/route")}
    nodes = [
        NodeDescription(
            name="understanding", nice=5,
            parameters={**timing, "policy": settings.policy, **sight,
                        "extra_delay_s": settings.understanding_delay_s},
            remaps={"~/input/image": sensed["~/input/image"], **moving,
                    "~/output/attention_context": own(CONTEXT_TOPIC), "~/output/scene_report": own(REPORT_TOPIC),
                    "~/output/taken": own(TAKEN_TOPIC)}),
        NodeDescription(
            # Sooner than the guard gives up an old plan: both waits add up to less than half a second.
            name="action", parameters={**timing, "policy": settings.policy, **sight, "input_timeout_s": 0.1},
            remaps={"~/input/attention_context": own(CONTEXT_TOPIC), **sensed,
                    "~/output/draft": own(DRAFT_TOPIC), "~/output/decision": own(DECISION_TOPIC),
                    "~/output/taken": own(TAKEN_TOPIC)}),
        NodeDescription(
            name="refiner", parameters={**sim_time, "policy": settings.policy, "refiner": settings.refiner},
            remaps={"~/input/draft": own(DRAFT_TOPIC), "~/output/trajectory": own(TRAJECTORY_TOPIC),
                    "~/output/path": own(PATH_TOPIC)}),
        NodeDescription(
            name="controller", parameters={**timing, **described, "rig": settings.rig,
                                           "rate_hz": settings.command_rate_hz,
                                           **{f"guard.{s}": settings.guard for s in GUARD_SWITCHES}},
            remaps={"~/input/trajectory": own(TRAJECTORY_TOPIC), **moving,
                    "~/input/points": sensed["~/input/points"],
                    "~/output/guard_status": own(GUARD_TOPIC), **settings.commanded()}),
    ]
    if settings.dashboard:
        nodes.append(NodeDescription(
            name="dashboard", nice=5, essential=False,
            parameters={**sim_time, "port": settings.dashboard_port, **sight, **described, "rviz": settings.rviz},
            remaps={"~/input/world_info": WORLD_INFO_TOPIC, **sensed,
                    "~/input/draft": own(DRAFT_TOPIC), "~/input/trajectory": own(TRAJECTORY_TOPIC),
                    "~/input/guard_status": own(GUARD_TOPIC),
                    "~/input/command": settings.commanded()[COMMAND_OUTPUT],
                    "~/input/scene_report": own(REPORT_TOPIC), "~/input/objects": settings.of_role(OBJECTS_TOPIC),
                    "~/input/lights": LIGHTS_TOPIC, "~/input/diagnostics": DIAGNOSTICS_TOPIC,
                    "~/output/markers": own(MARKERS_TOPIC), "~/output/bird_grid": own(GRID_TOPIC),
                    "~/output/annotated_image": own(ANNOTATED_TOPIC)}))
    if settings.router:
        nodes.append(NodeDescription(
            name="route", essential=False,
            parameters={**sim_time, "map": settings.map, "gnss_points": settings.gnss_points},
            remaps={"~/input/odometry": sensed["~/input/odometry"], "~/input/world_info": WORLD_INFO_TOPIC,
                    "~/input/goal": settings.goal_topic or settings.of_role(GOAL_TOPIC),
                    "~/output/route": sensed["~/input/route"]}))
    if settings.carla_native:
        nodes.append(NodeDescription(
            name="carla_native", parameters={"role": settings.role, "rig": settings.rig, "host": settings.carla_host,
                                             "port": settings.carla_port}))
    if settings.recorder:
        nodes.append(NodeDescription(
            name="recorder", nice=10, essential=False,
            parameters={**sim_time, "bag": f"{settings.out}/bag", "compress": True,
                        "stack": told({d.name: d.parameters for d in nodes})}))
    if settings.simulator:
        nodes.append(NodeDescription(
            name="simulator", restart=False,  # its world is gone with it, and the drive
            parameters={"lockstep": settings.lockstep, "suite": settings.suite, "first_seed": settings.first_seed,
                        "routes": settings.routes, "duration_s": settings.duration_s, "out": settings.out}))
    return tuple(nodes)
