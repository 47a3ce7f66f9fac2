"""The controller node: the newest trajectory, under the guard, becomes a command. See driving/controller.py."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import PointCloud2

from automot_ros.base.errors import AutomotError
from automot_ros.base.quantity import choice, quantity
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.order import DriveOrder, order_of, standing_order
from automot_ros.guard.config import GuardConfig
from automot_ros.msg import GuardStatus, PlannedTrajectory
from automot_ros.nodes import convert, convert_plan, qos
from automot_ros.nodes.camera_input import RigConfig, points_of
from automot_ros.nodes.interfaces import DRIVE_INTERFACES, contract
from automot_ros.nodes.lifecycle import ERROR, OK, WARN, DrivingNode, run_node, settle
from automot_ros.nodes.liveness import InputLiveness
from automot_ros.nodes.lockstep import Answer
from automot_ros.nodes.pacing import Pacer
from automot_ros.scene.plan import GuardMode
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS

HOLD_BRAKE = 0.5
_LEVELS = {GuardMode.NOMINAL: OK, GuardMode.LIMITED: WARN, GuardMode.BRAKING: ERROR, GuardMode.STOPPED: ERROR}


@dataclass(frozen=True, kw_only=True)
class ControllerNodeConfig(ControllerConfig, RigConfig):
    """ControllerConfig and what the node adds to it."""

    vehicle: str = choice("carla_lincoln_mkz", (), "The vehicle: a file of config/vehicles, or the path of one.")
    drive_interface: str = choice("carla", DRIVE_INTERFACES, "What the vehicle takes as a command.")
    rate_hz: float = quantity(20.0, "Hz", "Real time: commands a second; 20 in simulation, 50 on a vehicle.",
                              low=5.0, high=100.0)


class ControllerNode(DrivingNode):
    """Carries messages to and from ControllerCore. In real time it commands at its rate, whatever arrives or not."""

    CONFIG: ClassVar = {"": ControllerNodeConfig, "guard.": GuardConfig}

    def __init__(self) -> None:
        super().__init__("controller")
        self._timer: Any = None
        self._route: Route | None = None

    def set_up(self) -> None:
        """Check the limits, open the topics."""
        self._config = self.config(ControllerNodeConfig)
        self._guard_config = self.config(GuardConfig, "guard.")
        self._vehicle, self._lidar = read_vehicle(self._config.vehicle), read_rig(self._config.rig).lidar
        self._interface = interface = contract(self._config.drive_interface).Drive()
        lockstep = self._config.lockstep
        self._command = Answer(self.publish_on(interface.COMMAND_MESSAGE, "~/output/command",
                                               qos.command(interface.LATCHED)))
        self._beside = [self.publish_on(outlet.kind, outlet.name, profile=qos.LATCHED) for outlet in interface.BESIDE]
        self._guard_pub = self.publish_on(GuardStatus, "~/output/guard_status", qos.PLAN)
        self.subscribe(Odometry, "~/input/odometry", self._on_odometry, qos.sensor(lockstep))
        self.subscribe(PointCloud2, "~/input/points", self._on_points, qos.sensor(lockstep))
        self.subscribe(Path, "~/input/route", self._on_route, qos.LATCHED, always=True)
        self.subscribe(PlannedTrajectory, "~/input/trajectory", self._on_trajectory, qos.PLAN)
        settle()

    def reset(self) -> None:
        """A new drive: brake until there is a plan."""
        self._core = ControllerCore(self._config, self._guard_config, self._vehicle, self._lidar.position_ego_m)
        if self._route is not None:
            self._core.observe_route(self._route)
        self._liveness = InputLiveness("points")
        self._pacer = Pacer(self._config.rate_hz, self.pace_s)
        self._command.forget()

    def start(self) -> None:
        """Real time: command at the rate, with or without inputs."""
        if not self._config.lockstep:
            self._timer = self.every(0.5 / self._config.rate_hz, self._on_timer)

    def stop(self) -> None:
        """No more commands: whoever drives the vehicle must hold the brake when commands end."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def _on_route(self, message: Path) -> None:
        self._route = convert.route_from_msg(message)
        if self.active:
            self._core.observe_route(self._route)

    def _on_odometry(self, message: Odometry) -> None:
        ego = convert.ego_from_msg(message)
        self._liveness.odometry(message.header.frame_id, ego)
        self.seen(ego.stamp_ns)
        self._command.again(ego.stamp_ns)
        self._core.observe_ego(ego, self.now_ns())
        self._beat(-1)

    def _on_points(self, message: PointCloud2) -> None:
        points = points_of(message, self._lidar)
        self._liveness.sensor("points", message.header.frame_id, points.stamp_ns, message.data)
        self.seen(points.stamp_ns)
        self._core.observe_points(points, self.now_ns())
        self._beat(-1)

    def _on_trajectory(self, message: PlannedTrajectory) -> None:
        trajectory = convert_plan.trajectory_from_msg(message)
        self._core.observe_trajectory(trajectory, self.now_ns())
        self._beat(trajectory.stamp_ns)

    def _beat(self, stamp_ns: int) -> None:
        # Lockstep: the route may arrive after the first tick; the tick will come again.
        due = self._route is not None if self._config.lockstep else stamp_ns > 0 and self._pacer.complete(stamp_ns)
        if due:
            self._step()

    def _on_timer(self) -> None:
        if self._pacer.overdue():
            self._step()

    def _step(self) -> None:
        now_ns = self.now_ns()
        begin = time.perf_counter()
        try:
            done = self._core.step(now_ns)
        except AutomotError as error:  # the last word on a command is never silence
            self._send(standing_order(self._vehicle, now_ns, HOLD_BRAKE), now_ns)
            self.diagnose(ERROR, str(error), {})
            raise
        if done is None:
            return
        command, report = done
        guard = self._core.guard
        self._send(order_of(self._vehicle, command, report, guard.ego, guard.trajectory, now_ns), now_ns)
        self._guard_pub.publish(convert_plan.guard_to_msg(report))
        self.diagnose(_LEVELS[report.mode], report.text or report.mode.name.lower(), {
            "mode": report.mode.name, "reason": report.reason.name, "odometry_age_s": report.odometry_age_s,
            "trajectory_age_s": report.trajectory_age_s, "points_age_s": report.points_age_s,
            "context_age_s": report.context_age_s, "time_to_collision_s": report.time_to_collision_s,
            "interventions": report.interventions, "compute_s": time.perf_counter() - begin,
            "input_to_output_s": (now_ns - command.stamp_ns) / SECOND_NS})

    def _send(self, order: DriveOrder, now_ns: int) -> None:
        self._command.send(order.command.stamp_ns, self._interface.command(order, now_ns))
        for publisher, message in zip(self._beside, self._interface.beside(order, now_ns), strict=True):
            publisher.publish(message)


def main() -> int:
    """Run the node."""
    return run_node(ControllerNode)


if __name__ == "__main__":
    raise SystemExit(main())
