"""Small made-up data sets: pictures, clouds of points, sounds, texts, series."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats

STORY_WORDS = 90
DATE_LETTERS = " 0123456789abcdefghijlmnoprstuvy-"
OBJECTS = 3


@cache
def handwriting() -> tuple[Tensor, Tensor]:
    """(N, 196) pixels of MNIST at half its size, normalised, and (N,) digits."""
    from bench.findings.data import load_data

    images, digits = load_data("mnist")
    small = torch.nn.functional.avg_pool2d(images[:3000], 2)
    return small.flatten(1), digits[:3000]


@cache
def cells(samples: int = 700, size: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 1, size, size) pictures; (N, size, size) of 1 in a cell; of 0, 1 and 2 for its kind."""
    random = np.random.default_rng(41)
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    kinds = np.zeros((samples, size, size), np.int64)
    for row in range(samples):
        for _ in range(random.integers(1, 4)):
            x, y = random.uniform(4, size - 4, 2)
            wide, tall = random.uniform(2, 5, 2)
            inside = ((across - x) / wide) ** 2 + ((down - y) / tall) ** 2 < 1
            kinds[row][inside] = 1 + (wide > tall)
    stripes = 0.5 * np.sin(0.9 * across)[None] * (kinds == 2)
    pictures = 0.9 * (kinds > 0) + stripes + random.normal(0, 0.35, kinds.shape)
    pictures = (pictures - pictures.mean()) / pictures.std()
    return floats(pictures[:, None]), floats(kinds > 0), torch.from_numpy(kinds)


