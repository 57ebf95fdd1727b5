"""Pictures, places and volumes for the networks of this set."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats, pictures, wholes


@cache
def tinted_pictures() -> tuple[Tensor, Tensor]:
    """Grey digits (N, 1, 16, 16) of -1 to 1, and the same in their kind's colour, two channels.

    As for a network that colours: the channels are what is red or green, and blue or yellow.
    """
    images, kinds = pictures()
    light = (images.clamp(-1, 1) + 1) / 2
    turns = kinds.float() * (2 * np.pi / 10)
    tints = torch.stack([turns.cos(), turns.sin()], 1)[:, :, None, None]
    return images.clamp(-1, 1), light * tints


@cache
def regions(samples: int = 600, size: int = 24) -> tuple[Tensor, Tensor]:
    """Pictures with a disc and a bar (N, 3, size, size), and the kind of each pixel, 0 to 2."""
    random = np.random.default_rng(190)
    images = random.normal(0, 0.6, (samples, 3, size, size))
    labels = np.zeros((samples, size, size))
    rows, columns = np.mgrid[:size, :size]
    for own in range(samples):
        row, column = random.uniform(6, size - 6, 2)
        disc = (rows - row) ** 2 + (columns - column) ** 2 < random.uniform(3, 6) ** 2
        start = random.integers(0, size - 5)
        bar = (columns >= start) & (columns < start + 4) & (rows > random.integers(0, 12))
        for kind, place in ((1, disc), (2, bar)):
            labels[own][place] = kind
            images[own, kind - 1][place] += 1.6
    return floats(images), wholes(labels)


@cache
def volumes(samples: int = 240, size: int = 12) -> tuple[Tensor, Tensor]:
    """Scans (N, 1, size, size, size), and where the lesion is: 1 there, 0 elsewhere."""
    random = np.random.default_rng(191)
    scans = random.normal(0, 0.5, (samples, 1, size, size, size))
    masks = np.zeros_like(scans)
    grid = np.mgrid[:size, :size, :size]
    for own in range(samples):
        centre = random.uniform(3, size - 3, (3, 1, 1, 1))
        masks[own, 0] = ((grid - centre) ** 2).sum(0) < random.uniform(2, 4) ** 2
        scans[own] += 1.4 * masks[own]
    return floats(scans), floats(masks)


@cache
def boxes(samples: int = 700, size: int = 24, cells: int = 6) -> tuple[Tensor, Tensor]:
    """Pictures with one or two boxes of two kinds (N, 1, size, size), and one anchor for each cell.

    Targets (N, 6, cells, cells): 1 for each of two kinds, then how far the box's centre is from the
    anchor's, in cells, and the logarithms of its height and width beside the anchor's.
    """
    random = np.random.default_rng(192)
    images = random.normal(0, 0.25, (samples, 1, size, size))
    targets = np.zeros((samples, 6, cells, cells))
    step = size // cells
    for own in range(samples):
        for _ in range(random.integers(1, 3)):
            kind = random.integers(0, 2)
            high, wide = random.integers(4, 10, 2)
            top, left = random.integers(0, size - high), random.integers(0, size - wide)
            images[own, 0, top : top + high, left : left + wide] = 1.8 if kind else -1.8
            row, column = (top + high / 2) / step, (left + wide / 2) / step
            cell = int(row), int(column)
            targets[own, :, cell[0], cell[1]] = 0
            targets[own, kind, cell[0], cell[1]] = 1
            moved = (row - cell[0] - 0.5, column - cell[1] - 0.5)
            targets[own, 2:, cell[0], cell[1]] = (*moved, np.log(high / 6), np.log(wide / 6))
    return floats(images), floats(targets)


@cache
def landmarks(samples: int = 800, size: int = 24) -> tuple[Tensor, Tensor]:
    """Faces of two eyes and a mouth (N, 1, size, size), and their places (N, 6) from -1 to 1."""
    random = np.random.default_rng(193)
    rows, columns = np.mgrid[:size, :size]
    images = random.normal(0, 0.3, (samples, 1, size, size))
    places = np.zeros((samples, 6))
    for own in range(samples):
        middle = random.uniform(8, size - 8, 2)
        turn, reach = random.uniform(-0.5, 0.5), random.uniform(4, 6)
        for each, angle in enumerate((-2.3, -0.8, 1.57)):
            row = middle[0] + reach * np.sin(angle + turn)
            column = middle[1] + reach * np.cos(angle + turn)
            near = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 3)
            images[own, 0] += (2.5 if each < 2 else -2.5) * near
            places[own, 2 * each : 2 * each + 2] = (row, column)
    return floats(images), floats(places * 2 / (size - 1) - 1)


@cache
def looks(samples: int = 700) -> tuple[Tensor, Tensor]:
    """Contents and styles (N, 3, 16, 16): digits, and stripes in colours, of -1 to 1."""
    random = np.random.default_rng(194)
    images, _ = pictures()
    contents = images[:samples].clamp(-1, 1).repeat(1, 3, 1, 1)
    rows, columns = np.mgrid[:16, :16]
    styles = np.zeros((samples, 3, 16, 16))
    for own in range(samples):
        turn, wide = random.uniform(0, np.pi), random.uniform(0.5, 1.6)
        stripes = np.sin(wide * (rows * np.cos(turn) + columns * np.sin(turn)))
        styles[own] = random.uniform(-0.6, 0.6, (3, 1, 1)) + 0.4 * stripes
    return contents, floats(styles.clip(-1, 1))
