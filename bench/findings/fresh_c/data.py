"""Small data sets that the other sets do not use, raw as they come from a file, and scaled."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats, standardised

WORDS = 400
PHONES = 9


@cache
def raw_textures(samples: int = 1200, size: int = 16) -> tuple[Tensor, Tensor]:
    """(N, 3, size, size) pixels from 0 to 255 and (N,) of six patterns; colour says nothing."""
    random = np.random.default_rng(21)
    kinds = random.integers(0, 6, samples)
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    pixels = np.empty((samples, 3, size, size))
    for row, kind in enumerate(kinds):
        shift, period = random.uniform(0, 6.28), random.uniform(3.5, 6)
        wave = (
            np.sin(6.28 * across / period + shift),
            np.sin(6.28 * down / period + shift),
            np.sin(6.28 * (across + down) / period + shift),
            np.sign(np.sin(6.28 * across / period) * np.sin(6.28 * down / period + shift)),
            np.cos(6.28 * np.hypot(across - size / 2, down - size / 2) / period + shift),
            random.normal(0, 1, (size, size)),
        )[kind]
        colour = random.uniform(20, 70, (3, 1, 1)) * random.choice([-1, 1], (3, 1, 1))
        base = random.uniform(90, 160, (3, 1, 1))
        pixels[row] = base + colour * wave[None] + random.normal(0, 12, (3, size, size))
    return floats(pixels.clip(0, 255).round()), torch.from_numpy(kinds)


@cache
def textures() -> tuple[Tensor, Tensor]:
    pixels, kinds = raw_textures()
    return (pixels - 125) / 50, kinds


@cache
def scenes(samples: int = 900) -> tuple[Tensor, Tensor]:
    """(N, 1, 24, 24) pictures; (N, 7, 3, 3): present, place in a cell (2), size (2), class (2)."""
    random = np.random.default_rng(22)
    pictures = random.normal(0, 0.3, (samples, 1, 24, 24))
    targets = np.zeros((samples, 7, 3, 3))
    across, down = np.meshgrid(np.arange(24), np.arange(24))
    for row in range(samples):
        for cell in random.choice(9, random.integers(1, 4), replace=False):
            place, radius = random.uniform(0.25, 0.75, 2), random.uniform(1.5, 4)
            x, y = 8 * (cell % 3 + place[0]), 8 * (cell // 3 + place[1])
            disc = random.integers(0, 2)
            far = (
                np.hypot(across - x, down - y)
                if disc
                else np.maximum(abs(across - x), abs(down - y))
            )
            pictures[row, 0] += 2.0 * (far < radius)
            own = [1, *place, radius / 4, radius / 4, disc, 1 - disc]
            targets[row, :, cell // 3, cell % 3] = own
    return floats(pictures), floats(targets)


@cache
def clips(samples: int = 800) -> tuple[Tensor, Tensor]:
    """(N, 6, 1, 12, 12) short films of a spot and (N,) of four directions it goes in."""
    random = np.random.default_rng(23)
    ways = random.integers(0, 4, samples)
    across, down = np.meshgrid(np.arange(12), np.arange(12))
    films = random.normal(0, 0.2, (samples, 6, 1, 12, 12))
    steps = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
    start = random.uniform(3, 9, (samples, 2))
    for row in range(samples):
        for time in range(6):
            x, y = start[row] + 0.8 * (time - 2.5) * steps[ways[row]]
            films[row, time, 0] += 2 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / 2)
    return floats(films), torch.from_numpy(ways)


@cache
def reviews(samples: int = 1200, length: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """(N, length) words, 0 where a review has ended; (N,) lengths; (N,) of 0 and 1.

    Words are as seldom as Zipf has it; each twelfth word is kind or unkind.
    """
    random = np.random.default_rng(24)
    lengths = random.integers(5, length + 1, samples)
    words = random.zipf(1.25, (samples, length)).clip(1, WORDS - 41)
    liked = random.integers(0, 2, samples)
    for row in range(samples):
        told = random.random(lengths[row]) < 0.3
        told[random.integers(0, lengths[row])] = True
        own = random.random(lengths[row]) < 0.85
        kind = np.where(own, liked[row], 1 - liked[row])
        chosen = WORDS - 40 + 20 * kind + random.integers(0, 20, lengths[row])
        words[row, : lengths[row]] = np.where(told, chosen, words[row, : lengths[row]])
        words[row, lengths[row] :] = 0
    return tuple(torch.from_numpy(each) for each in (words, lengths, liked))  # type: ignore[return-value]


@cache
def utterances(samples: int = 700) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 32, 12) frames of sound, (N, 6) phones from 1 on, 0 after the end, and (N,) how many."""
    random = np.random.default_rng(25)
    shapes = random.normal(0, 1, (PHONES, 12))
    frames = random.normal(0, 0.4, (samples, 32, 12))
    phones, counts = np.zeros((samples, 6), np.int64), random.integers(3, 7, samples)
    for row in range(samples):
        phones[row, : counts[row]] = random.integers(1, PHONES, counts[row])
        place = random.integers(0, 3)
        for phone in phones[row, : counts[row]]:
            lasts = random.integers(3, 6)
            frames[row, place : place + lasts] += shapes[phone]
            place += lasts
    return floats(frames), torch.from_numpy(phones), torch.from_numpy(counts)