@cache
def objects(samples: int = 800, size: int = 20) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 1, size, size) pictures; (N, 3, 4) boxes from 0 to 1; (N, 3) kinds, 2 for no object."""
    random = np.random.default_rng(42)
    pictures = random.normal(0, 0.25, (samples, 1, size, size))
    boxes, kinds = np.zeros((samples, OBJECTS, 4)), np.full((samples, OBJECTS), 2)
    for row in range(samples):
        for place in range(random.integers(1, OBJECTS + 1)):
            wide, tall = random.integers(3, 8, 2)
            left, top = random.integers(0, size - wide), random.integers(0, size - tall)
            kinds[row, place] = random.integers(0, 2)
            bright = 2.0 if kinds[row, place] else -2.0
            pictures[row, 0, top : top + tall, left : left + wide] += bright
            boxes[row, place] = (left + wide / 2, top + tall / 2, wide, tall)
    return floats(pictures), floats(boxes / size), torch.from_numpy(kinds)


@cache
def clouds(samples: int = 900, points: int = 40) -> tuple[Tensor, Tensor]:
    """(N, points, 3) on a ball, a cube, a cylinder, a ring or a sheet, turned; (N,) which."""
    random = np.random.default_rng(43)
    kinds = random.integers(0, 5, samples)
    normal = random.normal(0, 1, (samples, points, 3))
    ball = normal / np.linalg.norm(normal, axis=2, keepdims=True)
    cube = normal / abs(normal).max(2, keepdims=True)
    circle = ball[..., :2] / np.linalg.norm(ball[..., :2], axis=2, keepdims=True)
    height = random.uniform(-1, 1, (samples, points, 1))
    cylinder = np.concatenate([circle, height], 2)
    ring = np.concatenate([circle, 0.1 * height], 2)
    sheet = np.concatenate([random.uniform(-1, 1, (samples, points, 2)), 0.1 * height], 2)
    chosen = np.stack([ball, cube, cylinder, ring, sheet], 1)[np.arange(samples), kinds]
    turns = np.linalg.qr(random.normal(0, 1, (samples, 3, 3)))[0]
    turned = chosen @ turns + random.normal(0, 0.03, chosen.shape)
    return floats(turned), torch.from_numpy(kinds)


@cache
def keywords(samples: int = 900) -> tuple[Tensor, Tensor]:
    """(N, 1, 20, 24) spectrograms of whistles that rise, fall, bend or stay, and (N,) which."""
    random = np.random.default_rng(44)
    kinds = random.integers(0, 6, samples)
    times = np.linspace(-1, 1, 24)
    shapes = np.stack([times, -times, abs(times), -abs(times), 0 * times, np.sin(6 * times)])
    middle, size = random.uniform(7, 13, (samples, 1)), random.uniform(3, 6, (samples, 1))
    pitch = middle + size * shapes[kinds]
    bands = np.arange(20)[None, :, None]
    sound = np.exp(-((bands - pitch[:, None]) ** 2) / 2)
    energy = np.log(sound * random.uniform(0.5, 2, (samples, 1, 1)) + 0.05)
    energy += random.normal(0, 0.8, energy.shape)
    return floats(((energy - energy.mean()) / energy.std())[:, None]), torch.from_numpy(kinds)


@cache
def dates(samples: int = 2000) -> tuple[Tensor, Tensor]:
    """(N, 11) letters of "07 mar 1998" and (N, 10) of "1998-03-07", as places in DATE_LETTERS."""
    random = np.random.default_rng(45)
    months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    given, wanted = [], []
    for _ in range(samples):
        day, month = random.integers(1, 29), random.integers(0, 12)
        year = random.integers(1980, 2030)
        given.append([DATE_LETTERS.index(each) for each in f"{day:02} {months[month]} {year}"])
        written = f"{year}-{month + 1:02}-{day:02}"
        wanted.append([DATE_LETTERS.index(each) for each in written])
    return torch.tensor(given), torch.tensor(wanted)


@cache
def stories(samples: int = 1500, length: int = 18) -> tuple[Tensor, Tensor]:
    """(N, length) words and the words that follow: after each word only four others come."""
    random = np.random.default_rng(46)
    following = random.integers(1, STORY_WORDS, (STORY_WORDS, 4))
    words = [1]
    while len(words) < samples * 4 + length + 1:
        words.append(int(following[words[-1], random.choice(4, p=[0.6, 0.2, 0.1, 0.1])]))
    windows = torch.tensor(words).unfold(0, length + 1, 4)[:samples]
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


@cache
def phrases(samples: int = 1500) -> Tensor:
    """(N, 8) words of 40: each phrase keeps to one of eight topics and to a word order."""
    random = np.random.default_rng(47)
    topics = random.integers(0, 8, (samples, 1))
    own = 1 + 4 * topics + random.integers(0, 2, (samples, 8)) + 2 * (np.arange(8) % 2)
    common = random.random((samples, 8)) < 0.1
    return torch.from_numpy(np.where(common, 33 + np.arange(8) % 7, own))


@cache
def loads(samples: int = 1200, past: int = 32, future: int = 8) -> tuple[Tensor, Tensor]:
    """(N, past, 1) of an electric load by the hour, standardised; (N, future, 1) that follow."""
    random = np.random.default_rng(48)
    hours = np.arange(samples + past + future)
    day, week = np.sin(6.28 * hours / 24), np.sin(6.28 * hours / 168)
    noise = np.zeros(len(hours))
    for hour in range(1, len(hours)):
        noise[hour] = 0.8 * noise[hour - 1] + random.normal(0, 0.12)
    load = day + 0.5 * np.sin(12.56 * hours / 24) + 0.4 * week + noise
    load = (load - load.mean()) / load.std()
    windows = np.lib.stride_tricks.sliding_window_view(load, past + future)[:samples]
    return floats(windows[:, :past, None]), floats(windows[:, past:, None])


@cache
def purchases(samples: int = 6000) -> tuple[Tensor, Tensor]:
    """(N,) users of 400 and (N,) the one of 600 things that each bought: all by taste."""
    random = np.random.default_rng(49)
    users = random.integers(0, 400, samples)
    tastes = random.integers(0, 20, (400, 2))
    taste = tastes[users, random.integers(0, 2, samples)]
    return torch.from_numpy(users), torch.from_numpy(taste * 30 + random.integers(0, 30, samples))


@cache
def patients(samples: int = 2000) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 10) columns, (N,) times until an event or until nobody looked, (N,) 1 for an event."""
    random = np.random.default_rng(50)
    columns = random.normal(0, 1, (samples, 10))
    risk = columns[:, 0] + columns[:, 1] * columns[:, 2] - 0.7 * columns[:, 3]
    times, ends = random.exponential(np.exp(-2 * risk)), random.exponential(2.0, samples)
    return floats(columns), floats(np.minimum(times, ends)), floats(times <= ends)


