"""The action expert's twin of every layer of the language model: own norms, attention and gated MLP.

In a mixture of transformers each expert keeps its weights and all share one attention. Here the understanding tokens
never read action tokens, so their half of every layer runs first, alone, and is kept as the context; this module is
the other half. Letters as in joint_attention.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.model.joint_attention import ContextReader, JointAttention, RMSNorm, Rotary
from automot_ros.model.variants import ActionSize


class GatedMLP(nn.Module):
    """SwiGLU without biases."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class TwinLayer(nn.Module):
    """Pre-norm attention and MLP with residuals."""

    def __init__(self, size: ActionSize) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(size.width)
        self.self_attn = JointAttention(size)
        self.post_attention_layernorm = RMSNorm(size.width)
        self.mlp = GatedMLP(size.width, size.mlp)

    def forward(self, x_BAD: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, context: ContextReader,
                layer: int) -> Tensor:
        """Same shape."""
        x_BAD = x_BAD + self.self_attn(self.input_layernorm(x_BAD), cos, sin, mask, context, layer)
        out: Tensor = x_BAD + self.mlp(self.post_attention_layernorm(x_BAD))
        return out


class Mixture(nn.Module):
    """All twin layers and the last norm."""

    def __init__(self, size: ActionSize, rope_theta: float) -> None:
        super().__init__()
        self.rotary = Rotary(size.key_dim, rope_theta)
        self.layers = nn.ModuleList([TwinLayer(size) for _ in range(size.layers)])
        self.norm = RMSNorm(size.width)
        self.reset(size)

    def reset(self, size: ActionSize) -> None:
        """Weights that keep the variance of the residual stream, whatever the depth."""
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5 / (math.sqrt(2.0 * size.layers) if deep else 1.0))

    def forward(self, x_BAD: Tensor, next_position_B: Tensor, mask: Tensor, context: ContextReader) -> Tensor:
        """Normed tokens (B, A, D). Token i stands at next_position + i."""
        cos, sin = self.rotary(next_position_B[:, None] + torch.arange(x_BAD.shape[1], device=x_BAD.device))
        for i, layer in enumerate(self.layers):
            x_BAD = layer(x_BAD, cos, sin, mask, context, i)
        out: Tensor = self.norm(x_BAD)
        return out
