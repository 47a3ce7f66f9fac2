"""Every drive interface: a left turn is a left turn, braking slows down, reverse is never sent, a stop is a stop.

Each interface is read as its public definition says, by an `Outside` that knows nothing of ours. Autoware's messages
are structural doubles where they are not installed: the fields of the public definitions and no others, with the types
that rclpy would check.
"""

import dataclasses
import functools
import importlib.util
import math
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time

from automot_ros.base.errors import MachineError, MessageError
from automot_ros.base.quantity import describe
from automot_ros.driving.order import DriveOrder, standing_order
from automot_ros.nodes import interfaces, qos
from automot_ros.nodes.controller import ControllerNodeConfig
from automot_ros.nodes.interfaces import CONTRACTS, contract
from automot_ros.scene.plan import DriveCommand
from automot_ros.vehicle.specification import VehicleSpec

CAR = VehicleSpec()
NOW_NS, STAMP_NS = 5_250_000_000, 5_200_000_000
# github.com/autowarefoundation/autoware_msgs at 7025d8f7: the messages as they are defined there.
DEFINITIONS: dict[str, dict[str, dict[str, Any]]] = {
    "autoware_control_msgs": {
        "Lateral": {"stamp": Time, "control_time": Time, "steering_tire_angle": float,
                    "steering_tire_rotation_rate": float, "is_defined_steering_tire_rotation_rate": bool},
        "Longitudinal": {"stamp": Time, "control_time": Time, "velocity": float, "acceleration": float, "jerk": float,
                         "is_defined_acceleration": bool, "is_defined_jerk": bool},
        "Control": {"stamp": Time, "control_time": Time, "lateral": "Lateral", "longitudinal": "Longitudinal"}},
    "autoware_vehicle_msgs": {
        "GearCommand": {"stamp": Time, "command": int}, "TurnIndicatorsCommand": {"stamp": Time, "command": int},
        "Engage": {"stamp": Time, "engage": bool}}}
CONSTANTS = {"GearCommand": {"NONE": 0, "NEUTRAL": 1, "DRIVE": 2, "REVERSE": 20, "REVERSE_2": 21, "PARK": 22},
             "TurnIndicatorsCommand": {"NO_COMMAND": 0, "DISABLE": 1, "ENABLE_LEFT": 2, "ENABLE_RIGHT": 3}}


def double(name: str, fields: dict[str, Any], made: dict[str, type]) -> type:
    """A message class with these fields only, each of its type only, as a generated one."""
    kinds = {field: made[kind] if isinstance(kind, str) else kind for field, kind in fields.items()}

    def refuse_another_type(self: Any, field: str, value: Any) -> None:
        if field not in kinds or type(value) is not kinds[field]:
            raise TypeError(f"{name}.{field} = {value!r}")
        object.__setattr__(self, field, value)

    columns = [(field, kind, dataclasses.field(default_factory=kind)) for field, kind in kinds.items()]
    return dataclasses.make_dataclass(name, columns, namespace={"__setattr__": refuse_another_type,
                                                                **CONSTANTS.get(name, {})})


