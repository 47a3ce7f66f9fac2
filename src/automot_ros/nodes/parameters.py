"""A config dataclass as declared ROS parameters: typed, bounded, described, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import ParameterSpec, build, describe

T = TypeVar("T")
Groups = Mapping[str, type]


def descriptor_of(spec: ParameterSpec) -> ParameterDescriptor:
    """Unit, text, bounds and options as ROS tools show them."""
    text = spec.text + (f" [{spec.unit}]" if spec.unit else "")
    made = ParameterDescriptor(name=spec.name, description=text)
    if spec.options:
        made.additional_constraints = "one of: " + ", ".join(spec.options)
    if spec.low is not None and spec.high is not None:
        if spec.kind is int:
            made.integer_range = [IntegerRange(from_value=int(spec.low), to_value=int(spec.high), step=0)]
        else:
            made.floating_point_range = [FloatingPointRange(from_value=spec.low, to_value=spec.high, step=0.0)]
    return made


def declare(node: Node, groups: Groups) -> list[ConfigError]:
    """Declare every parameter of every group, named `prefix` + field; unusable overrides come back as errors.

    A parameter with a bad override is declared with its default, so that tools can show and mend it; the errors keep
    the node from being configured. An override that names no parameter is an error too, not a silent nothing.
    """
    errors: list[ConfigError] = []
    known = {"use_sim_time", "start_type_description_service"}
    for prefix, config in groups.items():
        for spec in describe(config):
            name = prefix + spec.name
            known.add(name)
            try:
                if node.declare_parameter(name, spec.default, descriptor_of(spec)).value is None:  # `name: ~` in YAML
                    node.undeclare_parameter(name)
                    raise InvalidParameterValueException(name, None, "no value")
            except (InvalidParameterTypeException, InvalidParameterValueException) as error:
                where = f"{node.get_name()}.{name}"
                errors.append(ConfigError("parameter cannot be used", where=where, got=str(error)))
                node.declare_parameter(name, spec.default, descriptor_of(spec), ignore_override=True)
    unknown = sorted(n for n in node._parameter_overrides if n not in known and not n.startswith("qos_overrides"))
    if unknown:
        errors.append(ConfigError("unknown parameter", where=node.get_name(), got=unknown,
                                  wanted=f"one of {sorted(known)}"))
    return errors


def read(node: Node, config: type[T], prefix: str = "") -> T:
    """The config as the parameters stand now. Raises ConfigError when fields contradict each other."""
    return build(config, {s.name: node.get_parameter(prefix + s.name).value for s in describe(config)})


def refuse_bad_values(node: Node, groups: Groups, is_configured: Callable[[], bool]) -> None:
    """Check every later change. Parameters are read by `configure`: a configured node refuses a change and says so."""

    def check(changes: list[Parameter[Any]]) -> SetParametersResult:
        for prefix, config in groups.items():
            values = {s.name: node.get_parameter(prefix + s.name).value for s in describe(config)
                      if node.has_parameter(prefix + s.name)}
            touched = {p.name[len(prefix):]: p.value for p in changes if p.name.startswith(prefix)
                       and p.name[len(prefix):] in values}
            if not touched:
                continue
            if is_configured():
                return SetParametersResult(successful=False, reason=f"{sorted(touched)} is read by configure: "
                                           "deactivate and clean up the node first")
            try:
                build(config, values | touched)
            except ConfigError as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)
