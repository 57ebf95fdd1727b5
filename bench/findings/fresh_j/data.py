"""Pictures, texts, tables and series that this set's networks learn from, each from a seed."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

Pairs = tuple[Tensor, Tensor]


def _random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(800 + seed)


def stamps(count: int = 1000, size: int = 24, channels: int = 3, kinds: int = 6) -> Pairs:
    """Smooth motifs, moved about, under noise: (N, channels, size, size), and which (N,)."""
    random = _random(1)
    coarse = torch.randn(kinds, channels, 5, 5, generator=random)
    motifs = functional.interpolate(coarse, size=(size, size), mode="bicubic")
    kind = torch.randint(kinds, (count,), generator=random)
    moves = torch.randint(-3, 4, (count, 2), generator=random).tolist()
    moved = [
        torch.roll(motifs[k], tuple(by), (1, 2)) for k, by in zip(kind.tolist(), moves, strict=True)
    ]
    pictures = torch.stack(moved) + 0.5 * torch.randn(count, channels, size, size, generator=random)
    return (pictures - pictures.mean()) / pictures.std(), kind


def discs(count: int = 800, size: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Bright discs: (N, 1, size, size), centre and radius (N, 3), the disc's pixels as 0 and 1."""
    random = _random(2)
    centre = 1.2 * torch.rand(count, 2, generator=random) - 0.6
    radius = 0.2 + 0.3 * torch.rand(count, generator=random)
    line = torch.linspace(-1, 1, size)
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    apart = torch.hypot(rows - centre[:, :1, None], columns - centre[:, 1:, None])
    mask = (apart < radius[:, None, None]).float()
    pictures = 2 * mask - 0.3 + 0.4 * torch.randn(mask.shape, generator=random)
    boxes = torch.cat([centre / 0.35, (radius[:, None] - 0.35) / 0.087], 1)
    return pictures[:, None], boxes, mask[:, None]


def chains(count: int = 500, length: int = 24, letters: int = 40) -> Tensor:
    """Texts in which each letter has three that may follow: (N, length)."""
    random = _random(3)
    follow = torch.randint(3, letters, (letters, 3), generator=random)
    text = [torch.randint(3, letters, (count,), generator=random)]
    for _ in range(length - 1):
        turn = (3 * torch.rand(count, generator=random) ** 2).long()
        text.append(follow[text[-1], turn])
    return torch.stack(text, 1)


def reviews(count: int = 1000, length: int = 16, words: int = 80, kinds: int = 4) -> Pairs:
    """Texts with some words of their kind among others: (N, length), kind (N,)."""
    random = _random(4)
    kind = torch.randint(kinds, (count,), generator=random)
    plain = torch.randint(30, words, (count, length), generator=random)
    telling = 2 + 6 * kind[:, None] + torch.randint(6, (count, length), generator=random)
    return torch.where(torch.rand(count, length, generator=random) < 0.3, telling, plain), kind


def rows(count: int = 1500, columns: int = 10, outputs: int = 1, seed: int = 5) -> Pairs:
    """Standardised columns (N, columns), and curved functions of them (N, outputs) with noise."""
    random = _random(seed)
    values = torch.randn(count, columns, generator=random)
    inner = (values @ torch.randn(columns, 12, generator=random) / math.sqrt(columns)).tanh()
    told = inner @ torch.randn(12, outputs, generator=random)
    told = (told - told.mean(0)) / told.std(0)
    return values, told + 0.1 * torch.randn(told.shape, generator=random)


def sorts(count: int = 1500, columns: int = 10, kinds: int = 5) -> Pairs:
    """Rows and which of several functions is largest: (N, columns), (N,)."""
    values, told = rows(count, columns, kinds, seed=6)
    return values, told.argmax(1)


def shops(count: int = 1500) -> tuple[Tensor, Tensor, Tensor]:
    """Columns (N, 5), shop and weekday (N, 2), and sales (N, 1)."""
    random = _random(7)
    values, told = rows(count, 5, seed=8)
    ids = torch.stack([torch.randint(n, (count,), generator=random) for n in (20, 7)], 1)
    of_shop, of_day = torch.randn(20, 1, generator=random), torch.randn(7, 1, generator=random)
    return values, ids, (told + of_shop[ids[:, 0]] + of_day[ids[:, 1]]) / 1.7


def ratings(count: int = 3000) -> Pairs:
    """Who rates what: (N, 2) of 50 and 80, and the standardised rating (N,)."""
    random = _random(9)
    ids = torch.stack([torch.randint(n, (count,), generator=random) for n in (50, 80)], 1)
    users, things = (torch.randn(n, 4, generator=random) for n in (50, 80))
    told = (users[ids[:, 0]] * things[ids[:, 1]]).sum(1) / 2
    return ids, told + 0.1 * torch.randn(count, generator=random)


def waves(count: int = 1000, length: int = 64, kinds: int = 5) -> Pairs:
    """Two channels of a wave of one of several paces: (N, 2, length), which (N,)."""
    random = _random(10)
    kind = torch.randint(kinds, (count,), generator=random)
    time = torch.linspace(0, 6.28, length)
    phase = 6.28 * torch.rand(count, 2, 1, generator=random)
    clean = ((2 + 2 * kind)[:, None, None] * time + phase).sin()
    return 1.2 * clean + 0.5 * torch.randn(count, 2, length, generator=random), kind


def loads(count: int = 1000, length: int = 24) -> Pairs:
    """Windows of a periodic load (N, length, 1), and the next three values (N, 3)."""
    random = _random(11)
    start = 200 * torch.rand(count, 1, generator=random)
    time = start + torch.arange(length + 3)
    clean = (time / 3.8).sin() + 0.7 * (time / 1.9).cos()
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=random)
    return noisy[:, :length, None], noisy[:, length:]


def rings(count: int = 1500) -> Tensor:
    """Points on two rings: (N, 2)."""
    random = _random(12)
    angle = 6.28 * torch.rand(count, generator=random)
    radius = torch.where(torch.rand(count, generator=random) < 0.5, 0.6, 1.5)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return points + 0.05 * torch.randn(count, 2, generator=random)


def meshes(count: int = 600, nodes: int = 10) -> Pairs:
    """Nodes' features beside their links (N, nodes, 4 + nodes), and a sort of the graph (N,)."""
    random = _random(13)
    density = torch.rand(count, 1, 1, generator=random)
    links = (torch.rand(count, nodes, nodes, generator=random) < 0.2 + 0.5 * density).float()
    links = ((links + links.transpose(1, 2)) > 0).float()
    features = torch.randn(count, nodes, 4, generator=random)
    score = links.sum((1, 2)) / nodes + (features[..., 0] * links.sum(2)).mean(1) / 3
    kind = torch.bucketize(score, score.quantile(torch.tensor([0.33, 0.66])))
    return torch.cat([features, links], 2), kind
