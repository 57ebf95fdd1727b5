"""Small data sets: pictures, tables, a made-up language, waves, a graph."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

VOCABULARY = 32
CONTEXT = 24


def floats(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def wholes(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))


def standardised(values: Tensor) -> Tensor:
    """Each column with mean 0 and standard deviation 1."""
    return (values - values.mean(0)) / values.std(0)


@cache
def pictures(size: int = 16) -> tuple[Tensor, Tensor]:
    """scikit-learn's digits, normalised: (N, 1, size, size), (N,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32))[:, None]
    if size != 8:
        images = nn.functional.interpolate(images, (size, size), mode="bilinear")
    return (images - 4.9) / 6.0, torch.from_numpy(digits.target.astype(np.int64))


def raw_pictures(normalised: Tensor) -> Tensor:
    """The same as bytes would be, from 0 to 255."""
    return (normalised * 6.0 + 4.9) * (255 / 16)


@cache
def table(name: str) -> tuple[Tensor, Tensor]:
    """scikit-learn's wine or breast_cancer, standardised: (N, columns), (N,)."""
    inputs, targets = raw_table(name)
    return standardised(inputs), targets


@cache
def raw_table(name: str) -> tuple[Tensor, Tensor]:
    from sklearn import datasets

    own = {"wine": datasets.load_wine, "cancer": datasets.load_breast_cancer}[name]()
    return torch.from_numpy(own.data.astype(np.float32)), torch.from_numpy(
        own.target.astype(np.int64)
    )


@cache
def language(length: int = 20000) -> Tensor:
    """Letters of random sentences: words that are as seldom as Zipf has it, a space after each."""
    random = np.random.default_rng(1)
    letters = 1 + random.integers(0, 26, (200, 7))
    lengths = random.integers(2, 8, 200)
    ranks = random.zipf(1.4, length).clip(1, 200) - 1
    text: list[int] = []
    for rank in ranks:
        text += [*letters[rank, : lengths[rank]].tolist(), 0]
        if len(text) >= length:
            break
    return torch.tensor(text[:length])


@cache
def passages(context: int = CONTEXT) -> tuple[Tensor, Tensor]:
    """(N, context) letters and the letters that follow each."""
    text = language()
    windows = text.unfold(0, context + 1, 5)
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


@cache
def labelled_passages() -> tuple[Tensor, Tensor]:
    """Passages, and which of four letters is the most frequent in each."""
    inputs, _ = passages()
    counts = torch.stack([(inputs == letter).sum(1) for letter in (0, 5, 12, 20)], 1).float()
    return inputs, (counts * torch.tensor([0.25, 1.0, 1.0, 1.0])).argmax(1)


@cache
def word_pairs() -> tuple[Tensor, Tensor]:
    """Ids of neighbouring words of 60, in topics of six, for word2vec."""
    random = np.random.default_rng(2)
    topics = random.integers(0, 10, 12000)
    words = topics[:, None] * 6 + random.integers(0, 6, (12000, 2))
    return torch.from_numpy(words[:, 0].copy()), torch.from_numpy(words[:, 1].copy())


@cache
def waves(length: int = 96) -> Tensor:
    """(N, length) sums of three sines in 32 levels."""
    random = np.random.default_rng(3)
    times = np.arange(length)[None, :, None]
    periods, starts = random.uniform(6, 40, (400, 1, 3)), random.uniform(0, 6.28, (400, 1, 3))
    sums = np.sin(6.28 * times / periods + starts).mean(2)
    return torch.from_numpy(((sums + 1) * 15.9).astype(np.int64))


@cache
def graph(nodes: int = 120) -> tuple[Tensor, Tensor, Tensor]:
    """Features (nodes, 16), row-normalised neighbours (nodes, nodes), groups (nodes,) of four."""
    random = np.random.default_rng(4)
    groups = random.integers(0, 4, nodes)
    chance = np.where(groups[:, None] == groups[None], 0.2, 0.02)
    links = np.triu(random.random((nodes, nodes)) < chance, 1)
    linked = (links | links.T | np.eye(nodes, dtype=bool)).astype(np.float32)
    features = random.normal(0, 1, (nodes, 16)) + 0.4 * np.eye(16)[groups] * 4
    return (
        torch.from_numpy(features.astype(np.float32)),
        torch.from_numpy(linked / linked.sum(1, keepdims=True)),
        torch.from_numpy(groups),
    )


@cache
def clicks(samples: int = 6000) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers (N, 6), ids (N, 3) of 40 each, clicks (N,) of 0 and 1."""
    random = np.random.default_rng(5)
    numbers = random.normal(0, 1, (samples, 6))
    ids = random.integers(0, 40, (samples, 3))
    tastes = random.normal(0, 1, (3, 40))
    odds = numbers @ random.normal(0, 0.7, 6) + sum(tastes[i, ids[:, i]] for i in range(3))
    clicked = random.random(samples) < 1 / (1 + np.exp(-odds))
    return (
        torch.from_numpy(numbers.astype(np.float32)),
        torch.from_numpy(ids),
        torch.from_numpy(clicked.astype(np.float32)),
    )


@cache
def spirals(samples: int = 4000) -> Tensor:
    """(N, 2) points of two moons, scaled to unit size."""
    from sklearn.datasets import make_moons

    points, _ = make_moons(samples, noise=0.06, random_state=0)
    points = (points - points.mean(0)) / points.std(0)
    return torch.from_numpy(points.astype(np.float32))
