"""What this set's networks learn from: pictures, sentences, households and signals, by seed."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

Pairs = tuple[Tensor, Tensor]
Threes = tuple[Tensor, Tensor, Tensor]


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(900 + seed)


def gratings(count: int = 1000, size: int = 24, channels: int = 3, kinds: int = 6) -> Pairs:
    """Coloured stripes of a direction and a width: (N, channels, size, size), which (N,)."""
    chance = _seeded(1)
    kind = torch.randint(kinds, (count,), generator=chance)
    angle = (kind * math.pi / kinds + 0.15 * torch.randn(count, generator=chance))[:, None, None]
    pace = torch.where(kind % 2 == 0, 7.0, 12.0)[:, None, None]
    line = torch.linspace(-1, 1, size)
    down, across = torch.meshgrid(line, line, indexing="ij")
    start = 2 * math.pi * torch.rand(count, 1, 1, generator=chance)
    waves = (pace * (angle.cos() * across + angle.sin() * down) + start).sin()
    colour = 0.6 + 0.6 * torch.rand(count, channels, 1, 1, generator=chance)
    noise = torch.randn(count, channels, size, size, generator=chance)
    pictures = colour * waves[:, None] + noise
    return (pictures - pictures.mean()) / pictures.std(), kind


def figures(count: int = 800, size: int = 24) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A square, a disc or a cross: picture (N, 1, size, size), kind (N,), box (N, 3), mask.

    A box is the centre's row and column, and half the width, in half pictures, from -1 to 1.
    """
    chance = _seeded(2)
    kind = torch.randint(3, (count,), generator=chance)
    centre = 1.1 * torch.rand(count, 2, generator=chance) - 0.55
    half = 0.25 + 0.25 * torch.rand(count, generator=chance)
    line = torch.linspace(-1, 1, size)
    down = (line[None, :, None] - centre[:, :1, None]).abs()
    across = (line[None, None, :] - centre[:, 1:, None]).abs()
    wide = half[:, None, None]
    square = (down < wide) & (across < wide)
    disc = torch.hypot(down.expand_as(square), across.expand_as(square)) < wide
    cross = square & ((down < wide / 3) | (across < wide / 3))
    mask = torch.stack([square, disc, cross], 1)[torch.arange(count), kind].float()[:, None]
    pictures = 2.0 * mask - 0.5 + 0.8 * torch.randn(mask.shape, generator=chance)
    return pictures, kind, torch.cat([centre, half[:, None]], 1), mask


def scans(count: int = 800, size: int = 28, signs: int = 5) -> Pairs:
    """Grey pictures with none, one or several of five signs: (N, 1, size, size), (N, signs)."""
    chance = _seeded(3)
    shapes = torch.randn(signs, 1, 4, 4, generator=chance)
    shapes = functional.interpolate(shapes, size=(size, size), mode="bicubic")[:, 0]
    seen = (torch.rand(count, signs, generator=chance) < 0.35).float()
    pictures = torch.einsum("ns,shw->nhw", seen, shapes)
    pictures = pictures + 1.2 * torch.randn(count, size, size, generator=chance)
    return ((pictures - pictures.mean()) / pictures.std())[:, None], seen


def sentences(count: int = 600, length: int = 24, words: int = 48) -> Tensor:
    """Texts of a subject that decides which word follows which: (N, length)."""
    chance = _seeded(4)
    subject = torch.randint(4, (count,), generator=chance)
    after = 2 + torch.randint(words - 2, (4, words, 2), generator=chance)
    text = [torch.randint(2, words, (count,), generator=chance)]
    for _ in range(length - 1):
        turn = (torch.rand(count, generator=chance) < 0.2).long()
        text.append(after[subject, text[-1], turn])
    return torch.stack(text, 1)


def opinions(count: int = 1200, length: int = 18, words: int = 90) -> Pairs:
    """Texts of good, bad and other words; which of three moods outweighs: (N, length), (N,)."""
    chance = _seeded(5)
    worth = torch.randint(-1, 2, (words,), generator=chance)
    text = torch.randint(2, words, (count, length), generator=chance)
    lean = torch.randint(-1, 2, (count, 1), generator=chance)
    other = torch.randint(2, words, (count, length), generator=chance)
    agrees = worth[other] == lean
    text = torch.where(agrees, other, text)
    return text, 1 + lean[:, 0]


def names(count: int = 1000, length: int = 12, letters: int = 28, kinds: int = 4) -> Pairs:
    """Names whose letters follow each other as in one of several languages: (N, length), (N,)."""
    chance = _seeded(6)
    kind = torch.randint(kinds, (count,), generator=chance)
    follow = 1 + torch.randint(letters - 1, (kinds, letters, 4), generator=chance)
    text = [1 + torch.randint(letters - 1, (count,), generator=chance)]
    for _ in range(length - 1):
        text.append(follow[kind, text[-1], torch.randint(4, (count,), generator=chance)])
    return torch.stack(text, 1), kind


def questions(count: int = 1200, length: int = 10, words: int = 70) -> Pairs:
    """Two questions each, that ask for the same in half of all pairs: (N, 2, length), (N,)."""
    chance = _seeded(7)
    same = (torch.rand(count, generator=chance) < 0.5).float()
    topic = torch.randint(8, (count, 2), generator=chance)
    topic[:, 1] = torch.where(same > 0, topic[:, 0], (topic[:, 0] + 1 + topic[:, 1] % 7) % 8)
    own = 2 + 5 * topic[..., None] + torch.randint(5, (count, 2, length), generator=chance)
    other = torch.randint(42, words, (count, 2, length), generator=chance)
    return torch.where(torch.rand(own.shape, generator=chance) < 0.5, own, other), same


