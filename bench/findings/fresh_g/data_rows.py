"""Texts, series, tables, graphs and games for the networks of this set."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.findings.wide.data import floats, wholes

WORDS = 40


@cache
def forms(samples: int = 1000, length: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Words of forms (N, length), their boxes from 0 to 999 (N, length, 4) and tags (N, length).

    The tag (0 to 3) depends on the column that a word stands in, and for words below 20 on the
    word. Padding is word 0 with tag -100.
    """
    random = np.random.default_rng(100)
    words = random.integers(1, WORDS, (samples, length))
    left, top = random.integers(0, 900, (2, samples, length))
    boxes = np.stack([left, top, left + 80, top + 30], 2)
    tags = np.where(words < 20, words % 2, 2 + (left > 450))
    for own in range(samples):
        end = random.integers(6, length + 1)
        words[own, end:], tags[own, end:], boxes[own, end:] = 0, -100, 0
    return wholes(words), wholes(boxes), wholes(tags)


@cache
def articles(samples: int = 1200, length: int = 16, wanted: int = 6) -> tuple[Tensor, Tensor]:
    """Articles (N, length) of words from 3, and summaries (N, wanted): their words above 30, in
    order, then an end (1) and padding (0). Articles are padded with 0 as well."""
    random = np.random.default_rng(101)
    texts = random.integers(3, 30, (samples, length))
    summaries = np.zeros((samples, wanted))
    for own in range(samples):
        count = random.integers(2, wanted)
        places = np.sort(random.choice(length - 6, count, replace=False))
        texts[own, places] = random.integers(30, WORDS, count)
        summaries[own, :count], summaries[own, count] = texts[own, places], 1
        texts[own, random.integers(length - 6, length + 1) :] = 0
    return wholes(texts), wholes(summaries)


@cache
def questions(samples: int = 1200, length: int = 18) -> tuple[Tensor, Tensor]:
    """A question of one word, a mark (1) and a text (N, length), and where its answer begins and
    ends (N, 2): the answer follows the question's word, up to the next full stop (2)."""
    random = np.random.default_rng(102)
    texts = random.integers(13, WORDS, (samples, length))
    texts[:, 1] = 1
    places = np.zeros((samples, 2))
    for own in range(samples):
        start, width = random.integers(3, length - 5), random.integers(1, 4)
        texts[own, 0] = texts[own, start - 1] = random.integers(3, 13)
        texts[own, start + width] = 2
        places[own] = (start, start + width - 1)
    return wholes(texts), wholes(places)


@cache
def preferences(samples: int = 1200, length: int = 12) -> tuple[Tensor, Tensor]:
    """Answers that people like (N, length), with many words below 10, and others."""
    random = np.random.default_rng(103)
    texts = random.integers(10, WORDS, (2, samples, length))
    liked, others = (random.random((samples, length)) < share for share in (0.45, 0.15))
    texts[0][liked] = random.integers(1, 10, int(liked.sum()))
    texts[1][others] = random.integers(1, 10, int(others.sum()))
    return wholes(texts[0]), wholes(texts[1])


@cache
def sentences(samples: int = 1500, length: int = 10) -> Tensor:
    """Sentences (N, length) about one of 25 subjects, each with words of its own."""
    random = np.random.default_rng(104)
    own_words = random.integers(1, WORDS, (25, 6))
    subjects = random.integers(0, 25, samples)
    places = random.integers(0, 6, (samples, length))
    texts = own_words[subjects[:, None], places]
    noise = random.random((samples, length)) < 0.2
    texts[noise] = random.integers(1, WORDS, int(noise.sum()))
    return wholes(texts)


@cache
def loads(samples: int = 900, length: int = 36, ahead: int = 8) -> tuple[Tensor, Tensor]:
    """Five series that go together (N, length, 5), and how they go on (N, ahead, 5)."""
    random = np.random.default_rng(105)
    time = np.arange(length + ahead)
    phase = random.uniform(0, 6.3, (samples, 1, 1))
    rates = np.array([0.3, 0.3, 0.45, 0.45, 0.6])
    level, trend = random.normal(0, 0.5, (samples, 1, 5)), random.normal(0, 0.02, (samples, 1, 1))
    waves = np.sin(phase + time[:, None] * rates) + level + trend * time[:, None]
    waves += random.normal(0, 0.1, waves.shape)
    return floats(waves[:, :length]), floats(waves[:, length:])


