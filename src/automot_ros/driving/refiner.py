"""The refiner node's core: a draft, polished or not, becomes a trajectory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import check_bounds, choice
from automot_ros.driving.interfaces import RefinerPolicy
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.scene.plan import Draft, PlanStatus, Trajectory


@dataclass(frozen=True, kw_only=True)
class RefinerConfig:
    """Whether drafts are refined."""

    refiner: str = choice("diffusion", ("diffusion", "none"), "How drafts are refined.")

    def __post_init__(self) -> None:
        check_bounds(self)


class RefinerCore:
    """`step(draft)`: the trajectory, always one."""

    def __init__(self, config: RefinerConfig, refiner: RefinerPolicy | None) -> None:
        if (refiner is None) != (config.refiner == "none"):
            raise ConfigError("refiner and its parameter disagree", where="RefinerConfig.refiner", got=config.refiner,
                              wanted="none" if refiner is None else "diffusion")
        self._refiner = refiner

    def step(self, draft: Draft) -> Trajectory:
        """The draft as a trajectory; a refinement that is not finite is dropped, and the status says so."""
        status, reason = PlanStatus.DRAFT_ONLY, "drafts are not refined"
        waypoints, route = draft.waypoints_62, draft.route_202
        # A draft that is not finite goes through to trajectory_from, which makes a stop of it.
        if self._refiner is not None and np.all(np.isfinite(waypoints)) and np.all(np.isfinite(route)):
            refined_waypoints, refined_route = self._refiner.refine(draft)
            if np.all(np.isfinite(refined_waypoints)) and np.all(np.isfinite(refined_route)):
                waypoints, route, status, reason = refined_waypoints, refined_route, PlanStatus.NOMINAL, ""
            else:
                reason = "refinement is not finite"
        return trajectory_from(draft.ego, waypoints, route, status=status, reason=reason,
                               context_age_s=draft.context_age_s)
