"""The action expert: 101 tokens that read the context, and what is read off them.

    64 BEV | 2 target points | 1 state | 8 decision | 20 route | 6 waypoints

The state token's MLP reads speed, the age of the context, and the ego's motion since the context's stamp (forward,
left, yaw): the expert knows how old its context is and how far the car has moved since.

Training:   output = expert(batch, context_keys, context_values, next_position_B, context_mask_BT)
Driving:    buffer = expert.buffer(capacity); buffer.load(keys_LGTH, values_LGTV, next_position)
            output = expert.step(batch, buffer)

Both are the same computation. Imports torch alone, not transformers, so that the driving process starts quickly.
The decision is read by the language head of the understanding expert; its matrix is copied in by
`attach_language_head` and saved with the action part.

Letters: B batch, A action tokens, T context tokens, D width, W words, L layers, G key-value heads, P image patches,
K bird's-eye cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.model.bev_encoder import build_bev_encoder
from automot_ros.model.joint_attention import BatchContext, ContextBuffer, ContextReader
from automot_ros.model.mask import with_context, with_padded_context
from automot_ros.model.mixture import Mixture
from automot_ros.model.variants import (
    ACTION_TOKENS,
    BEV_TOKENS,
    DECISION_TOKENS,
    ROUTE_TOKENS,
    STATE_TOKENS,
    TARGET_TOKENS,
    WAYPOINT_TOKENS,
    ActionSize,
    Variant,
)

LIGHT_STATES = ("none", "red", "yellow", "green")
BODY_CLASSES = ("nothing", "vehicle", "walker", "obstacle")
_TARGET_SCALE_M, _SPEED_SCALE_MPS, _STEP_SCALE_M, _LEAD_SCALE_M = 20.0, 10.0, 5.0, 30.0
_TARGET_ARC_M = (8.0, 20.0)


@dataclass(frozen=True, slots=True)
class ActionBatch:
    """policy.preprocess.ActionInputs, stacked: images (B, I, J, 3) and BEV uint8, target points and state raw in SI."""

    images: tuple[Tensor, ...]
    bev_BCXY: Tensor
    target_points_B22: Tensor
    state_B5: Tensor


@dataclass(frozen=True, slots=True)
class ActionOutput:
    """Ego frame, metres, m/s. waypoints at 0.5 ... 3.0 s; route about 1 ... 20 m ahead; speeds at 1, 2, 3 s.

    decision_logits: the 8 positions <im_start> lon1 lat1 lon2 lat2 lon3 lat3 <im_end>. decision latents and BEV tokens
    are those after the last norm. noticed only teaches, and is absent in the released variant.
    """

    waypoints_B62: Tensor
    route_B202: Tensor
    speeds_B3: Tensor
    decision_logits_B8W: Tensor
    decision_latents_B8D: Tensor
    bev_tokens_B64D: Tensor
    noticed: Noticed | None


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the auxiliary heads answer, to be compared with the truth in training.

    light_logits (B, 4): LIGHT_STATES of the ego's light; lead_m (B,): distance to the body ahead; bodies (B, classes,
    X, Y): BODY_CLASSES of each cell of a coarse bird's-eye map; velocity (B, 2, X, Y): of what is there, in m/s.
    """

    light_logits_B4: Tensor
    lead_m_B: Tensor
    bodies_BCXY: Tensor
    velocity_B2XY: Tensor