@cache
def heartbeats(samples: int = 1000, length: int = 48) -> tuple[Tensor, Tensor]:
    """One series (N, length, 1) with beats of four kinds: regular, slow, double, missing."""
    random = np.random.default_rng(106)
    kinds = random.integers(0, 4, samples)
    series = random.normal(0, 0.25, (samples, length, 1))
    for own in range(samples):
        gap = 14 if kinds[own] == 1 else 8
        beats = np.arange(random.integers(0, gap), length, gap)
        if kinds[own] == 3:
            beats = np.delete(beats, random.integers(1, len(beats) - 1))
        series[own, beats, 0] += 3
        if kinds[own] == 2:
            series[own, np.minimum(beats + 2, length - 1), 0] += 2
    return floats(series), wholes(kinds)


@cache
def street_sounds(samples: int = 700, bands: int = 20, frames: int = 24) -> tuple[Tensor, Tensor]:
    """Logarithms of spectra, standardised (N, 1, frames, bands), and which of four sounds are
    heard in each frame (N, frames, 4)."""
    random = np.random.default_rng(107)
    spectra = random.normal(0, 0.6, (samples, 1, frames, bands))
    heard = np.zeros((samples, frames, 4))
    for own in range(samples):
        for kind in np.flatnonzero(random.random(4) < 0.5):
            start = random.integers(0, frames - 6)
            end = start + random.integers(5, 14)
            heard[own, start:end, kind] = 1
            spectra[own, 0, start:end, 5 * kind + 1 : 5 * kind + 4] += 1.8
    return floats(spectra), floats(heard)


