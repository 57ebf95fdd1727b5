"""Pictures, places and shapes for the networks of this set."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats, pictures, wholes


def _blob(size: int, row: float, column: float, width: float) -> np.ndarray:
    place = np.arange(size)
    return np.exp(-((place[:, None] - row) ** 2 + (place - column) ** 2) / (2 * width**2))


@cache
def key_points(samples: int = 700, size: int = 24) -> tuple[Tensor, Tensor]:
    """Sticks (N, 1, size, size), and a map of up to 1 for each of their ends (N, 2, …).

    One end is thick, the other is thin.
    """
    random = np.random.default_rng(90)
    images = random.normal(0, 0.2, (samples, 1, size, size))
    maps = np.zeros((samples, 2, size, size))
    for own in range(samples):
        ends = random.uniform(4, size - 4, (2, 2))
        for share in np.linspace(0, 1, 10):
            images[own, 0] += 0.5 * _blob(size, *(share * ends[0] + (1 - share) * ends[1]), 0.8)
        images[own, 0] += 2 * _blob(size, *ends[0], 1.8)
        for each in range(2):
            maps[own, each] = _blob(size, *ends[each], 1.6)
    return floats(images), floats(maps)


@cache
def things(samples: int = 800, size: int = 24, cells: int = 6) -> tuple[Tensor, Tensor]:
    """Pictures with two boxes of one of two kinds, and what each cell holds (N, 6, cells, cells).

    Targets: the kind (0 for nothing, 1, 2), then the distances of the cell's centre from the left,
    the top, the right and the bottom of the box in cells, then how central it is, from 0 to 1.
    """
    random = np.random.default_rng(91)
    images = random.normal(0, 0.25, (samples, 1, size, size))
    targets = np.zeros((samples, 6, cells, cells))
    step = size // cells
    for own in range(samples):
        for _ in range(2):
            (top, left), (high, wide) = random.integers(0, 14, 2), random.integers(6, 11, 2)
            kind = random.integers(1, 3)
            bottom, right = min(top + high, size), min(left + wide, size)
            images[own, 0, top:bottom, left:right] = (2.0 if kind == 1 else -2.0) + random.normal(
                0, 0.2, (bottom - top, right - left)
            )
            for row in range(cells):
                for column in range(cells):
                    y, x = (row + 0.5) * step, (column + 0.5) * step
                    sides = np.array([x - left, y - top, right - x, bottom - y]) / step
                    if (sides > 0).all():
                        near = min(sides[0], sides[2]) * min(sides[1], sides[3])
                        far = max(sides[0], sides[2]) * max(sides[1], sides[3])
                        targets[own, :, row, column] = (kind, *sides, (near / far) ** 0.5)
    return floats(images), floats(targets)


@cache
def signature_pairs(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """Two pictures of digits (N, 2, 16, 16), and 1 where both are of one kind."""
    images, kinds = pictures()
    random = np.random.default_rng(92)
    first = random.integers(0, len(kinds), samples)
    second = random.integers(0, len(kinds), samples)
    for own in range(0, samples, 2):
        second[own] = random.choice(np.flatnonzero(kinds.numpy() == kinds[first[own]].item()))
    pairs = torch.stack([images[first, 0], images[second, 0]], 1)
    return pairs, (kinds[first] == kinds[second]).float()


@cache
def crowds(samples: int = 700, size: int = 24) -> tuple[Tensor, Tensor]:
    """Pictures with up to 12 heads (N, 1, size, size), and their density (N, 1, size/2, size/2).

    A density map's sum is the number of heads, times 100 as such maps usually are for training.
    """
    random = np.random.default_rng(93)
    images = random.normal(0, 0.3, (samples, 1, size, size))
    maps = np.zeros((samples, 1, size // 2, size // 2))
    for own in range(samples):
        for _ in range(random.integers(0, 13)):
            row, column = random.uniform(2, size - 2, 2)
            images[own, 0] += 2.0 * _blob(size, row, column, 1.1)
            density = _blob(size // 2, row / 2, column / 2, 1.0)
            maps[own, 0] += 100 * density / density.sum()
    return floats(images), floats(maps)


@cache
def movements(samples: int = 700, size: int = 16) -> tuple[Tensor, Tensor]:
    """Two pictures (N, 2, size, size), of which one is the other moved, and by how much (N, 2)."""
    random = np.random.default_rng(94)
    images, moves = np.zeros((samples, 2, size, size)), random.integers(-3, 4, (samples, 2))
    for own in range(samples):
        for _ in range(4):
            images[own, 0] += random.normal() * _blob(size, *random.uniform(0, size, 2), 1.5)
        images[own, 1] = np.roll(images[own, 0], moves[own], (0, 1))
    images = 2 * images + random.normal(0, 0.05, images.shape)
    return floats(images), floats(moves)


@cache
def written_words(samples: int = 900, letters: int = 4) -> tuple[Tensor, Tensor]:
    """Lines of four digits (N, 1, 8, 8 * letters), and a start (10) with the digits (N, 1 + 4)."""
    images, kinds = pictures(8)
    random = np.random.default_rng(95)
    chosen = random.integers(0, len(kinds), (samples, letters))
    lines = images[chosen, 0].transpose(1, 2).reshape(samples, 1, 8, 8 * letters)
    starts = torch.full((samples, 1), 10)
    return lines, torch.cat([starts, kinds[chosen]], 1)


@cache
def organs(samples: int = 500, size: int = 24) -> tuple[Tensor, Tensor]:
    """Pictures of three channels with two kinds of tissue, and the kind of each pixel, 0 to 2."""
    random = np.random.default_rng(96)
    images = random.normal(0, 0.5, (samples, 3, size, size))
    labels = np.zeros((samples, size, size))
    for own in range(samples):
        for kind in (1, 2):
            inside = _blob(size, *random.uniform(4, size - 4, 2), random.uniform(2, 5)) > 0.5
            labels[own][inside] = kind
            images[own, kind - 1][inside] += 1.5
            images[own, 2][inside] -= 0.7
    return floats(images), wholes(labels)


@cache
def shapes(samples: int = 700, points: int = 48) -> Tensor:
    """Clouds (N, points, 3) on ellipsoids, boxes and rings of several sizes."""
    random = np.random.default_rng(97)
    clouds = random.normal(0, 1, (samples, points, 3))
    clouds /= np.linalg.norm(clouds, axis=2, keepdims=True)
    for own in range(samples):
        if own % 3 == 1:
            clouds[own] /= np.abs(clouds[own]).max(1, keepdims=True)
        if own % 3 == 2:
            clouds[own, :, 2] *= 0.1
        clouds[own] *= random.uniform(0.4, 1.3, 3)
    return floats(clouds)


@cache
def two_domains(samples: int = 500, size: int = 16) -> tuple[Tensor, Tensor]:
    """Digits of two looks (N, 1, size, size) that do not belong together: as they are, and with
    light and dark changed and a slope of brightness."""
    images, _ = pictures(size)
    light = images[:samples].clamp(-1, 1)
    slope = torch.linspace(-0.5, 0.5, size)
    return light, (-images[samples : 2 * samples] + slope).clamp(-1, 1)