class PointMLP(nn.Module):
    """A few numbers into one token."""

    def __init__(self, inputs: int, hidden: tuple[int, int], width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(inputs, hidden[0]), nn.ReLU(), nn.Linear(hidden[0], hidden[1]), nn.ReLU(),
                                 nn.Linear(hidden[1], width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., width)."""
        out: Tensor = self.mlp(x)
        return out


class Queries(nn.Module):
    """Learned tokens through a projector."""

    def __init__(self, count: int, query_width: int, width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(count, query_width))
        self.fc1 = nn.Linear(query_width, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self) -> Tensor:
        """(count, width)."""
        out: Tensor = self.fc2(F.gelu(self.fc1(self.queries), approximate="tanh"))
        return out


class PointHead(nn.Module):
    """A token into a point (two numbers)."""

    def __init__(self, width: int, hidden: tuple[int, int]) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, hidden[0]), nn.SiLU(), nn.Linear(hidden[0], hidden[1]), nn.SiLU(),
                                 nn.Linear(hidden[1], 2, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) to (..., 2)."""
        out: Tensor = self.mlp(x)
        return out


class AuxiliaryHeads(nn.Module):
    """What a driver should notice, asked directly while training: the light, the distance ahead, the bodies around."""

    def __init__(self, size: ActionSize) -> None:
        super().__init__()
        self.patch_lamp = nn.Linear(size.bev_width, len(LIGHT_STATES) - 1)
        self.light = nn.Linear(size.width, len(LIGHT_STATES))
        self.lead = nn.Linear(size.width, 1)
        self.bodies = nn.Conv2d(size.stem[-1], len(BODY_CLASSES) + 2, 1)
        nn.init.constant_(self.patch_lamp.bias, -5.0)

    def forward(self, state_BD: Tensor, patches_BPD: Tensor, map_BCXY: Tensor) -> Noticed:
        """Any one patch may vote a lamp."""
        lamps_B3 = self.patch_lamp(patches_BPD).logsumexp(dim=1)
        light_B4 = self.light(state_BD) + F.pad(lamps_B3, (1, 0))
        bodies = self.bodies(map_BCXY)
        kinds, velocity = bodies[:, : len(BODY_CLASSES)], _SPEED_SCALE_MPS * bodies[:, len(BODY_CLASSES) :]
        return Noticed(light_B4, _LEAD_SCALE_M * self.lead(state_BD)[:, 0], kinds, velocity)


class ActionExpert(nn.Module):
    """See the module's text."""

    language_head_WD: Tensor
    _route_basis: Tensor

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        size = variant.action
        self.size = size
        self.bev_encoder = build_bev_encoder(size)
        self.bev_encoder_proj = nn.Linear(size.bev_width, size.width)
        self.target_point_encoder = PointMLP(2, size.input_mlp, size.width)
        self.velocity_encoder = PointMLP(size.state_inputs, size.input_mlp, size.width)
        self.reasoning = Queries(DECISION_TOKENS, size.query_width, size.width)
        self.route = Queries(ROUTE_TOKENS, size.query_width, size.width)
        self.waypoint = Queries(WAYPOINT_TOKENS, size.query_width, size.width)
        self.mixture = Mixture(size, variant.understanding.rope_theta)
        self.route_head = PointHead(size.width, size.head_mlp)
        self.waypoints_head = PointHead(size.width, size.head_mlp)
        self.velocity_head = nn.Sequential(nn.Linear(size.width, size.width), nn.LeakyReLU(0.1),
                                           nn.Linear(size.width, 3))
        self.auxiliary = AuxiliaryHeads(size) if size.scaled else None
        self.register_buffer("language_head_WD", torch.zeros(variant.understanding.vocabulary, size.width))
        self.register_buffer("_route_basis", _through_targets(), persistent=False)

    @torch.no_grad()
    def attach_language_head(self, weight_WD: Tensor) -> None:
        """Copy the understanding expert's (tied) embedding matrix; it is not trained here."""
        self.language_head_WD.copy_(weight_WD)

    def buffer(self, capacity: int) -> ContextBuffer:
        """Room for one context of up to `capacity` tokens."""
        return ContextBuffer(self.size, capacity, ACTION_TOKENS)

    def forward(self, batch: ActionBatch, context_keys: Sequence[Tensor], context_values: Sequence[Tensor],
                next_position_B: Tensor, context_mask_BT: Tensor | None = None) -> ActionOutput:
        """A batch with its contexts.

        context_keys: L tensors (B, G, T, key_dim); context_values: L tensors (B, G, T, head_dim); next_position_B: the
        position after each context; context_mask_BT: False at padding, None where all contexts have T tokens.
        """
        mask = (with_context(context_keys[0].shape[2]) if context_mask_BT is None
                else with_padded_context(context_mask_BT))
        context = BatchContext(context_keys, context_values)
        return self._run(batch, context, mask.to(next_position_B.device), next_position_B)

    def step(self, batch: ActionBatch, context: ContextBuffer) -> ActionOutput:
        """One tick (batch of one) on a loaded buffer."""
        position_B = torch.full((1,), context.next_position)
        return self._run(batch, context, with_context(context.tokens), position_B)

    def tokens(self, batch: ActionBatch) -> tuple[Tensor, Tensor, Tensor]:
        """The 101 tokens before the first layer (B, A, D); image patches (B, P, D) and map (B, C, X, Y) to teach."""
        cells_BKD, patches_BPD, map_BCXY = self.bev_encoder(batch.images, batch.bev_BCXY)
        targets_B22, state_BS = batch.target_points_B22, batch.state_B5[:, : self.size.state_inputs]
        if self.size.scaled:
            targets_B22 = targets_B22 / _TARGET_SCALE_M
            scale = state_BS.new_tensor([_SPEED_SCALE_MPS, 1.0, _SPEED_SCALE_MPS, 1.0, 0.3])
            state_BS = (state_BS / scale).clamp(-5.0, 5.0)
        queries_QD = torch.cat([self.reasoning(), self.route(), self.waypoint()])
        tokens_BAD = torch.cat([
            self.bev_encoder_proj(cells_BKD),
            self.target_point_encoder(targets_B22),
            self.velocity_encoder(state_BS)[:, None],
            queries_QD.expand(len(state_BS), -1, -1),
        ], dim=1)
        return tokens_BAD, patches_BPD, map_BCXY

    def _run(self, batch: ActionBatch, context: ContextReader, mask: Tensor, next_position_B: Tensor) -> ActionOutput:
        tokens_BAD, patches_BPD, map_BCXY = self.tokens(batch)
        out_BAD = self.mixture(tokens_BAD, next_position_B, mask, context)
        bev, _, state, decision, route, waypoints = out_BAD.split(
            [BEV_TOKENS, TARGET_TOKENS, STATE_TOKENS, DECISION_TOKENS, ROUTE_TOKENS, WAYPOINT_TOKENS], dim=1)
        offsets_B62, route_B202 = self.waypoints_head(waypoints), self.route_head(route)
        speeds_B3 = self.velocity_head(state[:, 0])
        if self.size.scaled:
            offsets_B62 = _STEP_SCALE_M * offsets_B62
            anchor_B202 = torch.einsum("nk,bkc->bnc", self._route_basis, batch.target_points_B22)
            route_B202 = anchor_B202 + route_B202.cumsum(dim=1)
            speeds_B3 = _SPEED_SCALE_MPS * speeds_B3
        else:
            route_B202 = route_B202.cumsum(dim=2)
        noticed = None if self.auxiliary is None else self.auxiliary(state[:, 0], patches_BPD, map_BCXY)
        return ActionOutput(
            waypoints_B62=offsets_B62.cumsum(dim=1), route_B202=route_B202, speeds_B3=speeds_B3,
            decision_logits_B8W=decision @ self.language_head_WD.T, decision_latents_B8D=decision,
            bev_tokens_B64D=bev, noticed=noticed,
        )


def _through_targets() -> Tensor:
    """(20, 2): weights of the two target points in the parabola from the ego through both, at 1, 2 ... 20 m of arc."""
    s_N = torch.arange(1, ROUTE_TOKENS + 1, dtype=torch.float32)
    near, far = _TARGET_ARC_M
    return torch.stack([s_N * (far - s_N) / (near * (far - near)), s_N * (s_N - near) / (far * (far - near))], dim=1)
