"""Pictures and texts that this set's networks learn from, made anew each time from a seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

HUES = torch.tensor([[1.2, -0.6, -0.6], [-0.6, 1.2, -0.6], [-0.6, -0.6, 1.2], [0.9, 0.9, -1.2]])
"""Red, green, blue and yellow, around a grey of 0."""


def _grid(size: int) -> tuple[Tensor, Tensor]:
    """Heights and widths (size, size) from -1 to 1."""
    line = torch.linspace(-1, 1, size)
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    return rows, columns


def weaves(count: int = 1200, size: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Woven cloth: (N, 3, size, size), the weave of eight (N,), the hue of four (N,)."""
    random = torch.Generator().manual_seed(11)
    weave = torch.randint(8, (count,), generator=random)
    hue = torch.randint(4, (count,), generator=random)
    rows, columns = _grid(size)
    angle = (weave % 4).float() * torch.pi / 4 + 0.1 * torch.randn(count, generator=random)
    pace = torch.where(weave < 4, 3.0, 8.0)
    phase = 6.3 * torch.rand(count, generator=random)
    along = angle.cos()[:, None, None] * rows + angle.sin()[:, None, None] * columns
    threads = (pace[:, None, None] * along + phase[:, None, None]).sin()
    pictures = HUES[hue][:, :, None, None] + 1.2 * threads[:, None]
    noise = 0.4 * torch.randn(pictures.shape, generator=random)
    return (pictures + noise) / 1.4, weave, hue


def needles(count: int = 1500, size: int = 20) -> tuple[Tensor, Tensor]:
    """Gauges: (N, 1, size, size), and where the needle points as cosine and sine (N, 2)."""
    random = torch.Generator().manual_seed(12)
    angle = 2 * torch.pi * torch.rand(count, generator=random) - torch.pi
    rows, columns = _grid(size)
    ahead = angle.cos()[:, None, None] * rows + angle.sin()[:, None, None] * columns
    beside = angle.cos()[:, None, None] * columns - angle.sin()[:, None, None] * rows
    needle = (beside.abs() < 0.15) & (ahead > 0) & (ahead < 0.9)
    pictures = needle.float() + 0.15 * torch.randn(needle.shape, generator=random)
    pictures = (pictures - pictures.mean()) / pictures.std()
    return pictures[:, None], torch.stack([angle.cos(), angle.sin()], 1)


def cells(count: int = 600, size: int = 32) -> tuple[Tensor, Tensor]:
    """Round cells of two sorts: (N, 1, size, size), and the sort of each pixel (N, size, size)."""
    random = np.random.default_rng(13)
    rows, columns = (own.numpy() for own in _grid(size))
    pictures = 0.3 * random.normal(0, 1, (count, size, size))
    sorts = np.zeros((count, size, size), dtype=np.int64)
    for place in range(count):
        for sort in (1, 2):
            row, column = random.uniform(-0.7, 0.7, 2)
            apart = np.hypot(rows - row, columns - column)
            inside = apart < random.uniform(0.25, 0.4)
            sorts[place][inside] = sort
            pictures[place][inside] += (1.0, 2.2)[sort - 1] - (1.5 * apart[inside])
    pictures = (pictures - pictures.mean()) / pictures.std()
    return torch.tensor(pictures, dtype=torch.float32)[:, None], torch.tensor(sorts)


