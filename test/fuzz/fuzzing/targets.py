"""All targets: their names, their shares of 100 000 inputs, and where their subjects are."""

from __future__ import annotations

from importlib.util import find_spec

from fuzzing.subject import Target

TARGETS = (
    Target("checkpoint", 4000, "checkpoints", "Checkpoint"),
    Target("vocabulary", 2000, "results", "VocabularyFile"),
    Target("training_state", 1000, "checkpoints", "TrainingState"),
    Target("samples", 5000, "samples", "Samples"),
    Target("result", 3000, "results", "Result"),
    Target("recorded_route", 2000, "results", "RecordedRoute"),
    Target("bag", 5000, "bags", "Bag"),
    Target("opendrive", 7000, "maps", "Map"),
    Target("routes", 8000, "maps", "RouteFile"),
    Target("descriptions", 4000, "descriptions", "Description"),
    Target("parameters", 2000, "parameters", "ParameterFile"),
    Target("page", 4000, "page", "Page"),
    Target("messages", 18_000, "messages", "Messages"),
    Target("compressed_images", 4000, "messages", "CompressedImages"),
    Target("action", 4000, "nodes", "ActionCallbacks"),
    Target("understanding", 4000, "nodes", "UnderstandingCallbacks"),
    Target("refiner", 4000, "nodes", "RefinerCallbacks"),
    Target("controller", 5000, "nodes", "ControllerCallbacks"),
    Target("ackermann", 2000, "nodes", "AckermannCallbacks"),
    Target("twist", 2000, "nodes", "TwistCallbacks"),
    Target("simulator", 2000, "nodes", "SimulatorCallbacks"),
    Target("recorder", 2000, "nodes", "RecorderCallbacks"),
    Target("dashboard", 4000, "nodes", "DashboardCallbacks"),
    Target("monitor", 2000, "nodes", "MonitorCallbacks"),
)
FAULTY = Target("faulty", 0, "faulty", "Faulty")
ROS_MODULES = ("messages", "nodes", "parameters")


def has_ros() -> bool:
    """Whether messages and nodes can be made here."""
    return find_spec("rclpy") is not None