@cache
def prices() -> tuple[Tensor, Tensor]:
    """(N, 20, 1) of a rate between 0 and 1 and (N, 1) of what follows, as tutorials have it."""
    random = np.random.default_rng(26)
    times = np.arange(2400)
    walk = np.cumsum(random.normal(0, 0.15, 2400))
    rate = 4 * np.sin(6.28 * times / 60) + 2 * np.sin(6.28 * times / 23) + 0.5 * walk
    rate = (rate - rate.min()) / (rate.max() - rate.min())
    windows = np.lib.stride_tricks.sliding_window_view(rate, 21)
    return floats(windows[:, :20, None]), floats(windows[:, 20:])


@cache
def raw_houses(samples: int = 1500) -> tuple[Tensor, Tensor]:
    """(N, 8) columns in their own units (square feet, years, dollars ...), (N, 1) prices."""
    random = np.random.default_rng(27)
    area = random.lognormal(7.4, 0.35, samples)
    rooms = (area / 400 + random.normal(0, 1, samples)).clip(1).round()
    year, distance = random.integers(1900, 2024, samples), random.exponential(8, samples)
    income, crime = random.lognormal(10.9, 0.4, samples), random.beta(2, 8, samples)
    lot, floor = area * random.uniform(1, 6, samples), random.integers(1, 4, samples)
    price = (
        60 * area
        + 9000 * rooms
        + 600 * (year - 1900)
        - 3000 * distance
        + 1.5 * income
        - 90000 * crime * (distance < 8)
        + random.normal(0, 12000, samples)
    ).clip(20000)
    columns = np.stack([area, rooms, year, distance, income, crime, lot, floor], 1)
    return floats(columns), floats(price[:, None])


@cache
def houses() -> tuple[Tensor, Tensor]:
    columns, price = raw_houses()
    return standardised(columns), standardised(price.log())


@cache
def payments(samples: int = 3000) -> tuple[Tensor, Tensor]:
    """(N, 14) columns, (N,) of 0 and, in about 12 of 100, 1."""
    random = np.random.default_rng(28)
    columns = random.normal(0, 1, (samples, 14))
    columns[:, 3] = (columns[:, 3] > 1).astype(float)
    odd = 1.3 * columns[:, 0] * columns[:, 1] + columns[:, 2] + 1.5 * columns[:, 3] - 3.3
    fraud = random.random(samples) < 1 / (1 + np.exp(-2 * odd))
    return floats(columns), floats(fraud)


@cache
def documents(samples: int = 1200) -> tuple[Tensor, Tensor]:
    """(N, 300) tf-idf of words, nearly all 0, in rows of length 1, and (N,) of five topics."""
    random = np.random.default_rng(29)
    topics = random.integers(0, 5, samples)
    counts = np.zeros((samples, 300))
    for row, topic in enumerate(topics):
        words = random.zipf(1.5, 25).clip(1, 180) - 1
        own = 180 + 24 * topic + random.integers(0, 24, 4)
        np.add.at(counts[row], np.concatenate([words, own]), 1)
    weights = counts * np.log(samples / (1 + (counts > 0).sum(0)))
    return floats(weights / np.linalg.norm(weights, axis=1, keepdims=True)), torch.from_numpy(
        topics
    )


