"""The action refiner: a diffusion decoder over waypoints and route, anchored at the action expert's draft.

Noise multiplies: noisy = anchor * (1 + sigma(t) * noise), one number per axis and trajectory, so a path is stretched
and sheared but keeps its shape. The network predicts the clean trajectory from the noisy one (not the noise). At the
start of training its correction is zero: the refined plan is the draft.

Training:  `clean = refiner(draft, t_B, noise)` with `t_B, noise = refiner.draw(batch, generator)`; L1 of
           `clean` against the demonstrated waypoints and route. Differentiable into the draft.
Driving:   `refiner.refine(draft, noise)`: a few deterministic DDIM steps from level STEPS[0]; seed the noise.

Each block attends in one softmax over [itself | BEV tokens | decision latents], the latter gated by tanh(gamma), and
adds past the attention a mean of the BEV tokens and an attention-pooled decision, each through a sigmoid gate. Step t,
speed, context age and the drafted speeds set scale, shift and gain of every block (adaptive layer norm).

Letters: B batch, X trajectory tokens (6 waypoints, 20 route points), K BEV tokens, Q decision latents, D width,
E width of the action expert, N heads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.model.variants import BEV_TOKENS, DECISION_TOKENS, ROUTE_TOKENS, WAYPOINT_TOKENS, Variant

STEPS = (10, 0)
TRAINING_LEVELS = 50
STATE_INPUTS = 5
_SCALE_M = 20.0
_LEAST_SIGMA = 0.02


@dataclass(frozen=True, slots=True)
class RefinerDraft:
    """A draft as tensors. state: speed m/s, context age s, drafted speeds at 1, 2, 3 s in m/s."""

    waypoints_B62: Tensor
    route_B202: Tensor
    state_B5: Tensor
    bev_tokens_B64E: Tensor
    decision_latents_B8E: Tensor


@dataclass(frozen=True, slots=True)
class Trajectories:
    """Waypoints and route in the ego frame, metres."""

    waypoints_B62: Tensor
    route_B202: Tensor


def sigmas() -> Tensor:
    """Noise of levels 0..999: sqrt((1 - a) / a) of a scaled linear schedule, never below 0.02."""
    betas = torch.linspace(0.0001**0.5, 0.02**0.5, 1000) ** 2
    alphas = torch.cumprod(1.0 - betas, 0)
    return ((1.0 - alphas) / alphas).sqrt().clamp(min=_LEAST_SIGMA)


def step_embedding(t_B: Tensor, width: int) -> Tensor:
    """Sines and cosines of the noise level, (B, width)."""
    half = width // 2
    rates = torch.exp(-math.log(1000.0) * torch.arange(half, device=t_B.device) / half)
    angles = t_B[:, None].float() * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class MixtureOfAttention(nn.Module):
    """One softmax over three sources, and two gated ways around it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.self_kv = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.bev_kv, self.decision_kv = nn.Linear(width, 2 * width), nn.Linear(width, 2 * width)
        self.out, self.bev_way, self.decision_way = (nn.Linear(width, width) for _ in range(3))
        self.pool = nn.Linear(width, 1)
        self.gamma = nn.Parameter(torch.tensor(0.5))
        self.bev_gate, self.decision_gate = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))

    def memory(self, bev_BKD: Tensor, decision_BQD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and values of both sources and the sum of both ways round: the same at every noise level."""
        k_bev, v_bev = self._split(self.bev_kv(bev_BKD))
        k_dec, v_dec = self._split(self.decision_kv(decision_BQD))
        pooled_BD = (self.pool(decision_BQD).softmax(dim=1) * decision_BQD).sum(dim=1)
        around_BD = (torch.sigmoid(self.bev_gate) * self.bev_way(bev_BKD.mean(dim=1))
                     + torch.sigmoid(self.decision_gate) * self.decision_way(pooled_BD))
        return torch.cat([k_bev, k_dec], dim=2), torch.cat([v_bev, torch.tanh(self.gamma) * v_dec], dim=2), around_BD

    def forward(self, x_BXD: Tensor, memory: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """(B, X, D)."""
        keys, values, around_BD = memory
        q = self.q(x_BXD).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self._split(self.self_kv(x_BXD))
        y = F.scaled_dot_product_attention(q, torch.cat([k, keys], dim=2), torch.cat([v, values], dim=2))
        out: Tensor = self.out(y.transpose(1, 2).flatten(2)) + around_BD[:, None]
        return out

    def _split(self, kv_BTD: Tensor) -> tuple[Tensor, Tensor]:
        batch, tokens, _ = kv_BTD.shape
        k, v = kv_BTD.view(batch, tokens, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        return k, v


class Block(nn.Module):
    """Attention and MLP; scale, shift and gain come from the condition and start at no effect."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = MixtureOfAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(2 * width, width))
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.width = width

    def memory(self, bev_BKD: Tensor, decision_BQD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See MixtureOfAttention.memory."""
        return self.attention.memory(bev_BKD, decision_BQD)

    def forward(self, x_BXD: Tensor, memory: tuple[Tensor, Tensor, Tensor], condition_BD: Tensor) -> Tensor:
        """(B, X, D)."""
        a, b, c, d, e, f = self.modulation(F.silu(condition_BD))[:, None].chunk(6, dim=-1)
        x_BXD = x_BXD + c * self.attention(F.layer_norm(x_BXD, (self.width,)) * (1 + a) + b, memory)
        out: Tensor = x_BXD + f * self.mlp(F.layer_norm(x_BXD, (self.width,)) * (1 + d) + e)
        return out


class ActionRefiner(nn.Module):
    """See the module's text."""

    sigma_L: Tensor

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        size, width = variant.refiner, variant.refiner.width
        points = WAYPOINT_TOKENS + ROUTE_TOKENS
        self.width = width
        self.point = nn.Linear(4, width)
        self.place = nn.Parameter(torch.randn(1, points, width) * 0.1)
        self.bev = nn.Sequential(nn.Linear(variant.action.width, width), nn.LayerNorm(width))
        self.bev_place = nn.Parameter(torch.randn(1, BEV_TOKENS, width) * 0.1)
        self.decision = nn.Sequential(nn.Linear(variant.action.width, width), nn.LayerNorm(width))
        self.decision_place = nn.Parameter(torch.randn(1, DECISION_TOKENS, width) * 0.1)
        self.condition = nn.Sequential(nn.Linear(width + STATE_INPUTS, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList([Block(width, size.heads) for _ in range(size.layers)])
        self.head = nn.Linear(width, 2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("sigma_L", sigmas(), persistent=False)

    def draw(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random noise levels (B,) below TRAINING_LEVELS, and noise (B, 2, 2): waypoints and route, x and y."""
        return (torch.randint(0, TRAINING_LEVELS, (batch,), generator=generator),
                torch.randn(batch, 2, 2, generator=generator))

    def forward(self, draft: RefinerDraft, t_B: Tensor, noise_B22: Tensor) -> Trajectories:
        """The clean trajectories predicted from the draft with noise of level t."""
        return self.predict_clean(draft, self.memory(draft), draft_points(draft), t_B, noise_B22)

    def memory(self, draft: RefinerDraft) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Keys and values of BEV tokens and decision latents for each block; the same for all steps."""
        bev_BKD = self.bev(draft.bev_tokens_B64E) + self.bev_place
        decision_BQD = self.decision(draft.decision_latents_B8E) + self.decision_place
        return [block.memory(bev_BKD, decision_BQD) for block in self.blocks]  # type: ignore[operator]

    def predict_clean(self, draft: RefinerDraft, memory: list[tuple[Tensor, Tensor, Tensor]], anchor_BX2: Tensor,
                      t_B: Tensor, noise_B22: Tensor) -> Trajectories:
        """Add noise of level t to `anchor` and predict what it should be: the draft plus a correction."""
        noise_BX2 = torch.cat([noise_B22[:, :1].expand(-1, WAYPOINT_TOKENS, -1),
                               noise_B22[:, 1:].expand(-1, ROUTE_TOKENS, -1)], dim=1)
        noisy_BX2 = anchor_BX2 * (1.0 + self.sigma_L[t_B][:, None, None] * noise_BX2)
        drafted_BX2 = draft_points(draft)
        x_BXD = self.point(torch.cat([noisy_BX2, drafted_BX2], dim=-1) / _SCALE_M) + self.place
        scale = draft.state_B5.new_tensor([10.0, 1.0, 10.0, 10.0, 10.0])
        condition_BD = self.condition(torch.cat([step_embedding(t_B, self.width), draft.state_B5 / scale], dim=1))
        for block, source in zip(self.blocks, memory, strict=True):
            x_BXD = block(x_BXD, source, condition_BD)
        clean_BX2 = drafted_BX2 + _SCALE_M * self.head(F.layer_norm(x_BXD, (self.width,)))
        return Trajectories(*clean_BX2.split([WAYPOINT_TOKENS, ROUTE_TOKENS], dim=1))

    def refine(self, draft: RefinerDraft, noise_B22: Tensor, steps: tuple[int, ...] = STEPS) -> Trajectories:
        """Denoise from level steps[0]: predict the clean plan, put the noise of the next level on it, and again."""
        memory, points = self.memory(draft), draft_points(draft)
        clean = Trajectories(draft.waypoints_B62, draft.route_B202)
        for level in steps:
            t_B = torch.full((len(points),), level, device=points.device)
            clean = self.predict_clean(draft, memory, points, t_B, noise_B22)
            points = torch.cat([clean.waypoints_B62, clean.route_B202], dim=1)
        return clean


def draft_points(draft: RefinerDraft) -> Tensor:
    """(B, X, 2): waypoints, then route."""
    return torch.cat([draft.waypoints_B62, draft.route_B202], dim=1)