def proposals(count: int = 800, size: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (N, 1, size, size), four boxes of each (N, 4, 4), what is in them (N, 4) of 3.

    A box holds a filled square, a frame, or nothing (0). Boxes: left, top, right, bottom.
    """
    random = np.random.default_rng(14)
    pictures = 0.3 * random.normal(0, 1, (count, 1, size, size))
    things = random.integers(0, 3, (count, 4))
    boxes = np.zeros((count, 4, 4))
    half = size // 2
    for place in range(count):
        for quarter, thing in enumerate(things[place]):
            side = int(random.integers(7, 12))
            left = int(half * (quarter % 2) + random.integers(1, half - side))
            top = int(half * (quarter // 2) + random.integers(1, half - side))
            boxes[place, quarter] = (left, top, left + side, top + side)
            drawn = pictures[place, 0, top : top + side, left : left + side]
            drawn += 2.0 * (thing > 0)
            if thing == 2:
                drawn[2:-2, 2:-2] -= 2.0
    made = torch.tensor(pictures, dtype=torch.float32), torch.tensor(boxes, dtype=torch.float32)
    return (*made, torch.tensor(things))


def topical_texts(count: int = 2400, length: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids (N, length) below 100, 0 behind a text's end; topics (N,) of 4; lengths (N,)."""
    random = np.random.default_rng(15)
    topics = random.integers(0, 4, count)
    lengths = random.integers(8, length + 1, count)
    common = random.integers(5, 60, (count, length))
    own = 60 + 10 * topics[:, None] + random.integers(0, 10, (count, length))
    tokens = np.where(random.random((count, length)) < 0.25, own, common)
    tokens[np.arange(length) >= lengths[:, None]] = 0
    return torch.tensor(tokens), torch.tensor(topics), torch.tensor(lengths)


def ordered_texts(count: int = 2400, length: int = 16) -> tuple[Tensor, Tensor]:
    """Token ids (N, length) below 40, and whether a 7 stands before the 9 or behind it (N,)."""
    random = np.random.default_rng(16)
    tokens = random.integers(10, 40, (count, length))
    places = np.sort(np.stack([random.permutation(length)[:2] for _ in range(count)]), 1)
    first = random.integers(0, 2, count)
    rows = np.arange(count)
    tokens[rows, places[:, 0]] = np.where(first, 7, 9)
    tokens[rows, places[:, 1]] = np.where(first, 9, 7)
    return torch.tensor(tokens), torch.tensor(first)


def chains(count: int = 1500, length: int = 24, kinds: int = 48) -> Tensor:
    """(N, length) ids below `kinds`: each of four likely followers of the one before."""
    random = np.random.default_rng(17)
    followers = random.integers(4, kinds, (kinds, 4))
    tokens = np.zeros((count, length), dtype=np.int64)
    tokens[:, 0] = random.integers(4, kinds, count)
    for place in range(1, length):
        choice = random.choice(4, count, p=[0.6, 0.2, 0.1, 0.1])
        tokens[:, place] = followers[tokens[:, place - 1], choice]
    return torch.tensor(tokens)


def proteins(count: int = 1500, length: int = 24) -> Tensor:
    """(N, length) amino acids from 4 to 23 that repeat with a period of 3 or 4."""
    random = np.random.default_rng(18)
    period = random.integers(3, 5, count)[:, None]
    motif = random.integers(4, 24, (count, 4))
    tokens = np.take_along_axis(motif, np.arange(length)[None] % period, 1)
    swapped = random.random(tokens.shape) < 0.05
    return torch.tensor(np.where(swapped, random.integers(4, 24, tokens.shape), tokens))


def questions(count: int = 2400) -> tuple[Tensor, Tensor]:
    """Questions (N, 8) below 20, each word a likely follower; answers (N, 8) in other words."""
    random = np.random.default_rng(19)
    asked = chains(count, 8, 20)
    dictionary = torch.tensor(np.concatenate([np.arange(4), 4 + random.permutation(16)]))
    return asked, dictionary[asked]


def letters(count: int = 2000, length: int = 64) -> tuple[Tensor, Tensor]:
    """Letters (N, length) from 1 to 26 with some syllables of one of six languages; which (N,)."""
    random = np.random.default_rng(20)
    syllables = random.integers(1, 27, (6, 5, 4))
    languages = random.integers(0, 6, count)
    text = random.integers(1, 27, (count, length))
    for place, language in enumerate(languages):
        for start in random.choice(length // 4, 4, replace=False) * 4:
            text[place, start : start + 4] = syllables[language, random.integers(5)]
    return torch.tensor(text), torch.tensor(languages)


def adverts(count: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers (N, 5) and titles (N, 8) of things for sale, below 80; standardised prices (N,)."""
    random = np.random.default_rng(21)
    numbers, titles = random.normal(0, 1, (count, 5)), random.integers(1, 80, (count, 8))
    worth = random.normal(0, 1, 80)
    price = worth[titles].mean(1) * 2.5 + numbers[:, 0] - 0.7 * numbers[:, 1] * (numbers[:, 2] > 0)
    price = (price - price.mean()) / price.std() + 0.1 * random.normal(0, 1, count)
    made = torch.tensor(numbers, dtype=torch.float32), torch.tensor(titles)
    return (*made, torch.tensor(price, dtype=torch.float32))
