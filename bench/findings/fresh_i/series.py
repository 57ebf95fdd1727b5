"""Networks for series, movements, sounds and citations, and one that acts."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i import data_rows as data
from bench.findings.wide.training import Batch, Phase, Task, classify, draw_samples, regress


class MixerLayer(nn.Module):
    """Mixes along the time, then between the meters."""

    def __init__(self, window: int, meters: int) -> None:
        super().__init__()
        self.norm_time, self.norm_meters = nn.LayerNorm(meters), nn.LayerNorm(meters)
        self.time = nn.Sequential(nn.Linear(window, window), nn.ReLU(), nn.Dropout(0.05))
        self.meters = nn.Sequential(nn.Linear(meters, 24), nn.ReLU(), nn.Linear(24, meters))

    def forward(self, values: Tensor) -> Tensor:
        values = values + self.time(self.norm_time(values).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = values + self.meters(self.norm_meters(values))
        return mixed


class TsMixer(nn.Module):
    def __init__(self, window: int = 32, ahead: int = 8, meters: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(MixerLayer(window, meters) for _ in range(2)))
        self.head = nn.Linear(window, ahead)

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = self.head(self.layers(values).transpose(1, 2)).transpose(1, 2)
        return told


def ts_mixer() -> Task:
    """The next eight values of four meters."""
    parts = {"first": "layers.0.time.0", "middle": "layers.1.time.0", "head": "head"}
    return regress(TsMixer(), data.loads(), 32, **parts, trunk="layers")


class HarGru(nn.Module):
    """What somebody does, from sensors of a telephone."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.enter = nn.Linear(6, 24)
        self.rnn: nn.RNNBase = nn.GRU(24, width, batch_first=True)
        self.drop, self.head = nn.Dropout(0.1), nn.Linear(width, 5)

    def forward(self, values: Tensor) -> Tensor:
        states, _ = self.rnn(self.enter(values).relu())
        logits: Tensor = self.head(self.drop(states[:, -1]))
        return logits


def har_gru() -> Task:
    parts = {"first": "enter", "middle": "rnn", "head": "head", "trunk": "enter rnn", "cell": "rnn"}
    return classify(HarGru(), data.movements(), 32, **parts)


def pitch_net() -> Task:
    """The note of a sound, by convolutions over its wave, as CREPE has them."""
    model = nn.Sequential(
        nn.Conv1d(1, 24, 48, stride=4),
        nn.ReLU(),
        nn.BatchNorm1d(24),
        nn.Conv1d(24, 32, 8, stride=2),
        nn.ReLU(),
        nn.BatchNorm1d(32),
        nn.MaxPool1d(2),
        nn.Conv1d(32, 48, 4),
        nn.ReLU(),
        nn.BatchNorm1d(48),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(48, 12),
    )
    parts = {"first": "0", "middle": "3", "head": "12", "trunk": "0 3"}
    return classify(model, data.notes(), 32, **parts)


def rescaled_laplacian(links: Tensor) -> Tensor:
    """(N, N) with eigenvalues from -1 to 1: the normalised Laplacian less 1."""
    root = links.sum(1).clamp(min=1).rsqrt()
    return -root[:, None] * links * root[None]


class ChebConv(nn.Module):
    """Chebyshev polynomials of a graph's Laplacian, each with weights of its own."""

    def __init__(self, given: int, width: int, order: int = 4) -> None:
        super().__init__()
        self.own = nn.ModuleList(nn.Linear(given, width, bias=place == 0) for place in range(order))

    def forward(self, values: Tensor, laplacian: Tensor) -> Tensor:
        before, now = values, laplacian @ values
        told: Tensor = self.own[0](before) + self.own[1](now)
        for own in list(self.own)[2:]:
            before, now = now, 2 * laplacian @ now - before
            told = told + own(now)
        return told


class ChebNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.last = ChebConv(20, 24), nn.Dropout(0.2), ChebConv(24, 3)

    def forward(self, words: Tensor, laplacian: Tensor) -> Tensor:
        logits: Tensor = self.last(self.drop(self.first(words, laplacian).relu()), laplacian)
        return logits


def cheb_net() -> Task:
    """Subjects of papers from their words and citations; a third of the subjects is known."""
    words, links, subjects = data.citations()
    model, known = ChebNet(), torch.arange(len(subjects)) % 3 == 0

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0], batch[1]).float()
        return functional.cross_entropy(told[known], batch[2][known])

    parts = {"first": "first.own.0", "middle": "first.own.1", "head": "last", "trunk": "first"}
    batch = (words, rescaled_laplacian(links), subjects)
    return Task({"": model}, [Phase((model,), loss)], lambda _: batch, parts)


def quantile_loss(told: Tensor, wanted: Tensor) -> Tensor:
    """told: (B, Q) quantiles. wanted: (B, Q) samples of what they are quantiles of."""
    share = (torch.arange(told.shape[1]) + 0.5) / told.shape[1]
    apart = wanted[:, None, :] - told[:, :, None]
    weight = (share[None, :, None] - (apart < 0).float()).abs()
    huber = functional.huber_loss(
        told[:, :, None].expand_as(apart), wanted[:, None, :].expand_as(apart), reduction="none"
    )
    return (weight * huber).mean()


def quantile_dqn() -> Task:
    """A lift finds its floor; eight quantiles of the return for each of three moves."""
    model = nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 24)
    )
    target = copy.deepcopy(model)
    draw, sample = draw_samples(data.lifts(), 64)

    def follow(step: int) -> None:
        if step % 10 == 9:
            target.load_state_dict(model.state_dict())

    def loss(batch: Batch) -> Tensor:
        places, moves, ends, rewards = batch
        rows = torch.arange(len(places))
        with torch.no_grad():
            ahead = target(ends).unflatten(1, (3, 8))
            best = ahead[rows, ahead.mean(2).argmax(1)]
            wanted = rewards[:, None] + 0.8 * best
        told = model(places).unflatten(1, (3, 8))[rows, moves].float()
        return quantile_loss(told, wanted)

    model.__dict__["target"] = target
    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0 2"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts, sample=sample, after_step=follow)
