"""Synthetic data with structure for the networks of this set."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats, pictures


@cache
def boxes(samples: int = 900, size: int = 24, cells: int = 4) -> tuple[Tensor, Tensor]:
    """Pictures (N, 1, size, size) with one or two boxes or crosses, and what each cell holds.

    Targets (N, 5, cells, cells): whether there is an object, its centre inside of the cell from 0
    to 1 (two), its width as a share of the picture, and whether it is a cross.
    """
    random = np.random.default_rng(80)
    images = random.normal(0, 0.2, (samples, 1, size, size))
    targets = np.zeros((samples, 5, cells, cells))
    step = size // cells
    for own in range(samples):
        for _ in range(random.integers(1, 3)):
            row, column = random.integers(3, size - 3, 2)
            half, cross = random.integers(1, 4), random.integers(0, 2)
            rows = slice(max(row - half, 0), row + half + 1)
            columns = slice(max(column - half, 0), column + half + 1)
            if cross:
                images[own, 0, row, columns] += 2.5
                images[own, 0, rows, column] += 2.5
            else:
                images[own, 0, rows, columns] += 1.5
            place = (own, slice(None), row // step, column // step)
            targets[place] = (1, row % step / step, column % step / step, half / size, cross)
    return floats(images), floats(targets)


@cache
def captions(samples: int = 1200, size: int = 16) -> tuple[Tensor, Tensor]:
    """Pictures of one thing, and four words: a start, its brightness, its shape and its side.

    Words are 0 (start), 1-2 (dark, bright), 3-5 (square, bar, cross), 6-9 (quarters).
    """
    random = np.random.default_rng(81)
    images = random.normal(0, 0.3, (samples, 1, size, size))
    words = np.zeros((samples, 4), dtype=np.int64)
    for own in range(samples):
        bright, shape, quarter = random.integers(0, (2, 3, 4))
        row, column = 1 + 8 * (quarter // 2) + random.integers(0, 3), 1 + 8 * (quarter % 2)
        level = 2.5 if bright else -2.5
        if shape == 0:
            images[own, 0, row : row + 4, column : column + 4] += level
        else:
            images[own, 0, row + 2, column : column + 5] += level
        if shape == 2:
            images[own, 0, row : row + 5, column + 2] += level
        words[own] = (0, 1 + bright, 3 + shape, 6 + quarter)
    return floats(images), torch.from_numpy(words)


@cache
def outlines(samples: int = 800, size: int = 16) -> tuple[Tensor, Tensor]:
    """Label maps as outlines (N, 1, size, size), and pictures from -1 to 1 that fill them."""
    random = np.random.default_rng(82)
    edges = -np.ones((samples, 1, size, size))
    filled = np.full((samples, 1, size, size), -0.8)
    for own in range(samples):
        top, left = random.integers(1, 6, 2)
        bottom, right = random.integers(9, size - 1, 2)
        filled[own, 0, top:bottom, left:right] = np.linspace(-0.2, 0.9, right - left)
        for row in (top, bottom - 1):
            edges[own, 0, row, left:right] = 1
        for column in (left, right - 1):
            edges[own, 0, top:bottom, column] = 1
    noise = random.normal(0, 0.05, filled.shape)
    return floats(edges), floats((filled + noise).clip(-1, 1))


@cache
def photographs(samples: int = 600, size: int = 16) -> tuple[Tensor]:
    """Colour pictures (N, 3, size, size) of smooth waves, about standardised."""
    random = np.random.default_rng(83)
    rows, columns = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    turns = random.uniform(1, 9, (samples, 3, 2, 1, 1))
    shifts = random.uniform(0, 6, (samples, 3, 1, 1))
    return (floats(1.4 * np.sin(turns[:, :, 0] * rows + turns[:, :, 1] * columns + shifts)),)


@cache
def described_pictures(samples: int = 1500) -> tuple[Tensor, Tensor]:
    """Digits (N, 1, 16, 16), and six tokens of 40 that a text about each might have."""
    images, kinds = pictures()
    random = np.random.default_rng(84)
    tokens = kinds.numpy()[:, None] * 3 + random.integers(0, 3, (len(kinds), 6))
    fillers = random.integers(30, 40, tokens.shape)
    tokens = np.where(random.random(tokens.shape) < 0.6, tokens, fillers)
    return images[:samples], torch.from_numpy(tokens[:samples].astype(np.int64))


@cache
def preferences(samples: int = 1200, length: int = 10) -> tuple[Tensor, Tensor]:
    """Two answers (N, length) of 20 tokens to one question (their first four tokens).

    What is preferred repeats the question's tokens; what is rejected has others.
    """
    random = np.random.default_rng(85)
    asked = random.integers(0, 20, (samples, 4))
    right = np.take_along_axis(asked, random.integers(0, 4, (samples, length - 4)), 1)
    wrong = random.integers(0, 20, right.shape)
    pair = [np.concatenate([asked, each], 1) for each in (right, wrong)]
    return torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


@cache
def heaps(samples: int = 2500, length: int = 7) -> tuple[Tensor, Tensor]:
    """Numbers (N, length) from 0 to 1, and the places of the smallest, the next and so on."""
    values = torch.rand(samples, length, generator=torch.Generator().manual_seed(86))
    return values, values.argsort(1)


@cache
def named_entities(samples: int = 900, length: int = 14) -> tuple[Tensor, Tensor]:
    """Tokens of 50 and tags: 0 outside, 1 where a name begins, 2 inside of it."""
    random = np.random.default_rng(87)
    words = random.integers(0, 40, (samples, length))
    tags = np.zeros_like(words)
    for own in range(samples):
        place = random.integers(0, 4)
        while place < length - 3:
            count = random.integers(1, 4)
            words[own, place] = random.integers(40, 45)
            words[own, place + 1 : place + count] = random.integers(30, 50, count - 1)
            tags[own, place], tags[own, place + 1 : place + count] = 1, 2
            words[own, place + count] = random.integers(0, 10)
            place += count + random.integers(1, 5)
    return torch.from_numpy(words), torch.from_numpy(tags)


@cache
def sensor_windows(samples: int = 900, length: int = 64) -> tuple[Tensor, Tensor]:
    """(N, 3, length) of an accelerometer, and which of five ways to move it was."""
    random = np.random.default_rng(88)
    kinds = random.integers(0, 5, samples)
    times = np.arange(length)[None, None] / length
    pace = (3 + 2 * kinds)[:, None, None] + random.normal(0, 0.3, (samples, 1, 1))
    lean = np.array([[1, 0.2, 0.4], [0.3, 1, 0.3], [0.5, 0.5, 1], [1, 1, 0.2], [0.2, 0.8, 0.9]])
    waves = np.sin(6.28 * pace * times + random.uniform(0, 6, (samples, 3, 1)))
    own = lean[kinds][:, :, None] * waves + random.normal(0, 0.4, (samples, 3, length))
    return floats(own / own.std()), torch.from_numpy(kinds)


@cache
def speakers(samples: int = 900, bands: int = 20, frames: int = 40) -> tuple[Tensor, Tensor]:
    """Standardised log spectra (N, bands, frames) of eight speakers with their own timbre."""
    random = np.random.default_rng(89)
    kinds = random.integers(0, 8, samples)
    timbre = random.normal(0, 1, (8, bands, 1))
    words = random.normal(0, 1, (6, bands))[random.integers(0, 6, (samples, frames))]
    sound = 0.5 * timbre[kinds] + words.transpose(0, 2, 1)
    sound += random.normal(0, 2.5, (samples, bands, frames))
    return floats(sound / sound.std()), torch.from_numpy(kinds)


@cache
def gappy_series(samples: int = 900, length: int = 24) -> tuple[Tensor, Tensor]:
    """(N, length, 4) of patients' values, and where each was measured (1) and where not (0)."""
    random = np.random.default_rng(90)
    times = np.arange(length)[None, :, None]
    pace = random.uniform(0.2, 0.5, (samples, 1, 1))
    values = np.sin(pace * times + np.arange(4) + random.uniform(0, 6, (samples, 1, 1)))
    values += random.normal(0, 0.05, values.shape)
    seen = random.random(values.shape) > 0.3
    return floats(values), floats(seen)


