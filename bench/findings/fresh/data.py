"""Small data sets that the wide set does not use."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import standardised

SYMBOLS = 24


@cache
def diabetes() -> tuple[Tensor, Tensor]:
    """Columns (442, 10) and how the illness went on (442, 1), both standardised."""
    from sklearn.datasets import load_diabetes

    inputs, targets = load_diabetes(return_X_y=True, scaled=False)
    both = [torch.from_numpy(each.astype(np.float32)) for each in (inputs, targets[:, None])]
    return standardised(both[0]), standardised(both[1])


@cache
def chain(length: int = 32, samples: int = 1200) -> Tensor:
    """(samples, length) symbols from 1 on; each has three that may follow it."""
    random = np.random.default_rng(11)
    followers = random.integers(1, SYMBOLS, (SYMBOLS, 3))
    rows = np.empty((samples, length), np.int64)
    rows[:, 0] = random.integers(1, SYMBOLS, samples)
    for place in range(1, length):
        turns = random.choice(3, samples, p=(0.6, 0.3, 0.1))
        rows[:, place] = followers[rows[:, place - 1], turns]
    return torch.from_numpy(rows)


@cache
def counted_chain() -> tuple[Tensor, Tensor]:
    """Symbols, and in which quarter of the alphabet most of a row's lie."""
    rows = chain()
    quarters = torch.stack([(rows // 6 == quarter).sum(1) for quarter in range(4)], 1)
    return rows, quarters.argmax(1)


@cache
def tagged_chain() -> tuple[Tensor, Tensor]:
    """Symbols, and for each whether the one before is larger than the one after."""
    rows = chain()
    return rows, (rows.roll(1, 1) > rows.roll(-1, 1)).long()


@cache
def tones() -> tuple[Tensor, Tensor]:
    """Log spectrograms (600, 1, 32, 24), standardised, and which of six intervals sounds."""
    random = np.random.default_rng(12)
    times = np.arange(32 * 25) / 800
    intervals = random.integers(0, 6, 600)
    low = random.uniform(40, 90, 600)
    second = low * 2 ** ((2 + 3 * intervals) / 12)
    sound = np.sin(6.283 * low[:, None] * times) + np.sin(6.283 * second[:, None] * times)
    sound = sound * np.exp(-times * random.uniform(0.5, 3, (600, 1)))
    waves = torch.from_numpy((sound + random.normal(0, 0.1, sound.shape)).astype(np.float32))
    spectra = torch.stft(waves, 64, 32, window=torch.hann_window(64), return_complex=True)
    log = (spectra.abs()[:, :32, :24] + 1e-3).log()[:, None]
    return (log - log.mean()) / log.std(), torch.from_numpy(intervals)


@cache
def series() -> tuple[Tensor, Tensor]:
    """(2000, 36) past and (2000, 12) future of seasons on a trend."""
    random = np.random.default_rng(13)
    times = np.arange(48)[None]
    phase, size, slope = (random.uniform(*each, (2000, 1)) for each in ((0, 12), (0.5, 2), (-1, 1)))
    values = size * np.sin(6.283 * (times + phase) / 12) + slope * (times - 24) / 12
    values = torch.from_numpy((values + random.normal(0, 0.1, values.shape)).astype(np.float32))
    return values[:, :36].contiguous(), values[:, 36:].contiguous()


@cache
def clouds() -> tuple[Tensor, Tensor]:
    """(800, 48, 3) points on a sphere, a cube, a ring or a cylinder, turned and stretched."""
    random = np.random.default_rng(14)
    kinds = random.integers(0, 4, 800)
    raw = random.normal(0, 1, (800, 48, 3))
    sphere = raw / np.linalg.norm(raw, axis=2, keepdims=True)
    cube = raw / np.abs(raw).max(2, keepdims=True)
    flat = raw[..., :2] / np.linalg.norm(raw[..., :2], axis=2, keepdims=True)
    ring = np.concatenate([flat, 0.1 * raw[..., 2:]], 2)
    cylinder = np.concatenate([flat, np.tanh(raw[..., 2:])], 2)
    points = np.stack([sphere, cube, ring, cylinder], 1)[np.arange(800), kinds]
    points = points * random.uniform(0.7, 1.3, (800, 1, 1))
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(kinds)


@cache
def small_graphs() -> tuple[Tensor, Tensor, Tensor]:
    """Neighbours (600, 12, 12), features (600, 12, 4), and whether it is a ring, star or random."""
    random = np.random.default_rng(15)
    kinds = random.integers(0, 3, 600)
    links = np.zeros((600, 12, 12), np.float32)
    for row, kind in enumerate(kinds):
        if kind == 0:
            links[row, np.arange(12), np.arange(1, 13) % 12] = 1
        elif kind == 1:
            links[row, 0, 1:] = 1
        noise = np.triu(random.random((12, 12)) < (0.25 if kind == 2 else 0.05), 1)
        links[row] = np.minimum(links[row] + links[row].T + noise + noise.T, 1)
    features = random.normal(0, 1, (600, 12, 4)).astype(np.float32)
    return torch.from_numpy(links), torch.from_numpy(features), torch.from_numpy(kinds)
