"""An action expert whose route and waypoints do not read the decision tokens; the decision itself is as ever."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from automot_ros.model.joint_attention import ContextReader
from automot_ros.model.mask import without_decisions
from automot_ros.policy.nano import Action

_Inputs = tuple[Tensor, Tensor, Tensor, ContextReader]


class UndecidedAction(Action):
    """Action under another mask. It was not trained so: what it loses is the most that the decision can be worth."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._expert.mixture.register_forward_pre_hook(_masked)


def _masked(_: nn.Module, inputs: _Inputs) -> _Inputs:
    tokens_BAD, next_position_B, mask, context = inputs
    return tokens_BAD, next_position_B, without_decisions(mask), context
