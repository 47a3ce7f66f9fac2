"""The privileged expert: rules over states. It drives every scenario, says why, teaches, and is the yardstick."""

from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.expert import Expert
from automot_ros.simulation.expert.plan import ExpertPlan

__all__ = ["Expert", "ExpertConfig", "ExpertPlan"]
