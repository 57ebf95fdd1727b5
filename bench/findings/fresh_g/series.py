"""Networks for series in time: loads, heartbeats, sounds, speech and brain waves."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g import data_rows as data
from bench.findings.wide.training import Batch, Task, classify, learn


class SeriesTransformer(nn.Module):
    """iTransformer: each series is one token; how it goes on is told from its own scale."""

    def __init__(self, length: int = 36, ahead: int = 8, width: int = 48) -> None:
        super().__init__()
        self.embed = nn.Linear(length, width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 96, 0.05, "gelu", batch_first=True)
            for _ in range(2)
        )
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, ahead)

    def forward(self, series: Tensor) -> Tensor:
        mean, size = series.mean(1, keepdim=True), series.std(1, keepdim=True) + 1e-5
        hidden = self.embed(((series - mean) / size).transpose(1, 2))
        for layer in self.layers:
            hidden = layer(hidden)
        return self.out(self.norm(hidden)).transpose(1, 2) * size + mean


def i_transformer() -> Task:
    model = SeriesTransformer()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "embed", "middle": "layers.1", "head": "out", "trunk": "layers"}
    return learn(model, loss, data.loads(), parts=parts)


class LstmFcn(nn.Module):
    """An LSTM beside convolutions; both tell the kind of a series (N, length, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.before: nn.Module = nn.Identity()
        self.cell, self.dropout = nn.LSTM(1, 24, batch_first=True), nn.Dropout(0.3)
        self.convs = nn.Sequential(
            nn.Conv1d(1, 24, 7, padding=3),
            nn.BatchNorm1d(24),
            nn.ReLU(),
            nn.Conv1d(24, 24, 5, padding=2),
            nn.BatchNorm1d(24),
            nn.ReLU(),
        )
        self.out = nn.Linear(48, 4)

    def forward(self, series: Tensor) -> Tensor:
        series = self.before(series)
        state = self.dropout(self.cell(series)[0][:, -1])
        found = self.convs(series.transpose(1, 2)).mean(2)
        logits: Tensor = self.out(torch.cat([state, found], 1))
        return logits


def lstm_fcn() -> Task:
    parts = {"first": "convs.0", "middle": "convs.3", "head": "out", "trunk": "convs"}
    return classify(LstmFcn(), data.heartbeats(), **parts, cell="cell")


class SoundEvents(nn.Module):
    """Convolutions and a GRU in both directions: which sounds are heard in each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d((1, 4)),
            nn.Conv2d(16, 24, 3, padding=1),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.MaxPool2d((1, 5)),
        )
        self.cell = nn.GRU(24, 24, batch_first=True, bidirectional=True)
        self.out = nn.Linear(48, 4)

    def forward(self, spectra: Tensor) -> Tensor:
        seen = self.convs(spectra).squeeze(3).transpose(1, 2)
        told: Tensor = self.out(self.cell(seen)[0])
        return told


def sound_events() -> Task:
    model = SoundEvents()

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    parts = {"first": "convs.0", "middle": "cell", "head": "out", "trunk": "convs"}
    return learn(model, loss, data.street_sounds(), 24, parts=parts)


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, a gated convolution in time, half a feed-forward."""

    over = -1

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.last = (
            nn.Sequential(
                nn.LayerNorm(width),
                nn.Linear(width, 96),
                nn.SiLU(),
                nn.Dropout(0.1),
                nn.Linear(96, width),
            )
            for _ in range(2)
        )
        self.norm, self.heads = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.conv = nn.Sequential(
            nn.Conv1d(width, 2 * width, 1),
            nn.GLU(1),
            nn.Conv1d(width, width, 5, padding=2, groups=width),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
        )
        self.end = nn.LayerNorm(width)

    def attend(self, given: Tensor) -> Tensor:
        query, key, value = (
            each.unflatten(2, (4, -1)).transpose(1, 2) for each in self.heads(given).chunk(3, 2)
        )
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
        mixed: Tensor = self.mix((scores.softmax(self.over) @ value).transpose(1, 2).flatten(2))
        return mixed

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = hidden + 0.5 * self.first(hidden)
        hidden = hidden + self.attend(self.norm(hidden))
        hidden = hidden + self.conv(hidden.transpose(1, 2)).transpose(1, 2)
        ended: Tensor = self.end(hidden + 0.5 * self.last(hidden))
        return ended


def conformer() -> Task:
    """Conformer: phones of the frames of speech."""
    model = nn.Sequential(
        nn.Linear(16, 48), ConformerBlock(48), ConformerBlock(48), nn.Linear(48, 6)
    )

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0]).float()
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    parts = {"first": "0", "middle": "2", "head": "3", "trunk": "0 1"}
    return learn(model, loss, data.spoken_words(), 24, parts=parts)


def eeg_net() -> Task:
    """EEGNet: filters in time, over electrodes, and in time again, each for itself."""
    model = nn.Sequential(
        nn.Conv2d(1, 8, (1, 15), padding=(0, 7), bias=False),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 16, (8, 1), groups=8, bias=False),
        nn.BatchNorm2d(16),
        nn.ELU(),
        nn.AvgPool2d((1, 4)),
        nn.Dropout(0.25),
        nn.Conv2d(16, 16, (1, 7), padding=(0, 3), groups=16, bias=False),
        nn.Conv2d(16, 16, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ELU(),
        nn.AvgPool2d((1, 4)),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(64, 3),
    )
    parts = {"first": "0", "middle": "7", "head": "14", "trunk": "0 2"}
    return classify(model, data.brain_waves(), 24, **parts)
