"""Small data sets that can be learnt: pictures, sounds, sequences, tables, points."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats


def _standardised(values: np.ndarray) -> Tensor:
    return floats((values - values.mean(0)) / values.std(0))


@cache
def labelled_scenes(samples: int = 900, size: int = 16) -> tuple[Tensor, Tensor]:
    """(N, 1, size, size) pictures, and which of four things each contains: (N, 4) of 0 and 1."""
    random = np.random.default_rng(60)
    images = random.normal(0, 0.25, (samples, 1, size, size))
    present = random.random((samples, 4)) < 0.4
    for image, things in zip(images[:, 0], present, strict=True):
        for thing in np.flatnonzero(things):
            top, left = random.integers(0, size - 5, 2)
            patch = image[top : top + 5, left : left + 5]
            patch += (np.eye(5), np.eye(5)[::-1], np.ones((5, 5)), np.zeros((5, 5)))[thing] * 2
            if thing == 3:
                patch[2], patch[:, 2] = -2, -2
    return floats(images), floats(present)


@cache
def spots(samples: int = 900, size: int = 20) -> tuple[Tensor, Tensor]:
    """Pictures with up to three spots of two sizes, and maps of their centres (N, 2, 10, 10)."""
    random = np.random.default_rng(61)
    images = random.normal(0, 0.2, (samples, 1, size, size))
    heat = np.zeros((samples, 2, size // 2, size // 2))
    rows, columns = np.mgrid[:size, :size]
    small_rows, small_columns = np.mgrid[: size // 2, : size // 2]
    for image, maps in zip(images[:, 0], heat, strict=True):
        for _ in range(random.integers(1, 4)):
            row, column, kind = (*random.integers(2, size - 2, 2), random.integers(0, 2))
            far = (rows - row) ** 2 + (columns - column) ** 2
            image += 2 * np.exp(-far / (2.0 if kind else 8.0))
            near = (small_rows - row // 2) ** 2 + (small_columns - column // 2) ** 2
            maps[kind] = np.maximum(maps[kind], np.exp(-near / 1.0))
    return floats(images), floats(heat)


@cache
def depths(samples: int = 800, size: int = 16) -> tuple[Tensor, Tensor]:
    """Boxes before a wall: what is near is brighter. Depths are 0 at the wall, and never less."""
    random = np.random.default_rng(62)
    near = np.zeros((samples, size, size))
    for picture in near:
        for _ in range(random.integers(1, 5)):
            top, left = random.integers(0, size - 4, 2)
            high, wide = random.integers(3, 8, 2)
            place = np.s_[top : top + high, left : left + wide]
            picture[place] = np.maximum(picture[place], random.uniform(0.3, 3))
    images = near + random.normal(0, 0.3, near.shape)
    return _standardised(images.reshape(-1, 1)).view(samples, 1, size, size), floats(near[:, None])


@cache
def videos(samples: int = 700, frames: int = 6, size: int = 12) -> tuple[Tensor, Tensor]:
    """(N, 1, frames, size, size), and in which of four directions a square moves."""
    random = np.random.default_rng(63)
    directions = random.integers(0, 4, samples)
    films = random.normal(0, 0.3, (samples, 1, frames, size, size))
    for film, direction in zip(films[:, 0], directions, strict=True):
        place = random.integers(0, size, 2)
        for frame in film:
            rows, columns = (np.arange(3) + place[0]) % size, (np.arange(3) + place[1]) % size
            frame[np.ix_(rows, columns)] += 2
            place = place + ((0, 1), (0, -1), (1, 0), (-1, 0))[direction]
    return floats(films), torch.from_numpy(directions)


@cache
def photograph(size: int = 40) -> tuple[Tensor, Tensor]:
    """Places (N, 2) from -1 to 1 of one picture, and their colours (N, 3) from 0 to 1."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    far = np.hypot(rows, columns)
    colours = np.stack([np.sin(9 * far), np.sin(7 * rows + 2), np.sign(np.sin(6 * columns))], 2)
    return floats(np.stack([rows, columns], 2).reshape(-1, 2)), floats(
        (colours.reshape(-1, 3) + 1) / 2
    )


