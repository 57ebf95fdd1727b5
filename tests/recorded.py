"""Models whose forward passes record tensors of their own, and an independent list of these."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tb_activation_hist import record
from tests.models import tensor_to_values

BOTH = ("activations", "gradients")

Seen = dict[str, list[np.ndarray]]


class Attention(nn.Module):
    """Records its queries and scores; `seen` keeps what it gave, where there is a `name`."""

    def __init__(self, width: int = 8, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        record(self, scores=scores, q=q)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(-2))


class Block(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.norm, self.attn = nn.LayerNorm(width), Attention(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm(x))
        record(self, middle=x)
        return x + self.mlp(x)


class SmallGPT(nn.Module):
    """Two pre-norm blocks. reentrant: of the checkpoint around each; None: no checkpoint."""

    def __init__(self, reentrant: bool | None = None) -> None:
        super().__init__()
        self.reentrant = reentrant
        self.embed = nn.Embedding(11, 8)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(8, 11)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for block in self.blocks:
            if self.reentrant is None:
                x = block(x)
            else:
                x = checkpoint(block, x, use_reentrant=self.reentrant)
        return self.head(x)


NAMES = tuple(
    f"blocks.{at}{name}" for at in (0, 1) for name in (".attn/scores", ".attn/q", "/middle")
)


def expected(model: SmallGPT, ids: Tensor) -> Seen:
    """What the recorded tensors and their gradients are, by a forward pass written anew."""
    kept: dict[str, Tensor] = {}
    x = model.embed(ids)
    for at, block in enumerate(model.blocks):
        attn = block.attn
        q, k, v = torch.split(attn.qkv(block.norm(x)), 8, dim=-1)
        q, k, v = (part.reshape(*ids.shape, 2, 4).permute(0, 2, 1, 3) for part in (q, k, v))
        scores = torch.matmul(q, k.mT) / 2.0
        mixed = (torch.softmax(scores, dim=-1) @ v).permute(0, 2, 1, 3).reshape(*ids.shape, 8)
        middle = x + attn.proj(mixed)
        kept |= {
            f"blocks.{at}.attn/scores": scores,
            f"blocks.{at}.attn/q": q,
            f"blocks.{at}/middle": middle,
        }
        x = middle + block.mlp(middle)
    loss = model.head(x).square().mean()
    gradients = torch.autograd.grad(loss, list(kept.values()))
    found: Seen = defaultdict(list)
    for (name, tensor), gradient in zip(kept.items(), gradients, strict=True):
        found[name].append(tensor_to_values(tensor))
        found[f"gradients/{name}"].append(tensor_to_values(gradient))
    return found


def run_once(model: nn.Module, ids: Tensor) -> None:
    """A forward and a backward pass."""
    model.zero_grad()
    model(ids).square().mean().backward()


def of_record(histograms: Any) -> dict[str, Any]:
    return {
        key: series for key, series in histograms.items() if "/" in key.removeprefix("gradients/")
    }


def assert_close_counts(series: Any, values: Any) -> None:
    """The same number of values with the same moments: another formula rounds otherwise."""
    assert series.n.tolist() == [each.size for each in values]
    assert series.mean.tolist() == pytest.approx([each.mean() for each in values], abs=1e-6)
    assert series.std.tolist() == pytest.approx([each.std() for each in values], rel=1e-4)
