"""Tables, purchases, series and sounds that this set's networks learn from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats


def bicycles(count: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """Weather (N, 4); hour, weekday and sort of weather (N, 3); logarithms of hires (N,)."""
    random = np.random.default_rng(31)
    weather = random.normal(0, 1, (count, 4))
    kinds = np.stack([random.integers(0, own, count) for own in (24, 7, 4)], 1)
    rush = np.exp(-((kinds[:, 0] - 8) ** 2) / 4) + np.exp(-((kinds[:, 0] - 18) ** 2) / 6)
    rush *= np.where(kinds[:, 1] < 5, 1.5, 0.4)
    hires = rush + 0.6 * weather[:, 0] - 0.3 * weather[:, 0] ** 2 - 0.5 * (kinds[:, 2] == 3)
    hires += 0.15 * random.normal(0, 1, count)
    return floats(weather), torch.tensor(kinds), floats(hires)


def loans(count: int = 4000) -> tuple[Tensor, Tensor]:
    """Columns (N, 10), standardised, and whether a loan is lost (N,), a fifth of them."""
    random = np.random.default_rng(32)
    columns = random.normal(0, 1, (count, 10))
    risk = columns[:, 0] * 1.2 + columns[:, 1] * columns[:, 2] - np.abs(columns[:, 3])
    lost = risk > np.quantile(risk, 0.8)
    return floats(columns), floats(lost)


def collisions(count: int = 5000) -> tuple[Tensor, Tensor]:
    """What detectors read (N, 14), standardised, and which of three processes it was (N,)."""
    random = np.random.default_rng(33)
    readings = random.normal(0, 1, (count, 14))
    mass = readings[:, 0] * readings[:, 1] + readings[:, 2] * readings[:, 3]
    spin = readings[:, 4] + 0.5 * readings[:, 5] ** 2
    score = np.stack([mass, spin, 0.5 - 0.5 * (mass + spin) + readings[:, 6]], 1)
    return floats(readings), torch.tensor(score.argmax(1))


def adverts_shown(count: int = 5000) -> tuple[Tensor, Tensor]:
    """Ids (N, 6) of 20 in each field, and clicks (N,) by pairs of fields."""
    random = np.random.default_rng(34)
    ids = random.integers(0, 20, (count, 6))
    vectors = random.normal(0, 1, (6, 20, 3))
    own = np.stack([vectors[field, ids[:, field]] for field in range(6)])
    liking = (own[0] * own[1]).sum(1) + (own[2] * own[3]).sum(1) + own[4, :, 0] + own[5, :, 1]
    return torch.tensor(ids), floats(liking > 0)


def histories(count: int = 5000) -> tuple[Tensor, Tensor]:
    """Ten things that a user looked at and one on offer (N, 11), from 1 to 60; purchases (N,).

    Things belong to twelve sorts; who looked at the sort before is likely to buy.
    """
    random = np.random.default_rng(35)
    ids = random.integers(1, 61, (count, 11))
    same = random.random(count) < 0.5
    ids[same, 10] = 1 + (ids[same, 3] - 1) // 5 * 5 + random.integers(0, 5, same.sum())
    sorts = (ids - 1) // 5
    seen = (sorts[:, :10] == sorts[:, 10:]).any(1)
    lengths = random.integers(6, 11, count)
    hidden = np.arange(10) >= lengths[:, None]
    ids[:, :10][hidden] = 0
    seen &= (np.where(hidden, -1, sorts[:, :10]) == sorts[:, 10:]).any(1)
    return torch.tensor(ids), floats(seen)


def listens(count: int = 6000) -> tuple[Tensor]:
    """Listener, a song heard and one not heard (N, 3) of 60 listeners and 90 songs."""
    random = np.random.default_rng(36)
    listeners, songs = random.normal(0, 1, (60, 4)), random.normal(0, 1, (90, 4))
    who, pairs = random.integers(0, 60, count), random.integers(0, 90, (count, 2))
    liking = np.einsum("nd,nkd->nk", listeners[who], songs[pairs])
    order = np.argsort(-liking, 1)
    return (torch.tensor(np.column_stack([who, np.take_along_axis(pairs, order, 1)])),)


def loads(count: int = 1500, window: int = 32, ahead: int = 8) -> tuple[Tensor, Tensor]:
    """Windows (N, window, 4) of four meters in their order, and what follows (N, ahead, 4)."""
    random = np.random.default_rng(37)
    time = np.arange(count + window + ahead)[:, None]
    phases, paces = random.uniform(0, 6, 4), np.array([12.0, 16.0, 24.0, 8.0])
    series = np.sin(2 * np.pi * time / paces + phases) + 0.5 * np.sin(2 * np.pi * time / 48)
    series = (series + 0.1 * random.normal(0, 1, series.shape)) / series.std()
    at = np.arange(count)[:, None]
    before, after = np.arange(window)[None], window + np.arange(ahead)[None]
    return floats(series[at + before]), floats(series[at + after])


def movements(count: int = 1200, length: int = 48) -> tuple[Tensor, Tensor]:
    """What a telephone's six sensors read (N, length, 6), and which of five things is done (N,)."""
    random = np.random.default_rng(38)
    doing = random.integers(0, 5, count)
    pace = np.array([0.0, 0.35, 0.6, 0.9, 1.3])[doing][:, None, None]
    tilt = np.array([0.9, -0.6, 0.2, -0.2, 0.5])[doing][:, None, None]
    time = np.arange(length)[None, :, None] + random.uniform(0, 20, (count, 1, 1))
    shares = random.uniform(0.6, 1.2, (count, 1, 6))
    read = shares * np.sin(pace * time + np.arange(6)) + tilt
    read = read + 0.5 * random.normal(0, 1, read.shape)
    return floats((read - read.mean()) / read.std()), torch.tensor(doing)