@cache
def demand(samples: int = 2500) -> tuple[Tensor, Tensor]:
    """(N, 8) columns and (N, 1) counts of what is sold."""
    random = np.random.default_rng(51)
    columns = random.normal(0, 1, (samples, 8))
    columns[:, 7] = random.integers(0, 2, samples) * 2 - 1
    rate = np.exp(0.8 + 0.5 * columns[:, 0] + 0.4 * columns[:, 1] * columns[:, 7])
    return floats(columns), floats(random.poisson(rate.clip(0, 30))[:, None])


@cache
def visitors(samples: int = 3000) -> tuple[Tensor, Tensor]:
    """(N, 16) columns and (N, 3): whether they clicked, whether they bought, minutes they stayed.

    The minutes are standardised.
    """
    random = np.random.default_rng(52)
    columns = random.normal(0, 1, (samples, 16))
    hidden = np.tanh(columns @ random.normal(0, 0.5, (16, 6)))
    odds = hidden @ random.normal(0, 2, (6, 2))
    chosen = random.random((samples, 2)) < 1 / (1 + np.exp(-odds))
    stay = hidden @ random.normal(0, 1, 6) + random.normal(0, 0.3, samples)
    return floats(columns), floats(np.column_stack([chosen, (stay - stay.mean()) / stay.std()]))


@cache
def circuits(samples: int = 800, nodes: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    """(N, nodes, 6) features, (N, nodes, nodes) of 1 for a link or itself, (N,) one of three."""
    random = np.random.default_rng(53)
    kinds = random.integers(0, 3, samples)
    features = random.normal(0, 1, (samples, nodes, 6))
    near = abs(np.arange(nodes)[:, None] - np.arange(nodes)[None])
    chain, star = near <= 1, (np.arange(nodes)[:, None] == 0) | (np.arange(nodes)[None] == 0)
    groups = np.arange(nodes)[:, None] // 4 == np.arange(nodes)[None] // 4
    links = np.stack([chain, star, groups])[kinds] | np.eye(nodes, dtype=bool)
    cut = np.triu(random.random(links.shape) < 0.1, 1)
    links &= ~(cut | cut.transpose(0, 2, 1))
    # A node looks like its neighbours, by which the kind shows.
    mixed = links @ features / links.sum(2, keepdims=True)
    degree = links.sum(2, keepdims=True) / 4 - 1
    signal = np.concatenate([mixed[..., :5], degree + random.normal(0, 0.7, degree.shape)], 2)
    return floats(1.5 * signal), floats(links), torch.from_numpy(kinds)


@cache
def pinwheel(samples: int = 4000) -> tuple[Tensor, Tensor]:
    """(N, 2) points of a wheel with five bent arms, of unit size, and (N,) the arm."""
    random = np.random.default_rng(54)
    arms = random.integers(0, 5, samples)
    along, aside = 1 + 0.4 * random.normal(0, 1, samples), 0.12 * random.normal(0, 1, samples)
    angle = 6.2832 * arms / 5 + 0.5 * along
    points = np.stack(
        [
            along * np.cos(angle) - aside * np.sin(angle),
            along * np.sin(angle) + aside * np.cos(angle),
        ],
        1,
    )
    return floats(points / points.std(0)), torch.from_numpy(arms)
