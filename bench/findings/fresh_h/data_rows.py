"""Texts, tables, series and games for the networks of this set."""

from __future__ import annotations

from functools import cache

import numpy as np
from torch import Tensor

from bench.findings.wide.data import floats, wholes

START, STOP, PAD = 1, 2, 0


@cache
def reviews(samples: int = 1500, length: int = 24) -> tuple[Tensor, Tensor]:
    """Tokens (N, length) of 60 and whether praise (10 to 19) outweighs blame (20 to 29), 0 or 1.

    Texts begin with `START` and have `PAD` behind their end, after 6 tokens at the earliest.
    """
    random = np.random.default_rng(200)
    tokens = np.zeros((samples, length), int)
    liked = np.zeros(samples)
    for own in range(samples):
        own_length = random.integers(6, length)
        share = random.uniform(0.1, 0.9)
        opinions = np.where(random.random(own_length) < share, 10, 20)
        opinions += random.integers(0, 10, own_length)
        others = random.integers(30, 60, own_length)
        words = np.where(random.random(own_length) < 0.5, opinions, others)
        tokens[own, 0], tokens[own, 1 : own_length + 1] = START, words[: length - 1]
        liked[own] = ((words >= 10) & (words < 20)).sum() > ((words >= 20) & (words < 30)).sum()
    return wholes(tokens), wholes(liked)


@cache
def tagged_words(samples: int = 1200, length: int = 16) -> tuple[Tensor, Tensor]:
    """Tokens (N, length) of 50, and a tag for each, 0 to 4, which -100 takes out at the ends.

    A tag is that of the word's group, or the next one's after a word of the last group.
    """
    random = np.random.default_rng(201)
    tokens = random.integers(3, 50, (samples, length))
    groups = tokens % 5
    tags = np.where(np.roll(groups, 1, 1) == 4, (groups + 1) % 5, groups)
    tags[:, 0] = tags[:, -1] = -100
    tokens[:, 0], tokens[:, -1] = START, STOP
    return wholes(tokens), wholes(tags)


@cache
def alike_sentences(samples: int = 1500, length: int = 10) -> tuple[Tensor, Tensor]:
    """Two sentences (N, 2, length) of 60 tokens, and how alike they are, from 0 to 1."""
    random = np.random.default_rng(202)
    topics = random.integers(0, 8, (samples, 2))
    topics[::2, 1] = topics[::2, 0]
    share = random.uniform(0.4, 1, (samples, 2))
    own = 4 + topics[..., None] * 7 + random.integers(0, 7, (samples, 2, length))
    others = random.integers(4, 60, (samples, 2, length))
    tokens = np.where(random.random((samples, 2, length)) < share[..., None], own, others)
    alike = (topics[:, 0] == topics[:, 1]) * share.mean(1)
    return wholes(tokens), floats(alike)


