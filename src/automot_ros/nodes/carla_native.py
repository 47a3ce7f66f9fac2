"""Beside CARLA's own ROS 2 interface: what that lacks and the stack needs, from CARLA's Python API, every tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from carla_msgs.msg import CarlaEgoVehicleStatus, CarlaTrafficLightStatusList, CarlaWorldInfo
from derived_object_msgs.msg import ObjectArray
from nav_msgs.msg import Odometry

from automot_ros.base.errors import AutomotError, MachineError, MessageError
from automot_ros.base.quantity import check_bounds, choice, quantity, switch
from automot_ros.data.vehicle_files import read_rig
from automot_ros.nodes import qos, stack
from automot_ros.nodes.camera_input import RigConfig
from automot_ros.nodes.interfaces import native_carla
from automot_ros.nodes.lifecycle import OK, DrivingNode, run_node


@dataclass(frozen=True, kw_only=True)
class CarlaNativeConfig(RigConfig):
    """Which server, which ego."""

    host: str = choice("localhost", (), "Of the CARLA server.")
    port: int = quantity(2000, "", "Of the CARLA server.", low=1, high=65535)
    timeout_s: float = quantity(10.0, "s", "How long the server may take to answer.", low=1.0, high=120.0)
    role: str = choice("hero", (), "CARLA's role name of the ego; its own ROS 2 interface wants hero.")
    spawn: bool = switch(True, "Spawn the ego and the sensors of the rig; else they are there already.")

    def __post_init__(self) -> None:
        check_bounds(self)


class CarlaNativeNode(DrivingNode):
    """Looks at the world at each of its ticks and publishes what the stack reads."""

    CONFIG: ClassVar = {"": CarlaNativeConfig}

    def __init__(self) -> None:
        super().__init__("carla_native")
        self._spawned: list[Any] = []
        self._tick: int | None = None
        self._world: Any = None

    def set_up(self) -> None:
        """Connect, compare versions, find or spawn the ego. Says what to change where that fails."""
        self._config = c = self.config(CarlaNativeConfig)
        self._native = native_carla()
        try:
            import carla
        except ImportError as error:
            raise MachineError("CARLA's Python package is missing", got=str(error),
                               wanted="pip install carla") from error
        try:
            client = carla.Client(c.host, c.port)
            client.set_timeout(c.timeout_s)
            self._native.check_versions(client.get_client_version(), client.get_server_version())
            self._world = client.get_world()
            if c.spawn:
                self._spawned = self._native.spawn(carla, self._world, read_rig(c.rig), c.role)
            self._ego = self._native.find_ego(self._world.get_actors(), c.role)
            town = self._world.get_map()
        except RuntimeError as error:
            raise MachineError("no CARLA server answers", where=f"{c.host}:{c.port}", got=str(error),
                               wanted="a server that was started with --ros2") from error
        prefix = f"/carla/{c.role}"
        self._odometry_pub = self.publish_on(Odometry, f"{prefix}/odometry", qos.OFFERED)
        self._status_pub = self.publish_on(CarlaEgoVehicleStatus, f"{prefix}/vehicle_status", qos.OFFERED)
        self._objects_pub = self.publish_on(ObjectArray, f"{prefix}/objects", qos.OFFERED)
        self._lights_pub = self.publish_on(CarlaTrafficLightStatusList, stack.LIGHTS_TOPIC, qos.OFFERED)
        self._info_pub = self.publish_on(CarlaWorldInfo, stack.WORLD_INFO_TOPIC, qos.LATCHED)
        self._info = CarlaWorldInfo(map_name=town.name, opendrive=town.to_opendrive())

    def start(self) -> None:
        """Follow the ticks; CARLA calls from a thread of its own."""
        self._info_pub.publish(self._info)
        self._tick = self._world.on_tick(self._on_tick)

    def stop(self) -> None:
        """Follow them no more."""
        if self._tick is not None:
            self._world.remove_on_tick(self._tick)
            self._tick = None

    def tear_down(self) -> None:
        """Take away what was spawned, sensors first."""
        while self._spawned:
            self._spawned.pop().destroy()
        self._world = None

    def _on_tick(self, snapshot: Any) -> None:
        try:
            self._publish(snapshot)
        except AutomotError as error:
            self.count_bad("tick", error)
        except RuntimeError as error:  # an actor that was destroyed meanwhile
            self.count_bad("tick", MessageError("CARLA gives no answer", where="tick", got=str(error)))

    def _publish(self, snapshot: Any) -> None:
        native, stamp_ns = self._native, self._native.stamp_of(snapshot)
        state = snapshot.find(self._ego.id)
        if state is None:
            raise MessageError("the ego is gone", where="tick", got=f"no actor {self._ego.id}",
                               wanted=self._config.role)
        self._odometry_pub.publish(native.odometry_of(state, stamp_ns, self._config.role))
        self._status_pub.publish(native.status_of(state, self._ego.get_control(), stamp_ns))
        if self._objects_pub.get_subscription_count() or self._lights_pub.get_subscription_count():
            actors = self._world.get_actors()
            self._objects_pub.publish(native.objects_of(actors, snapshot, self._ego.id, stamp_ns))
            self._lights_pub.publish(native.lights_of(actors))
        self.diagnose(OK, f"follows {self._config.role}", {"frame": snapshot.frame})


def main() -> int:
    """Run the node."""
    return run_node(CarlaNativeNode)


if __name__ == "__main__":
    raise SystemExit(main())
