"""Who may read whom: blocks in order, each full inside, each seeing all earlier blocks and none later.

    BEV | targets + state | decision | route | waypoints        (the action tokens, all reading the context)

             ctx  bev  st  dec  rou  way
        bev   x    x
        st    x    x   x
        dec   x    x   x    x
        rou   x    x   x    x    x
        way   x    x   x    x    x    x

Masks are True where reading is allowed. Letters: A action tokens, T context tokens, B batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from automot_ros.model.variants import (
    BEV_TOKENS,
    DECISION_TOKENS,
    ROUTE_TOKENS,
    STATE_TOKENS,
    TARGET_TOKENS,
    WAYPOINT_TOKENS,
)

ACTION_BLOCKS = (BEV_TOKENS, TARGET_TOKENS + STATE_TOKENS, DECISION_TOKENS, ROUTE_TOKENS, WAYPOINT_TOKENS)


def block_causal(lengths: tuple[int, ...]) -> Tensor:
    """(S, S) bool for blocks of these lengths: token i may read token j when j's block is not later than i's."""
    block_S = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    return block_S[:, None] >= block_S[None, :]


def action_mask() -> Tensor:
    """(A, A) bool among the action tokens."""
    return block_causal(ACTION_BLOCKS)


def with_context(context_tokens: int) -> Tensor:
    """(A, T + A) bool: every action token reads the whole context, then the blocks."""
    mask_AA = action_mask()
    return torch.cat([torch.ones(len(mask_AA), context_tokens, dtype=torch.bool), mask_AA], dim=1)


def with_padded_context(context_mask_BT: Tensor) -> Tensor:
    """(B, 1, A, T + A) bool, where padding tokens of a batch's contexts (False) are read by nobody."""
    mask_AA = action_mask().to(context_mask_BT.device)
    batch, count = len(context_mask_BT), len(mask_AA)
    context_BAT = context_mask_BT.bool()[:, None, :].expand(-1, count, -1)
    return torch.cat([context_BAT, mask_AA.expand(batch, -1, -1)], dim=2)[:, None]


def without_decisions(mask: Tensor) -> Tensor:
    """The same mask (..., A, T + A), but no token behind the decision reads it."""
    begin = BEV_TOKENS + TARGET_TOKENS + STATE_TOKENS
    end = begin + DECISION_TOKENS
    before = mask.shape[-1] - mask.shape[-2]
    kept = mask.clone()
    kept[..., end:, before + begin : before + end] = False
    return kept


def whole_sequence(context_tokens: int) -> Tensor:
    """(T + A, T + A) bool of one sequence holding both experts: context causal, and it never reads action tokens."""
    count = sum(ACTION_BLOCKS)
    top = torch.cat([torch.ones(context_tokens, context_tokens).tril().bool(),
                     torch.zeros(context_tokens, count, dtype=torch.bool)], dim=1)
    return torch.cat([top, with_context(context_tokens)], dim=0)
