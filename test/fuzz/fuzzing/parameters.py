"""Parameter files: what a node is given with --params-file."""

from __future__ import annotations

import random
from pathlib import Path

import rclpy
from rclpy.node import Node

from automot_ros.base.places import shipped
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from automot_ros.nodes import parameters
from automot_ros.nodes.controller import ControllerNode
from fuzzing.mutate import changed_yaml
from fuzzing.subject import Case, Refusal, Subject, write_case

FILE = "drive.yaml"
GROUPS = ControllerNode.CONFIG


class ParameterFile(Subject):
    """The shipped file, as the controller reads it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rclpy.init(args=[])
        self._good = shipped("config/drive.yaml").read_bytes()

    def good(self) -> Case:
        """As it is shipped."""
        return {FILE: self._good}

    def draw(self, rng: random.Random) -> Case:
        """Other values, another key, other bytes."""
        return {FILE: changed_yaml(rng, self._good)}

    def take(self, case: Case) -> None:
        """Start a node with it."""
        write_case(case, self.folder)
        try:
            node = Node("controller", cli_args=["--ros-args", "--params-file", str(self.folder / FILE)],
                        enable_rosout=False, start_parameter_services=False)
        except RuntimeError as error:  # the parser of ROS itself, which names file and line
            raise Refusal(str(error)) from error
        try:
            problems = parameters.declare(node, GROUPS)
            if problems:
                raise problems[0]
            parameters.read(node, GROUPS["guard."], "guard.")
            read = parameters.read(node, GROUPS[""])
            read_vehicle(read.vehicle)
            read_rig(read.rig)
        finally:
            node.destroy_node()

    def close(self) -> None:
        """Let go of ROS."""
        rclpy.try_shutdown()