@cache
def loads(samples: int = 1500, past: int = 48, future: int = 12) -> tuple[Tensor, Tensor]:
    """What was used (N, past) and will be (N, future): a trend, a day and a week, standardised."""
    random = np.random.default_rng(91)
    hours = np.arange(past + future)[None] + random.integers(0, 168, (samples, 1))
    slope = random.normal(0, 0.02, (samples, 1)) * np.arange(past + future)
    own = np.sin(hours * 6.28 / 24) + 0.4 * np.sin(hours * 6.28 / 12) + slope
    own += random.normal(0, 0.1, own.shape)
    return floats(own[:, :past]), floats(own[:, past:])


@cache
def echoes(samples: int = 900, length: int = 20) -> tuple[Tensor, Tensor]:
    """(N, length, 1) of noise, and a mix of what came one to four steps before (N, length, 1)."""
    random = np.random.default_rng(92)
    given = random.uniform(-1, 1, (samples, length, 1))
    told = sum(np.roll(given, lag, 1) / lag for lag in range(1, 5))
    told[:, :4] = 0
    return floats(given), floats(told)


@cache
def customers(samples: int = 2500, columns: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    """Columns (N, columns), whether each buys (N,) 0 or 1, and for how much (N,)."""
    random = np.random.default_rng(93)
    given = random.normal(0, 1, (samples, columns))
    wish = given[:, 0] * given[:, 1] + np.where(given[:, 2] > 0, given[:, 3], -given[:, 4])
    buys = (wish + random.normal(0, 0.3, samples) > 0).astype(np.int64)
    spent = np.abs(wish) + 0.5 * given[:, 5] + random.normal(0, 0.1, samples)
    return floats(given), torch.from_numpy(buys), floats((spent - spent.mean()) / spent.std())


@cache
def programs(samples: int = 900, nodes: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    """Kinds of nodes (N, nodes) of six, edges (N, nodes, nodes), and one of three classes."""
    random = np.random.default_rng(94)
    kinds = random.integers(0, 6, (samples, nodes))
    edges = (random.random((samples, nodes, nodes)) < 0.25).astype(np.float32)
    pairs = [
        ((kinds[:, :, None] == own) & (kinds[:, None] == own + 1) & (edges > 0)).sum((1, 2))
        for own in (0, 2, 4)
    ]
    scores = np.stack(pairs, 1) + random.normal(0, 0.1, (samples, 3))
    return torch.from_numpy(kinds), floats(edges), torch.from_numpy(scores.argmax(1))


@cache
def clouds(samples: int = 900, points: int = 20) -> tuple[Tensor, Tensor]:
    """Points (N, points, 3) on a ball, a cube, a stick or a disc, about unit scale."""
    random = np.random.default_rng(95)
    kinds = random.integers(0, 4, samples)
    own = random.normal(0, 1, (samples, points, 3))
    ball = own / np.linalg.norm(own, axis=2, keepdims=True)
    cube = own / np.abs(own).max(2, keepdims=True)
    stick, disc = own * (0.15, 0.15, 1.5), ball * (1, 1, 0.1)
    shapes = np.stack([ball, cube, stick, disc])[kinds, np.arange(samples)]
    shapes += random.normal(0, 0.05, shapes.shape)
    return floats(shapes), torch.from_numpy(kinds)


@cache
def facts(things: int = 80, relations: int = 5) -> tuple[Tensor, Tensor]:
    """Triples (N, 3) of a thing, a relation and a thing, and wrong things for each (N,)."""
    random = np.random.default_rng(96)
    places = random.integers(0, 9, (things, 2))
    moves = np.array([[1, 0], [0, 1], [2, 1], [-1, 2], [1, -1]])
    triples = [
        (one, relation, other)
        for one in range(things)
        for relation in range(relations)
        for other in range(things)
        if (places[one] + moves[relation] == places[other]).all()
    ]
    wrong = random.integers(0, things, len(triples))
    return torch.tensor(triples), torch.from_numpy(wrong)


@cache
def pendulum(samples: int = 1500) -> tuple[Tensor, Tensor]:
    """Angle and momentum (N, 2) of a pendulum, and how both change (N, 2)."""
    random = np.random.default_rng(97)
    state = random.uniform(-2, 2, (samples, 2))
    change = np.stack([state[:, 1], -np.sin(state[:, 0])], 1)
    return floats(state), floats(change)


@cache
def heat(samples: int = 700, length: int = 32) -> tuple[Tensor, Tensor]:
    """Temperatures (N, length) on a ring, and those some time later."""
    random = np.random.default_rng(98)
    waves = random.normal(0, 1, (samples, length // 2 + 1, 2)) @ np.array([1, 1j])
    waves *= np.exp(-0.15 * np.arange(length // 2 + 1))
    later = waves * np.exp(-0.02 * np.arange(length // 2 + 1) ** 2 + 0.5j)
    before, after = (np.fft.irfft(each, length) for each in (waves, later))
    return floats(before / before.std()), floats(after / before.std())
