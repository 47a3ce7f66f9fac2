"""Attention of the action tokens to [the context's keys of this layer ; their own keys].

The context was written by another network with heads of `key_dim`; the action expert's own heads have `head_dim`
dims, padded with zeros to `key_dim` so that one query meets both kinds of keys. After the rotary turn, which mixes
dims i and i + key_dim / 2, the padding of own keys is zeroed again: own scores use `head_dim` dims, context scores
all of them. Values need no padding. Rotary angles are equal on the three axes of Qwen's positions, hence plain ones.

Letters: B batch, A action tokens, T context tokens, S = T + A, N query heads, G key-value heads, H = key_dim,
V = head_dim (values, and the own dims of queries and keys), D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automot_ros.base.errors import ContextError
from automot_ros.model.variants import ActionSize


class RMSNorm(nn.Module):
    """Root mean square norm in float32, as Qwen's."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        normed: Tensor = F.rms_norm(x.float(), (x.shape[-1],), None, self.eps)
        return self.weight * normed.to(x.dtype)


class Rotary(nn.Module):
    """Cosines and sines of the rotary position embedding for `key_dim` wide heads."""

    frequencies_F: Tensor

    def __init__(self, key_dim: int, theta: float) -> None:
        super().__init__()
        powers = torch.arange(0, key_dim, 2, dtype=torch.float32) / key_dim
        self.register_buffer("frequencies_F", 1.0 / theta**powers, persistent=False)

    def forward(self, positions_BA: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, A, H) cosines and sines, to be broadcast over heads."""
        angles_BAF = positions_BA[..., None].float() * self.frequencies_F
        angles_B1AH = torch.cat([angles_BAF, angles_BAF], dim=-1)[:, None]
        return angles_B1AH.cos(), angles_B1AH.sin()


def rotate(x_BNAH: Tensor, cos_B1AH: Tensor, sin_B1AH: Tensor) -> Tensor:
    """Turn each pair (i, i + H / 2) by its angle."""
    first, second = x_BNAH.chunk(2, dim=-1)
    return x_BNAH * cos_B1AH + torch.cat([-second, first], dim=-1) * sin_B1AH


class ContextReader(Protocol):
    """Where the context's keys and values of each layer come from."""

    def extend(self, layer: int, keys_BGAH: Tensor, values_BGAV: Tensor) -> tuple[Tensor, Tensor]:
        """Keys (B, G, S, H) and values (B, G, S, V) of a layer: the context's, then these."""
        ...


class BatchContext:
    """Contexts of a training batch; gradients flow. keys: L tensors (B, G, T, H); values: L tensors (B, G, T, V)."""

    def __init__(self, keys: Sequence[Tensor], values: Sequence[Tensor]) -> None:
        self.keys, self.values = keys, values

    def extend(self, layer: int, keys_BGAH: Tensor, values_BGAV: Tensor) -> tuple[Tensor, Tensor]:
        """See ContextReader."""
        return (torch.cat([self.keys[layer].to(keys_BGAH.dtype), keys_BGAH], dim=2),
                torch.cat([self.values[layer].to(values_BGAV.dtype), values_BGAV], dim=2))


class ContextBuffer:
    """One context copied once, with room behind it for the action tokens: no copy of the context per tick."""

    def __init__(self, size: ActionSize, capacity: int, room: int) -> None:
        self.capacity, self.room, self.tokens, self.next_position = capacity, room, 0, 0
        shape = (size.layers, 1, size.kv_heads, capacity + room)
        self._keys, self._values = torch.zeros(*shape, size.key_dim), torch.zeros(*shape, size.head_dim)

    def load(self, keys_LGTH: Tensor, values_LGTV: Tensor, next_position: int) -> None:
        """Replace the context; one of no tokens leaves nothing to read. ContextError when it does not fit."""
        layers, _, heads, _, key_dim = self._keys.shape
        tokens = keys_LGTH.shape[2] if keys_LGTH.ndim == 4 else -1
        if keys_LGTH.shape != (layers, heads, tokens, key_dim) or values_LGTV.shape != (
            layers, heads, tokens, self._values.shape[-1]
        ):
            raise ContextError("context of another model", got=f"{tuple(keys_LGTH.shape)}, {tuple(values_LGTV.shape)}",
                               wanted=f"{layers} layers, {heads} heads, {key_dim} and {self._values.shape[-1]} dims")
        if tokens > self.capacity:
            raise ContextError("context too long", got=tokens, wanted=f"0..{self.capacity} tokens")
        self._keys[:, 0, :, :tokens] = keys_LGTH
        self._values[:, 0, :, :tokens] = values_LGTV
        self.tokens, self.next_position = tokens, next_position

    def extend(self, layer: int, keys_BGAH: Tensor, values_BGAV: Tensor) -> tuple[Tensor, Tensor]:
        """See ContextReader; the action tokens are written behind the context, in place."""
        end = self.tokens + keys_BGAH.shape[2]
        self._keys[layer, :, :, self.tokens : end] = keys_BGAH
        self._values[layer, :, :, self.tokens : end] = values_BGAV
        return self._keys[layer, :, :, :end], self._values[layer, :, :, :end]


class JointAttention(nn.Module):
    """The action expert's half of a layer's attention."""

    def __init__(self, size: ActionSize) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = size.heads, size.kv_heads, size.head_dim
        self.padding, self.scale = size.key_dim - size.head_dim, size.key_dim**-0.5
        self.q_proj = nn.Linear(size.width, size.heads * size.head_dim, bias=False)
        self.k_proj = nn.Linear(size.width, size.kv_heads * size.head_dim, bias=False)
        self.v_proj = nn.Linear(size.width, size.kv_heads * size.head_dim, bias=False)
        self.o_proj = nn.Linear(size.heads * size.head_dim, size.width, bias=False)
        self.q_norm = RMSNorm(size.head_dim)
        self.k_norm = RMSNorm(size.head_dim)

    def project(self, x_BAD: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, N, A, H), keys (B, G, A, H) and values (B, G, A, V) of the action tokens."""
        q_BNAV = self.q_norm(self.q_proj(x_BAD).unflatten(-1, (self.heads, self.head_dim))).transpose(1, 2)
        k_BGAV = self.k_norm(self.k_proj(x_BAD).unflatten(-1, (self.kv_heads, self.head_dim))).transpose(1, 2)
        v_BGAV = self.v_proj(x_BAD).unflatten(-1, (self.kv_heads, self.head_dim)).transpose(1, 2)
        if not self.padding:
            return rotate(q_BNAV, cos, sin), rotate(k_BGAV, cos, sin), v_BGAV
        k_BGAH = rotate(F.pad(k_BGAV, (0, self.padding)), cos, sin)
        k_BGAH = F.pad(k_BGAH[..., : self.head_dim], (0, self.padding))
        return rotate(F.pad(q_BNAV, (0, self.padding)), cos, sin), k_BGAH, v_BGAV

    def forward(self, x_BAD: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, context: ContextReader,
                layer: int) -> Tensor:
        """(B, A, D). `mask` broadcasts to (B, N, A, S), True where reading is allowed."""
        q_BNAH, k_BGAH, v_BGAV = self.project(x_BAD, cos, sin)
        keys_BGSH, values_BGSV = context.extend(layer, k_BGAH, v_BGAV)
        y_BNAV = F.scaled_dot_product_attention(q_BNAH, keys_BGSH, values_BGSV, attn_mask=mask, scale=self.scale,
                                                enable_gqa=self.heads != self.kv_heads)
        out: Tensor = self.o_proj(y_BNAV.transpose(1, 2).flatten(2))
        return out