@cache
def spoken_words(samples: int = 800, frames: int = 24, bands: int = 16) -> tuple[Tensor, Tensor]:
    """Spectra (N, frames, bands), and the phone of each frame (N, frames) of six."""
    random = np.random.default_rng(108)
    voices = random.normal(0, 1, (6, bands))
    phones = np.repeat(random.integers(0, 6, (samples, frames // 3)), 3, axis=1)
    spectra = voices[phones] + random.normal(0, 1.0, (samples, frames, bands))
    spectra[:, 1:] += 0.5 * spectra[:, :-1]
    return floats(spectra), wholes(phones)


@cache
def brain_waves(samples: int = 900, electrodes: int = 8, length: int = 64) -> tuple[Tensor, Tensor]:
    """Voltages of electrodes, standardised (N, 1, electrodes, length), and which of three is done.

    A rhythm of a rate of its own is strongest at electrodes of its own.
    """
    random = np.random.default_rng(109)
    kinds, time = random.integers(0, 3, samples), np.arange(length)
    waves = random.normal(0, 1, (samples, 1, electrodes, length))
    for own, kind in enumerate(kinds):
        rhythm = np.sin(time * (0.4, 0.8, 1.3)[kind] + random.uniform(0, 6.3))
        waves[own, 0, 2 * kind : 2 * kind + 3] += 1.1 * rhythm
    return floats(waves / waves.std()), wholes(kinds)


@cache
def advertisements(samples: int = 4000) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers (N, 5), ids (N, 3) of 30 each, and clicks (N, 1). Id 0 is as frequent as others."""
    random = np.random.default_rng(110)
    numbers, ids = random.normal(0, 1, (samples, 5)), random.integers(0, 30, (samples, 3))
    likes = random.normal(0, 1, (3, 30))
    score = sum(likes[each][ids[:, each]] for each in range(3)) + numbers[:, 0] * numbers[:, 1]
    clicks = random.random(samples) < 1 / (1 + np.exp(-1.5 * score))
    return floats(numbers), wholes(ids), floats(clicks[:, None])


@cache
def customers(samples: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """Raw columns (N, 6) such as age and income, whether each buys (N,), and for how long (N,)."""
    random = np.random.default_rng(111)
    scales = np.array([15, 20000, 1, 300, 0.1, 5.0])
    means = np.array([40, 45000, 2, 700, 0.3, 12.0])
    plain = random.normal(0, 1, (samples, 6))
    buys = plain[:, 0] * plain[:, 1] + plain[:, 2] > 0
    stays = np.tanh(plain[:, 3]) + 0.5 * plain[:, 4] * buys + random.normal(0, 0.1, samples)
    return floats(plain * scales + means), floats(buys), floats(stays)


@cache
def purchases(users: int = 120, things: int = 80) -> tuple[Tensor, Tensor]:
    """Pairs of a user and a thing that was bought (N, 2), and the normalised graph of them all."""
    random = np.random.default_rng(112)
    tastes, kinds = random.normal(0, 1, (users, 4)), random.normal(0, 1, (things, 4))
    bought = tastes @ kinds.T + random.normal(0, 0.5, (users, things)) > 2.0
    bought[np.arange(users), random.integers(0, things, users)] = True
    graph = np.zeros((users + things, users + things))
    graph[:users, users:], graph[users:, :users] = bought, bought.T
    degrees = graph.sum(1).clip(1) ** -0.5
    return wholes(np.argwhere(bought)), floats(degrees[:, None] * graph * degrees)


@cache
def relations(nodes: int = 150) -> tuple[Tensor, Tensor, Tensor]:
    """Features (nodes, 12), three normalised relations (3, nodes, nodes), groups (nodes,)."""
    random = np.random.default_rng(113)
    groups = random.integers(0, 4, nodes)
    same = groups[:, None] == groups
    graphs = []
    for share in (0.12, 0.08, 0.02):
        graph = random.random((nodes, nodes)) < np.where(same, share, 0.02)
        graphs.append(graph / graph.sum(1, keepdims=True).clip(1))
    features = random.normal(0, 1, (nodes, 12))
    features[np.arange(nodes), groups] += 0.8
    return floats(features), floats(np.stack(graphs)), wholes(groups)


@cache
def sparse_points(samples: int = 600) -> tuple[Tensor, Tensor]:
    """Numbers (N, 1) with a gap in the middle, and a noisy curve through them (N, 1)."""
    random = np.random.default_rng(114)
    inputs = random.uniform(0.3, 2, samples) * random.choice([-1, 1], samples)
    targets = np.sin(3 * inputs) + 0.3 * inputs + random.normal(0, 0.1, samples)
    return floats(inputs[:, None]), floats(targets[:, None])


@cache
def journeys(samples: int = 1500, length: int = 8) -> tuple[Tensor, ...]:
    """Walks to a goal at 0 on a plane: states (N, length, 2), moves (N, length, 2), what is still
    to be earned (N, length, 1), rewards (N, length), and whether each is the last (N, length)."""
    random = np.random.default_rng(115)
    states, moves = np.zeros((2, samples, length, 2))
    place, skill = random.normal(0, 1.5, (samples, 2)), random.uniform(0, 0.5, (samples, 1))
    for step in range(length):
        states[:, step] = place
        moves[:, step] = -skill * place + random.normal(0, 0.1, place.shape)
        place = place + moves[:, step]
    rewards = -np.abs(states + moves).sum(2)
    to_go = rewards[:, ::-1].cumsum(1)[:, ::-1, None] / 5
    ends = np.zeros((samples, length))
    ends[:, -1] = 1
    return tuple(floats(each.copy()) for each in (states, moves, to_go, rewards, ends))


def sine_tasks(step: int, tasks: int = 8, shots: int = 10) -> tuple[Tensor, Tensor]:
    """Inputs and targets (tasks, 2 * shots, 1) of sines of random height and phase."""
    generator = torch.Generator().manual_seed(step)
    height = 0.5 + 1.5 * torch.rand(tasks, 1, 1, generator=generator)
    phase = 3.14 * torch.rand(tasks, 1, 1, generator=generator)
    inputs = 4 * torch.rand(tasks, 2 * shots, 1, generator=generator) - 2
    return inputs, height * (2 * inputs + phase).sin()