@cache
def sales(samples: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 4) numbers, (N, 3) ids of which most come seldom, (N, 1) scaled sales."""
    random = np.random.default_rng(30)
    numbers = random.normal(0, 1, (samples, 4))
    ids = np.stack([random.zipf(1.3, samples).clip(1, 60) - 1 for _ in range(3)], 1)
    worth = random.normal(0, 1, (3, 60))
    sold = numbers @ random.normal(0, 0.6, 4) + sum(worth[i, ids[:, i]] for i in range(3))
    sold = sold + 0.5 * numbers[:, 0] * worth[0, ids[:, 0]] + random.normal(0, 0.2, samples)
    return floats(numbers), torch.from_numpy(ids), standardised(floats(sold[:, None]))


@cache
def molecules(samples: int = 800) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 10, 5) atoms one-hot, (N, 3, 10, 10) bonds of three kinds, (N, 1) a scaled property."""
    random = np.random.default_rng(31)
    kinds = random.integers(0, 5, (samples, 10))
    bonds = np.zeros((samples, 3, 10, 10))
    for row in range(samples):
        for atom in range(1, 10):
            other, kind = random.integers(max(0, atom - 3), atom), random.integers(0, 3)
            bonds[row, kind, atom, other] = bonds[row, kind, other, atom] = 1
    worth, strength = random.normal(0, 1, 5), np.array([0.5, 1.0, -1.0])
    own = worth[kinds]
    pairs = np.einsum("nkij,k,ni,nj->n", bonds, strength, own, own)
    return (
        floats(np.eye(5)[kinds]),
        floats(bonds),
        standardised(floats((own.sum(1) + pairs)[:, None])),
    )


@cache
def operators(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """(N, 25): a function at 24 places and a place x; (N, 1): its integral from 0 to x."""
    random = np.random.default_rng(32)
    grid = np.linspace(0, 1, 24)
    sizes, waves = random.normal(0, 1, (samples, 1, 4)), np.arange(1, 5)
    values = (sizes * np.sin(3.14 * waves * grid[None, :, None])).sum(2)
    place = random.random((samples, 1))
    integral = (sizes[:, 0] * (1 - np.cos(3.14 * waves * place)) / (3.14 * waves)).sum(1)
    return floats(np.concatenate([values, place], 1)), standardised(floats(integral[:, None]))


@cache
def sentences(samples: int = 1500, length: int = 25) -> tuple[Tensor, Tensor]:
    """(N, 24) letters and those that follow, of sums and their results: "7+25=32;"."""
    random = np.random.default_rng(33)
    letters = {letter: place for place, letter in enumerate("0123456789+=;")}
    text = ""
    while len(text) < samples * 3 + length:
        first, second = random.integers(0, 40, 2)
        text += f"{first}+{second}={first + second};"
    ids = torch.tensor([letters[letter] for letter in text])
    windows = ids.unfold(0, length, 3)[:samples]
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


@cache
def signals(samples: int = 1200) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 32, 3) of an accelerometer, 0 after the end; (N, 32) if ended; (N,) of four moves."""
    random = np.random.default_rng(34)
    kinds, lengths = random.integers(0, 4, samples), random.integers(16, 33, samples)
    times = np.arange(32)[None]
    speed = np.where(kinds % 2, 0.3, 0.06)[:, None] * random.uniform(0.8, 1.2, (samples, 1))
    shift = random.uniform(0, 6.28, (samples, 1))
    first, second = np.sin(6.28 * speed * times + shift), np.cos(6.28 * speed * times + shift)
    third = np.where(kinds > 1, 0.4, -0.4)[:, None] + random.normal(0, 1, (samples, 32))
    values = np.stack([first, second, third], 2) + random.normal(0, 0.3, (samples, 32, 3))
    ended = times >= lengths[:, None]
    values[ended] = 0
    return floats(values), torch.from_numpy(ended), torch.from_numpy(kinds)