def households(count: int = 1500) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Columns (N, 8), ids (N, 3) of 12, 7 and 30, whether rich (N,), and a bill (N, 1)."""
    chance = _seeded(8)
    columns = torch.randn(count, 8, generator=chance)
    sizes = (12, 7, 30)
    ids = torch.stack([torch.randint(n, (count,), generator=chance) for n in sizes], 1)
    worth = sum(torch.randn(n, generator=chance)[ids[:, k]] for k, n in enumerate(sizes))
    bent = columns[:, 0] * columns[:, 1] + columns[:, 2].abs() + 1.5 * columns[:, 3].tanh()
    bill = bent + 0.7 * worth
    bill = (bill - bill.mean()) / bill.std()
    rich = (bill + 0.2 * torch.randn(count, generator=chance) > 0.3).float()
    return columns, ids, rich, bill[:, None]


def terrain(count: int = 1500, columns: int = 12, kinds: int = 5) -> Pairs:
    """Columns, and the nearest of fifteen places, each of one of five kinds: (N, 12), (N,)."""
    chance = _seeded(9)
    values = torch.randn(count, columns, generator=chance)
    places = 0.8 * torch.randn(3 * kinds, columns, generator=chance)
    return values, torch.cdist(values, places).argmin(1) % kinds


def demand(count: int = 900, length: int = 32, ahead: int = 6) -> Pairs:
    """Windows (N, length) of a load with a day and a week, and what follows (N, ahead)."""
    chance = _seeded(10)
    time = 500 * torch.rand(count, 1, generator=chance) + torch.arange(length + ahead)
    load = (time * math.pi / 4).sin() + 0.8 * (time * math.pi / 14).cos()
    load = load + 0.15 * torch.randn(load.shape, generator=chance)
    return load[:, :length], load[:, length:]


def brain_waves(count: int = 800, length: int = 96, kinds: int = 4) -> Pairs:
    """Two channels in which one of four bands is strong: (N, 2, length), stage (N,)."""
    chance = _seeded(11)
    kind = torch.randint(kinds, (count,), generator=chance)
    time = torch.linspace(0, 2 * math.pi, length)
    total = 0.8 * torch.randn(count, 2, length, generator=chance)
    for band, pace in enumerate((3.0, 6.0, 11.0, 19.0)[:kinds]):
        start = 2 * math.pi * torch.rand(count, 2, 1, generator=chance)
        strength = torch.where(kind == band, 1.2, 0.3)[:, None, None]
        total = total + strength * (pace * time + start).sin()
    return total / total.std(), kind


def calls(count: int = 700, bands: int = 24, frames: int = 32, kinds: int = 5) -> Pairs:
    """Logarithmic spectra of chirps that rise or fall: (N, 1, bands, frames), which (N,)."""
    chance = _seeded(12)
    kind = torch.randint(kinds, (count,), generator=chance)
    slope = (kind - (kinds - 1) / 2)[:, None, None] * bands / 2 / frames
    middle = bands * (0.35 + 0.3 * torch.rand(count, 1, 1, generator=chance))
    ridge = middle + slope * (torch.arange(frames) - frames / 2)
    apart = torch.arange(bands)[:, None] - ridge
    power = (-apart.square() / 6).exp() + 0.05
    power = power * (0.5 * torch.randn(power.shape, generator=chance)).exp()
    spectra = power.log()
    return ((spectra - spectra.mean()) / spectra.std())[:, None], kind


def machines(count: int = 1200, width: int = 64) -> Tensor:
    """Frames of sound that a few hidden figures decide: (N, width)."""
    chance = _seeded(13)
    hidden = torch.randn(count, 5, generator=chance)
    frames = (hidden @ torch.randn(5, 32, generator=chance)).tanh()
    frames = frames @ torch.randn(32, width, generator=chance) / 4
    return (frames - frames.mean(0)) / frames.std(0)


def visits(count: int = 1000, length: int = 9, things: int = 60) -> Tensor:
    """What is looked at in turn, mostly of one group of six: (N, length)."""
    chance = _seeded(14)
    group = torch.randint(things // 6, (count, 1), generator=chance)
    place = torch.randint(6, (count, 1), generator=chance) + torch.arange(length)
    strange = torch.randint(things, (count, length), generator=chance)
    known = 6 * group + place % 6
    return torch.where(torch.rand(count, length, generator=chance) < 0.15, strange, known)


def sums(count: int = 1500, length: int = 14) -> Pairs:
    """Numbers with two of them marked (N, length, 2), and the sum of those two (N, 1)."""
    chance = _seeded(15)
    numbers = torch.rand(count, length, generator=chance)
    marks = torch.zeros(count, length)
    first = torch.randint(length // 2, (count, 1), generator=chance)
    marks.scatter_(1, first, 1).scatter_(1, first + length // 2, 1)
    return torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True)


def citations(nodes: int = 240, kinds: int = 4, words: int = 30) -> Threes:
    """Links (nodes, nodes) normalised with loops, words of nodes (nodes, words), kinds (nodes,)."""
    chance = _seeded(16)
    kind = torch.randint(kinds, (nodes,), generator=chance)
    near = kind[:, None] == kind
    links = torch.rand(nodes, nodes, generator=chance) < torch.where(near, 0.05, 0.006)
    linked = ((links | links.T).float() + torch.eye(nodes)).clamp(max=1)
    root = linked.sum(1).rsqrt()
    topics = torch.randn(kinds, words, generator=chance)
    read = 0.5 * topics[kind] + torch.randn(nodes, words, generator=chance)
    return root[:, None] * linked * root, read, kind
