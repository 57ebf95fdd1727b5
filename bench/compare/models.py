"""Small models of random sizes in which a deviation can be planted by a keyword."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two convolutions with one activation that is called twice, as torchvision has it."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, padding=1)
        self.bn1 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outside)
        self.dropout = nn.Dropout(0.0)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inside, outside, 1, stride), nn.BatchNorm2d(outside))
            if stride > 1 or inside != outside
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.dropout(self.bn2(self.conv2(out)))
        total: Tensor = self.relu(out + (x if self.downsample is None else self.downsample(x)))
        return total


class ResNet(nn.Module):
    def __init__(self, random: torch.Generator) -> None:
        super().__init__()
        width = _pick(random, 6, 8, 12)
        depth = _pick(random, 2, 3, 4)
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        widths = [width * 2 ** (place // 2) for place in range(depth + 1)]
        self.blocks = nn.ModuleList(
            ResidualBlock(inside, outside, 1 + (inside != outside))
            for inside, outside in pairwise(widths)
        )
        self.fc = nn.Linear(widths[depth], 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


class Attention(nn.Module):
    """q, k, v and out are leaves; what is between them is computed without a module."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.causal = heads, causal
        self.scale = 1 / math.sqrt(width // heads)
        self.rotary = "halves" if causal else "none"
        self.rotary_base = 10_000.0

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        shape = (batch, length, self.heads, width // self.heads)
        q, k, v = (each(x).view(shape).transpose(1, 2) for each in (self.q, self.k, self.v))
        if self.rotary != "none":
            q, k = (
                rotate(q, self.rotary, self.rotary_base),
                rotate(k, self.rotary, self.rotary_base),
            )
        scores = q @ k.transpose(-1, -2) * self.scale
        if self.causal:
            future = torch.ones(length, length, dtype=torch.bool).triu(1)
            scores = scores.masked_fill(future, -math.inf)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        out: Tensor = self.out(mixed)
        return out


def rotate(x: Tensor, kind: str, base: float) -> Tensor:
    """Rotary embedding; pairs are the two halves, or neighbours (as the original paper)."""
    length, width = x.shape[-2:]
    frequency = base ** (-torch.arange(0, width, 2) / width)
    angle = torch.arange(length)[:, None] * frequency
    cos, sin = angle.cos(), angle.sin()
    if kind == "halves":
        first, second = x.chunk(2, -1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
    first, second = x[..., ::2], x[..., 1::2]
    both = torch.stack([first * cos - second * sin, second * cos + first * sin], -1)
    return both.flatten(-2)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal=causal)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.down = nn.Linear(4 * width, width)
        self.square = nn.Linear(width, width)
        self.dropout = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.dropout(self.square(self.down(self.act(self.up(self.norm2(x))))))


class GPT(nn.Module):
    def __init__(self, random: torch.Generator) -> None:
        super().__init__()
        heads = _pick(random, 2, 4)
        width = heads * _pick(random, 8, 16)
        self.embedding = nn.Embedding(64, width)
        depth = _pick(random, 2, 3, 4)
        self.blocks = nn.ModuleList(Block(width, heads, causal=True) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 64)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x))
        return logits


class ViT(nn.Module):
    def __init__(self, random: torch.Generator) -> None:
        super().__init__()
        heads = _pick(random, 2, 4)
        width = heads * _pick(random, 8, 16)
        self.patches = nn.Conv2d(3, width, 5, stride=4, padding=2)
        depth = _pick(random, 2, 3, 4)
        self.blocks = nn.ModuleList(Block(width, heads, causal=False) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x).mean(1))
        return logits


MODELS: dict[str, Any] = {"ResNet": ResNet, "GPT": GPT, "ViT": ViT}


def make_model(name: str, seed: int) -> nn.Module:
    """A model of random sizes and weights; equal seeds give equal models."""
    torch.manual_seed(seed)
    model: nn.Module = MODELS[name](torch.Generator().manual_seed(seed))
    return model