@cache
def melodies(samples: int = 600, length: int = 480) -> tuple[Tensor, Tensor]:
    """(N, length) sound of four tones one after another, and which of six each was: (N, 4)."""
    random = np.random.default_rng(64)
    tones = random.integers(1, 7, (samples, 4))
    periods = np.repeat(40 / (1.5 + tones), length // 4, 1)
    sound = np.sin(np.cumsum(6.283 / periods, 1)) + random.normal(0, 0.1, (samples, length))
    return floats(sound), torch.from_numpy(tones)


@cache
def two_voices(samples: int = 600, length: int = 320) -> tuple[Tensor, Tensor]:
    """The sum of a low and a high voice (N, 1, length), and both apart (N, 2, length)."""
    random = np.random.default_rng(65)
    times = np.arange(length)[None]
    voices = []
    for low, high in ((30, 60), (6, 12)):
        periods = random.uniform(low, high, (samples, 1))
        slow = 1 + 0.5 * np.sin(times / random.uniform(20, 60, (samples, 1)))
        voices.append(slow * np.sin(6.283 * times / periods + random.uniform(0, 6, (samples, 1))))
    apart = np.stack(voices, 1)
    return floats(apart.sum(1, keepdims=True)), floats(apart)


@cache
def coded_words(samples: int = 1500, length: int = 7) -> tuple[Tensor, Tensor]:
    """Sequences of 20 tokens, and the same backwards by another alphabet, 2 at the end."""
    random = np.random.default_rng(66)
    words = random.integers(3, 23, (samples, length))
    other = 3 + random.permutation(20)
    coded = np.concatenate([other[words[:, ::-1] - 3], np.full((samples, 1), 2)], 1)
    return torch.from_numpy(words), torch.from_numpy(coded)


@cache
def tagged_words(samples: int = 1000, length: int = 16) -> tuple[Tensor, Tensor]:
    """Tokens of 40, and a tag of five each, which depends on the token and the one before it."""
    random = np.random.default_rng(67)
    words = random.integers(1, 40, (samples, length))
    of_word, before = random.integers(0, 3, 40), np.roll(words, 1, 1) % 3
    return torch.from_numpy(words), torch.from_numpy(np.where(before == 0, 4, of_word[words]))


@cache
def questions(samples: int = 3000, length: int = 8) -> tuple[Tensor, Tensor]:
    """Bags of words (N, length) of a question and of its answer, 0 where there is none."""
    random = np.random.default_rng(68)
    topics = random.integers(0, 40, (samples, 2))
    bags = []
    for shift in (1, 161):
        own = topics[:, random.integers(0, 2, length)] * 4 + random.integers(
            0, 4, (samples, length)
        )
        bags.append((own + shift) * (np.arange(length) < random.integers(4, 9, (samples, 1))))
    return torch.from_numpy(bags[0]), torch.from_numpy(bags[1])


@cache
def histories(samples: int = 1500, length: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    """What users looked at, the next thing each time, and a thing they did not look at."""
    random = np.random.default_rng(69)
    things = np.zeros((samples, length + 1), dtype=np.int64)
    things[:, 0] = random.integers(1, 61, samples)
    for place in range(1, length + 1):
        follows = (things[:, place - 1] * 7 + random.integers(0, 4, samples)) % 60 + 1
        strays = random.integers(1, 61, samples)
        things[:, place] = np.where(random.random(samples) < 0.1, strays, follows)
    others = random.integers(1, 61, (samples, length))
    return (
        torch.from_numpy(things[:, :-1].copy()),
        torch.from_numpy(things[:, 1:].copy()),
        torch.from_numpy(others),
    )


@cache
def passengers(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """Class, age, fare and others (N, 7), standardised, and who survived (N, 1)."""
    random = np.random.default_rng(70)
    rank, woman = random.integers(1, 4, samples), random.integers(0, 2, samples)
    age, fare = random.gamma(6, 5, samples), random.lognormal(4 - rank, 0.5, samples)
    others = random.poisson(0.5, (samples, 3))
    odds = 2.5 * woman - rank + 2 * (age < 14) - 0.7 * others[:, 0] + 1
    survived = random.random(samples) < 1 / (1 + np.exp(-2 * odds))
    columns = np.column_stack([rank, woman, age, fare, others])
    return _standardised(columns), floats(survived[:, None])


@cache
def uneven_noise(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """(N, 6) numbers, and (N, 1) whose noise depends on one of them."""
    random = np.random.default_rng(71)
    given = random.normal(0, 1, (samples, 6))
    clean = given[:, 0] * given[:, 1] + np.sin(2 * given[:, 2])
    values = clean + random.normal(0, 1, samples) * np.where(given[:, 3] > 0, 0.6, 0.1)
    return floats(given), _standardised(values[:, None])


@cache
def ratings(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """Sets of ten things with four numbers each, and one to five stars by their mean and spread."""
    random = np.random.default_rng(72)
    centres = random.normal(0, 1, (samples, 1, 4))
    things = centres + random.normal(0, 1, (samples, 10, 4)) * random.uniform(
        0.2, 1.5, (samples, 1, 1)
    )
    score = things.mean(1) @ np.array([1, -1, 0.5, 0]) + things.std(1).mean(1)
    return floats(things), torch.from_numpy(
        np.digitize(score, np.quantile(score, (0.2, 0.4, 0.6, 0.8)))
    )


@cache
def citations(nodes: int = 500) -> tuple[Tensor, Tensor, Tensor]:
    """Sparse words (nodes, 60) of 0 and 1, eight neighbours each (nodes, 8), five subjects."""
    random = np.random.default_rng(73)
    subjects = random.integers(0, 5, nodes)
    words = random.random((nodes, 60)) < np.where(
        np.arange(60)[None] // 12 == subjects[:, None], 0.12, 0.03
    )
    neighbours = np.stack(
        [
            random.choice(
                nodes, 8, p=(chance := np.where(subjects == own, 6.0, 1.0)) / chance.sum()
            )
            for own in subjects
        ]
    )
    return floats(words), torch.from_numpy(neighbours), torch.from_numpy(subjects)


@cache
def atoms(samples: int = 900, count: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    """Kinds (N, count) of four, places (N, count, 3), and the energy (N, 1) of all pairs."""
    random = np.random.default_rng(74)
    kinds = random.integers(0, 4, (samples, count))
    places = random.normal(0, 1.2, (samples, count, 3))
    far = np.linalg.norm(places[:, :, None] - places[:, None], axis=3) + 9 * np.eye(count)
    charge = np.array([-1.0, -0.5, 0.5, 1.0])[kinds]
    energy = (charge[:, :, None] * charge[:, None] * np.exp(-far)).sum((1, 2))
    return torch.from_numpy(kinds), floats(places), _standardised(energy[:, None])


@cache
def heartbeats(samples: int = 900, length: int = 36) -> tuple[Tensor]:
    """(N, length, 2) of two leads, each beat at its own pace."""
    random = np.random.default_rng(75)
    phase = np.cumsum(random.uniform(0.5, 0.9, (samples, 1)) * np.ones((1, length)), 1)
    phase += random.uniform(0, 6.283, (samples, 1))
    first, second = np.exp(3 * np.cos(phase) - 3), np.sin(phase) * 0.4
    leads = np.stack([first, first * 0.5 + second], 2) + random.normal(
        0, 0.03, (samples, length, 2)
    )
    return (_standardised(leads.reshape(-1, 2)).view(samples, length, 2),)


@cache
def mixtures(samples: int = 5000) -> tuple[Tensor]:
    """(N, 24): sums of a few of 60 directions, as in the activations of a larger network."""
    random = np.random.default_rng(76)
    directions = random.normal(0, 1, (60, 24))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    amounts = (random.random((samples, 60)) < 0.05) * random.uniform(0.5, 1.5, (samples, 60))
    return (floats(amounts @ directions),)


@cache
def wholesale(samples: int = 1000, past: int = 30, future: int = 6) -> tuple[Tensor, Tensor]:
    """(N, past, 2): what was sold and the weekday's share; what is sold next (N, future)."""
    random = np.random.default_rng(77)
    days = np.arange(past + future)[None] + random.integers(0, 7, (samples, 1))
    week = random.normal(0, 1, 7)[days % 7]
    sold = week * random.uniform(0.5, 1.5, (samples, 1)) + 0.02 * days * random.normal(
        0, 1, (samples, 1)
    )
    sold += random.normal(0, 0.1, sold.shape)
    both = np.stack([sold, np.sin(6.283 * days / 7)], 2)
    return floats(both[:, :past]), floats(sold[:, past:])