def notes(count: int = 1200, length: int = 400) -> tuple[Tensor, Tensor]:
    """Sounds (N, 1, length) of three overtones at 8,000 a second, and which of twelve notes."""
    random = np.random.default_rng(39)
    note = random.integers(0, 12, count)
    pitch = 220 * 2 ** (note / 12 + random.normal(0, 0.008, count))
    time = np.arange(length)[None] / 8000
    sound = sum(
        random.uniform(0.3, 1, (count, 1))
        * np.sin(2 * np.pi * tone * pitch[:, None] * time + random.uniform(0, 6, (count, 1)))
        for tone in (1, 2, 3)
    )
    sound = sound + 0.3 * random.normal(0, 1, (count, length))
    return floats(sound / sound.std())[:, None], torch.tensor(note)


def citations(papers: int = 150) -> tuple[Tensor, Tensor, Tensor]:
    """Words of papers (N, 20), which cite each other (N, N) of 0 and 1, subjects (N,) of three."""
    random = np.random.default_rng(40)
    subjects = random.integers(0, 3, papers)
    words = 0.5 * np.eye(3)[subjects] @ random.normal(0, 1, (3, 20))
    words += random.normal(0, 1, (papers, 20))
    alike = subjects[:, None] == subjects[None]
    linked = np.triu(random.random((papers, papers)) < np.where(alike, 0.12, 0.015), 1)
    return floats(words), floats(linked | linked.T), torch.tensor(subjects)


def lifts(count: int = 4000) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A lift's height and its goal (N, 2), moves (N,) of three, what follows (N, 2), rewards (N,).

    Up, stay or down; the reward is how much nearer the goal is, with noise.
    """
    random = np.random.default_rng(41)
    height, goal = random.uniform(-1, 1, (2, count))
    move = random.integers(0, 3, count)
    then = np.clip(height + 0.2 * (move - 1) + 0.03 * random.normal(0, 1, count), -1, 1)
    reward = 3 * (np.abs(height - goal) - np.abs(then - goal)) + 0.1 * random.normal(0, 1, count)
    ends = np.stack([then, goal], 1)
    return floats(np.stack([height, goal], 1)), torch.tensor(move), floats(ends), floats(reward)