@cache
def sentence_pairs(samples: int = 1500, length: int = 8) -> tuple[Tensor, Tensor]:
    """Sources (N, length) of 40 tokens, and translations (N, length + 1) that end with `STOP`.

    Each word has one translation, and neighbours of even rank change places.
    """
    random = np.random.default_rng(203)
    words = random.integers(3, 40, (samples, length))
    meanings = 3 + random.permutation(37)
    turned = meanings[words - 3].reshape(samples, length // 2, 2)[:, :, ::-1]
    stops = np.full((samples, 1), STOP)
    return wholes(words), wholes(np.concatenate([turned.reshape(samples, length), stops], 1))


@cache
def instructions(samples: int = 1500, length: int = 6) -> tuple[Tensor, Tensor]:
    """Questions with their answers (N, 2 * length + 2), and labels, -100 at what is not answered.

    The first token tells what is asked for: the same numbers, or each one more; then `STOP`.
    """
    random = np.random.default_rng(204)
    asked = random.integers(0, 2, (samples, 1))
    numbers = random.integers(10, 40, (samples, length))
    answers = 10 + (numbers - 10 + asked) % 30
    stops = np.full((samples, 1), STOP)
    tokens = np.concatenate([4 + asked, numbers, stops, answers], 1)
    labels = tokens.copy()
    labels[:, : length + 2] = -100
    return wholes(tokens), wholes(labels)


@cache
def customers(samples: int = 3000) -> tuple[Tensor, Tensor]:
    """Figures of customers (N, 8), standardised, and whether they leave; a fifth does."""
    random = np.random.default_rng(205)
    figures = random.normal(0, 1, (samples, 8))
    odds = figures[:, 0] - 1.2 * figures[:, 1] + figures[:, 2] * figures[:, 3] - 1.9
    leaves = random.random(samples) < 1 / (1 + np.exp(-2 * odds))
    return floats(figures), floats(leaves)


@cache
def flats(samples: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """Categories (N, 3) of 12 each, numbers (N, 5), and prices (N, 1); the latter standardised."""
    random = np.random.default_rng(206)
    kinds, numbers = random.integers(0, 12, (samples, 3)), random.normal(0, 1, (samples, 5))
    worth = random.normal(0, 1, (3, 12))
    prices = sum(worth[i, kinds[:, i]] for i in range(3)) + numbers @ random.normal(0, 0.7, 5)
    prices += 0.2 * random.normal(0, 1, samples)
    prices = (prices - prices.mean()) / prices.std()
    return wholes(kinds), floats(numbers), floats(prices[:, None])


@cache
def purchases(samples: int = 6000) -> tuple[Tensor, Tensor]:
    """Users and things (N, 2) of 50 and 70, and whether the user has bought the thing."""
    random = np.random.default_rng(207)
    users, things = random.normal(0, 1, (50, 3)), random.normal(0, 1, (70, 3))
    pairs = np.stack([random.integers(0, 50, samples), random.integers(0, 70, samples)], 1)
    fits = (users[pairs[:, 0]] * things[pairs[:, 1]]).sum(1)
    return wholes(pairs), floats(random.random(samples) < 1 / (1 + np.exp(-2 * fits)))


@cache
def machine_readings(samples: int = 2000, columns: int = 20) -> Tensor:
    """Readings (N, columns) of a machine that has three states, standardised."""
    random = np.random.default_rng(208)
    states = random.normal(0, 1, (samples, 3))
    readings = np.tanh(states @ random.normal(0, 1, (3, columns)))
    readings += 0.1 * random.normal(0, 1, readings.shape)
    return floats((readings - readings.mean(0)) / readings.std(0))


@cache
def chords(samples: int = 700, length: int = 512) -> tuple[Tensor, Tensor]:
    """Sounds (N, 1, length) of three tones, and which of six chords they are."""
    random = np.random.default_rng(209)
    kinds = random.integers(0, 6, samples)
    tones = 0.05 * 1.25 ** np.arange(6)[kinds, None] * np.array([1.0, 1.5, 2.2])
    starts = random.uniform(0, 6.28, (samples, 3, 1))
    sounds = np.sin(tones[..., None] * np.arange(length) + starts).sum(1)
    sounds = 0.4 * sounds + random.normal(0, 0.3, sounds.shape)
    return floats(sounds[:, None]), wholes(kinds)


@cache
def heart_beats(samples: int = 900, length: int = 128) -> tuple[Tensor, Tensor]:
    """Two leads of a heart (N, 2, length), about standardised, and the rhythm, one of four."""
    random = np.random.default_rng(210)
    kinds = random.integers(0, 4, samples)
    times = np.arange(length)
    leads = random.normal(0, 0.5, (samples, 2, length))
    for own, kind in enumerate(kinds):
        place = random.uniform(0, 10)
        while place < length:
            width = 4.0 if kind == 2 else 1.5
            beat = np.exp(-((times - place) ** 2) / (2 * width**2))
            leads[own] += np.array([[2.5], [-2.5 if kind == 3 else 2.5]]) * beat
            place += 22 * (random.uniform(0.5, 1.6) if kind == 1 else 1.0)
    return floats(leads), wholes(kinds)


@cache
def sales(samples: int = 900, past: int = 36, ahead: int = 8) -> tuple[Tensor, Tensor]:
    """The past of a series (N, past, 1) and what follows (N, ahead): seasons, a trend, noise."""
    random = np.random.default_rng(211)
    times = np.arange(past + ahead)
    starts, sizes = random.uniform(0, 12, (samples, 1)), random.uniform(0.5, 1.5, (samples, 1))
    slopes = random.normal(0, 0.02, (samples, 1))
    values = sizes * np.sin(2 * np.pi * (times + starts) / 12) + slopes * times
    values += 0.1 * random.normal(0, 1, values.shape)
    return floats(values[:, :past, None]), floats(values[:, past:])


@cache
def movements(samples: int = 900, length: int = 40) -> tuple[Tensor, Tensor]:
    """Six sensors on a wrist (N, length, 6), standardised, and one of five activities."""
    random = np.random.default_rng(212)
    kinds = random.integers(0, 5, samples)
    paces, shapes = 0.2 + 0.15 * np.arange(5), random.normal(0, 1, (5, 2, 6))
    phases = paces[kinds, None] * np.arange(length) + random.uniform(0, 6.28, (samples, 1))
    waves = np.stack([np.sin(phases), np.cos(2 * phases)], 2)
    values = waves @ shapes[kinds] + random.normal(0, 0.7, (samples, length, 6))
    return floats(values / values.std()), wholes(kinds)


@cache
def drives(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """What a driver saw (N, 10) and did (N, 2), from -1 to 1."""
    random = np.random.default_rng(213)
    seen = random.normal(0, 1, (samples, 10))
    wheel = np.tanh(seen[:, :4] @ random.normal(0, 0.6, 4))
    pedal = np.tanh(np.abs(seen[:, 4]) - np.abs(seen[:, 5]) + 0.3 * seen[:, 6])
    return floats(seen), floats(np.stack([wheel, pedal], 1))


@cache
def steps_on_ice(samples: int = 3000, size: int = 5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Moves on a square of ice: where (N, 2) from -1 to 1, one of 4 moves, where to, and (N, 2).

    The last tensor has the reward, 1 in one corner and -1 in two holes, and 1 where a game ended.
    """
    random = np.random.default_rng(214)
    places, moves = random.integers(0, size, (samples, 2)), random.integers(0, 4, samples)
    ways = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    ends = (places + ways[moves]).clip(0, size - 1)
    goal = (ends == size - 1).all(1)
    hole = (ends == [1, 3]).all(1) | (ends == [3, 1]).all(1)
    told = np.stack([goal * 1.0 - hole, goal | hole], 1)
    scaled = [own * 2 / (size - 1) - 1 for own in (places, ends)]
    return floats(scaled[0]), wholes(moves), floats(scaled[1]), floats(told)