def make_input(name: str, step: int) -> Tensor:
    random = torch.Generator().manual_seed(1000 + step)
    if name in ("GPT", "GPT-2"):
        return torch.randint(64, (4, 24), generator=random)
    return torch.randn(8, 3, 16, 16, generator=random)


def _pick(random: torch.Generator, *choices: int) -> int:
    return choices[int(torch.randint(len(choices), (), generator=random))]


class OwnBlock(nn.Module):
    """GPT-2's block with names of its own and one matrix each for q, k and v."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.act = nn.GELU(approximate="tanh")
        self.dropout1, self.dropout2 = nn.Dropout(0.0), nn.Dropout(0.0)
        self.heads, self.scale = heads, 1 / math.sqrt(width // heads)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        shape = (batch, length, self.heads, width // self.heads)
        q, k, v = (
            each.view(shape).transpose(1, 2) for each in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.scale)
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        x = x + self.dropout1(self.out(mixed))
        return x + self.dropout2(self.down(self.act(self.up(self.norm2(x)))))


class OwnGPT2(nn.Module):
    """GPT-2 written by hand."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        width = config.n_embd
        self.tokens = nn.Embedding(config.vocab_size, width)
        self.positions = nn.Embedding(config.n_positions, width)
        self.blocks = nn.ModuleList(OwnBlock(width, config.n_head) for _ in range(config.n_layer))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, config.vocab_size, bias=False)
        self.head.weight = self.tokens.weight
        self.first_position = 0

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1]) + self.first_position
        x = self.tokens(tokens) + self.positions(places)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x))
        return logits


GPT2_NAMES = {
    "transformer.wte": "tokens",
    "transformer.wpe": "positions",
    "transformer.h.*.ln_1": "blocks.*.norm1",
    "transformer.h.*.attn.c_attn": "blocks.*.qkv",
    "transformer.h.*.attn.c_proj": "blocks.*.out",
    "transformer.h.*.attn.resid_dropout": "blocks.*.dropout1",
    "transformer.h.*.ln_2": "blocks.*.norm2",
    "transformer.h.*.mlp.c_fc": "blocks.*.up",
    "transformer.h.*.mlp.act": "blocks.*.act",
    "transformer.h.*.mlp.c_proj": "blocks.*.down",
    "transformer.h.*.mlp.dropout": "blocks.*.dropout2",
    "transformer.ln_f": "norm",
    "lm_head": "head",
}
"""Names in transformers' GPT-2 -> names in `OwnGPT2`."""


def make_gpt2_pair(seed: int) -> tuple[nn.Module, OwnGPT2]:
    """transformers' GPT-2 of random size, and ours with the same weights."""
    from transformers import GPT2Config, GPT2LMHeadModel

    random = torch.Generator().manual_seed(seed)
    heads = _pick(random, 2, 4)
    config = GPT2Config(
        vocab_size=64, n_positions=32, n_embd=heads * _pick(random, 8, 16), n_head=heads,
        n_layer=_pick(random, 2, 3), resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    torch.manual_seed(seed)
    theirs = GPT2LMHeadModel(config)
    with torch.no_grad():
        for parameter in theirs.parameters():
            # transformers begins with biases of 0, so that a missing one could not be seen.
            parameter.add_(0.05 * torch.randn(parameter.shape))
    return theirs, _copy_weights(theirs, OwnGPT2(config))


def _copy_weights(theirs: nn.Module, ours: OwnGPT2) -> OwnGPT2:
    from tb_activation_hist.core.comparison.layer_names import names_to_rules, pair_names

    own, its = dict(theirs.named_modules()), dict(ours.named_modules())
    with torch.no_grad():
        for name, other in pair_names(
            list(own), list(its), names_to_rules(GPT2_NAMES)
        ).pairs.items():
            for attribute, value in own[name].named_parameters(recurse=False):
                target = getattr(its[other], attribute)
                # transformers' Conv1D has its weight the other way round.
                turned = type(own[name]).__name__ == "Conv1D" and value.ndim == 2
                target.copy_(value.T if turned else value)
    return ours