@pytest.fixture(autouse=True)
def autoware_messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Doubles where the packages are not installed."""
    if importlib.util.find_spec("autoware_control_msgs") is not None:
        yield
        return
    for package, messages in DEFINITIONS.items():
        made: dict[str, type] = {}
        for name, fields in messages.items():
            made[name] = double(name, fields, made)
        module = types.ModuleType(f"{package}.msg")
        vars(module).update(made)
        monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
        monkeypatch.setitem(sys.modules, f"{package}.msg", module)
    yield
    sys.modules.pop("automot_ros.bridges.autoware", None)


@dataclasses.dataclass(frozen=True)
class Outside:
    """What the vehicle behind an interface understands: left turn and acceleration forward are positive."""

    left: float
    slows: bool
    goes: float
    reverse: bool


def as_carla(m: Any) -> Outside:
    return Outside(-m.steer, m.brake > 0.0, m.throttle, m.reverse)


def as_ackermann(m: Any) -> Outside:
    assert m.drive.acceleration > 0.0, "zero means as quickly as possible"
    return Outside(m.drive.steering_angle, m.drive.speed < SPEED_MPS, m.drive.speed, m.drive.speed < 0.0)


def as_autoware(m: Any) -> Outside:
    assert m.longitudinal.is_defined_acceleration
    slows = m.longitudinal.acceleration < 0.0
    assert slows == (m.longitudinal.velocity < SPEED_MPS), "both numbers say the same"
    return Outside(m.lateral.steering_tire_angle, slows, m.longitudinal.velocity, m.longitudinal.velocity < 0.0)


def as_twist(m: Any) -> Outside:
    return Outside(m.twist.angular.z, m.twist.linear.x < SPEED_MPS, m.twist.linear.x, m.twist.linear.x < 0.0)


READ: dict[str, Callable[[Any], Outside]] = {"carla": as_carla, "ackermann": as_ackermann, "autoware": as_autoware,
                                             "twist": as_twist}
SPEED_MPS = 5.0


def order(throttle: float = 0.3, brake: float = 0.0, steer: float = 0.0, *, target: float = 6.0,
          acceleration: float = 1.0, **change: Any) -> DriveOrder:
    made = DriveOrder(DriveCommand.of(STAMP_NS, throttle, brake, steer), acceleration, target,
                      CAR.steer_to_wheel_rad * steer, CAR.curvature_of(steer), 0.0, stop=False, engaged=True)
    return dataclasses.replace(made, **change)


def sent(name: str, of: DriveOrder) -> Any:
    return contract(name).Drive().command(of, NOW_NS)


def test_every_contract_is_tested_and_offered_as_a_parameter() -> None:
    (spec,) = [s for s in describe(ControllerNodeConfig) if s.name == "drive_interface"]
    assert set(READ) == set(CONTRACTS) == set(spec.options)
    assert spec.default == "carla"


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("steer", [-0.8, -0.1, 0.1, 0.8])
def test_a_left_turn_is_a_left_turn(name: str, steer: float) -> None:
    got = READ[name](sent(name, order(steer=steer)))
    assert math.copysign(1.0, got.left) == math.copysign(1.0, steer)
    assert abs(got.left) > abs(READ[name](sent(name, order(steer=steer / 2.0))).left)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("steer", [-0.8, 0.1, 0.8])
def test_what_is_sent_is_read_back_in_our_signs(name: str, steer: float) -> None:
    drive, asked = contract(name).Drive(), order(steer=steer, target=4.0, acceleration=0.7)
    back = drive.read(drive.command(asked, NOW_NS))
    wanted = {"throttle": asked.command.throttle, "brake": 0.0, "steer": asked.command.steer,
              "wheel_rad": asked.wheel_rad, "speed_mps": 4.0, "acceleration_mps2": 0.7,
              "yaw_rate_radps": 4.0 * asked.curvature_per_m}
    told = {field: value for field, value in dataclasses.asdict(back).items() if value is not None}
    assert len(told) >= 2
    assert told == {field: pytest.approx(wanted[field], abs=1e-6) for field in told}


@pytest.mark.parametrize("name", [n for n in READ if n != "carla"])
def test_a_command_that_is_no_number_is_refused(name: str) -> None:
    message = sent(name, order())
    drive, where = contract(name).Drive(), {"ackermann": "drive.speed", "autoware": "longitudinal.velocity",
                                            "twist": "twist.linear.x"}[name]
    *path, last = where.split(".")
    setattr(functools.reduce(getattr, path, message), last, math.nan)
    with pytest.raises(MessageError, match=f"not a number in {where}"):
        drive.read(message)


@pytest.mark.parametrize("name", READ)
def test_throttle_goes_on_and_brake_slows_down(name: str) -> None:
    going = READ[name](sent(name, order()))
    assert going.goes > 0.0 and not going.slows
    braking = READ[name](sent(name, order(0.0, 0.4, target=4.0, acceleration=-3.2)))
    assert braking.slows
    assert not going.reverse and not braking.reverse


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("stop", [
    standing_order(CAR, STAMP_NS, 0.5),
    order(0.0, 0.5, 0.3, target=0.0, acceleration=-4.0, stop=True),
    order(0.0, 0.02, target=0.0, acceleration=-0.2, stop=True)])
def test_a_stop_of_the_guard_is_a_stop_and_standing_is_held(name: str, stop: DriveOrder) -> None:
    message = sent(name, stop)
    got = READ[name](message)
    assert got.slows and not got.reverse
    assert got.goes == 0.0
    if name == "autoware":
        assert message.longitudinal.acceleration <= -1.5, "holds"
    if name == "twist":
        assert message.twist.angular.z == 0.0, "does not spin on the spot"


@pytest.mark.parametrize("name", READ)
def test_the_wheel_is_held_where_it_was_while_the_car_stops(name: str) -> None:
    got = READ[name](sent(name, order(0.0, 0.5, 0.3, target=0.0, acceleration=-4.0, stop=True)))
    assert (got.left > 0.0) == (name != "twist")


def stamp_ns(stamp: Time) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def test_commands_carry_the_time_they_are_made_at_and_those_of_carla_the_time_of_their_inputs() -> None:
    stamps = {name: stamp_ns(m.stamp if name == "autoware" else m.header.stamp)
              for name in READ for m in [sent(name, order())]}
    assert stamps == {"carla": STAMP_NS, "ackermann": NOW_NS, "autoware": NOW_NS, "twist": NOW_NS}
    control = sent("autoware", order())
    assert stamp_ns(control.lateral.stamp) == stamp_ns(control.longitudinal.stamp) == NOW_NS


def test_the_wheel_angle_and_the_yaw_rate_are_those_of_the_vehicle() -> None:
    full = order(steer=1.0, target=2.0)
    assert sent("ackermann", full).drive.steering_angle == pytest.approx(CAR.steer_to_wheel_rad)
    assert sent("autoware", full).lateral.steering_tire_angle == pytest.approx(CAR.steer_to_wheel_rad)
    assert sent("twist", full).twist.angular.z == pytest.approx(2.0 * CAR.curvature_of(1.0))


def test_autoware_is_told_gear_drive_and_engaged_once_there_was_a_plan() -> None:
    drive = contract("autoware").Drive()
    waiting = drive.beside(standing_order(CAR, STAMP_NS, 0.5), NOW_NS)
    assert [type(m) for m in waiting] == [outlet.kind for outlet in drive.BESIDE]
    assert [waiting[0].command, waiting[2].engage] == [2, False]
    assert drive.beside(order(), NOW_NS)[2].engage
    after = drive.beside(standing_order(CAR, STAMP_NS, 0.5), NOW_NS)
    assert after[2].engage, "a vehicle that is not engaged would ignore the stop"
    assert after[0].command == 2 and stamp_ns(after[0].stamp) == NOW_NS


def test_autoware_indicates_a_turn_until_it_is_nearly_done() -> None:
    drive = contract("autoware").Drive()
    lamps = [drive.beside(order(turn_rad=turn), NOW_NS)[1].command for turn in (0.0, 0.2, 0.5, 0.2, 0.1, -0.5, -0.2)]
    assert lamps == [1, 1, 2, 2, 1, 3, 3]
    assert drive.beside(order(stop=True), NOW_NS)[1].command == 3, "a stop in a turn keeps the lamp"


def test_a_reader_that_comes_late_gets_the_command_only_where_the_contract_says_so() -> None:
    latched = {name: contract(name).Drive().LATCHED for name in READ}
    assert latched == {"carla": False, "ackermann": False, "autoware": True, "twist": False}
    assert (qos.command(True), qos.command(False)) == (qos.LATCHED, qos.PLAN)


@pytest.mark.parametrize("name", READ)
def test_every_output_has_a_topic(name: str) -> None:
    outputs = [interfaces.COMMAND_OUTPUT, *(outlet.name for outlet in contract(name).Drive().BESIDE)]
    assert list(CONTRACTS[name].topics) == outputs


@pytest.mark.skipif(importlib.util.find_spec("autoware_control_msgs") is not None, reason="is installed here")
def test_missing_messages_are_named_with_the_way_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [m for m in sys.modules if m.startswith("autoware_")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(MachineError, match=r"autoware_control_msgs and autoware_vehicle_msgs: apt install ros-"):
        contract("autoware")
