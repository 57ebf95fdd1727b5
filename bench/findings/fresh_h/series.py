"""Networks for sounds and other series."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h import data_rows as data
from bench.findings.wide.training import Batch, Task, classify, learn


def m5() -> Task:
    """M5 of PyTorch's tutorial: convolutions over the raw sound."""
    model = nn.Sequential(
        nn.Conv1d(1, 16, 40, 4),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(16, 32, 3),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Conv1d(32, 48, 3),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(48, 6),
    )
    parts = {"first": "0", "middle": "4", "head": "13", "trunk": "0 1 4 5"}
    return classify(model, data.chords(), **parts)


class HeartBlock(nn.Module):
    """Two convolutions of 7 with norms, beside a shortcut that pools."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv1d(given, width, 7, 2, 3), nn.BatchNorm1d(width)
        self.conv2, self.norm2 = nn.Conv1d(width, width, 7, 1, 3), nn.BatchNorm1d(width)
        self.shortcut = nn.Sequential(nn.AvgPool1d(2), nn.Conv1d(given, width, 1))
        self.act1, self.act2 = nn.ReLU(), nn.ReLU()

    def forward(self, leads: Tensor) -> Tensor:
        out = self.norm2(self.conv2(self.act1(self.norm1(self.conv1(leads)))))
        acted: Tensor = self.act2(out + self.shortcut(leads))
        return acted


def ecg_resnet() -> Task:
    """The rhythm of a heart by a residual network along time."""
    model = nn.Sequential(
        nn.Conv1d(2, 16, 7, padding=3),
        HeartBlock(16, 24),
        HeartBlock(24, 32),
        nn.AdaptiveAvgPool1d(1),
        nn.Identity(),
        nn.Flatten(),
        nn.Linear(32, 4),
    )
    parts = {"first": "0", "middle": "1", "head": "6", "trunk": "0 1", "after_pool": "4"}
    return classify(model, data.heart_beats(), **parts)


class Forecaster(nn.Module):
    """One GRU reads the past, another one goes on, and sees what came before each step."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.GRU(1, 32, batch_first=True), nn.GRUCell(1, 32)
        self.head = nn.Linear(32, 1)
        self.own_share = 0.0

    def between(self, state: Tensor) -> Tensor:
        """What the decoder is given of the encoder's last state."""
        return state

    def forward(self, past: Tensor, ahead: Tensor) -> Tensor:
        state = self.between(self.encoder(past)[1][0])
        seen, told = past[:, -1], []
        for step in range(ahead.shape[1]):
            state = self.decoder(seen, state)
            told.append(self.head(state))
            own = torch.rand(len(past), 1) < self.own_share
            seen = torch.where(own, told[-1].detach(), ahead[:, step : step + 1])
        return torch.cat(told, 1)


def forecast_gru() -> Task:
    """Eight values ahead; while it learns, the decoder sees the true ones before."""
    model = Forecaster()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(*batch).float(), batch[1])

    parts = {"first": "encoder", "middle": "decoder", "head": "head", "trunk": "encoder"}
    return learn(model, loss, data.sales(), parts=parts | {"encoder": "encoder"})


class DeepConvLstm(nn.Module):
    """Convolutions along time, an LSTM of two layers, and its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv1d(6, 24, 5), nn.ReLU(), nn.Conv1d(24, 32, 5, 2), nn.ReLU()
        )
        self.lstm = nn.LSTM(32, 32, 2, batch_first=True, dropout=0.1)
        self.head = nn.Linear(32, 5)

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = self.head(
            self.lstm(self.convs(values.transpose(1, 2)).transpose(1, 2))[0][:, -1]
        )
        return told


def deep_conv_lstm() -> Task:
    """What a wrist does, by DeepConvLSTM."""
    parts = {"first": "convs.0", "middle": "lstm", "head": "head", "trunk": "convs"}
    return classify(DeepConvLstm(), data.movements(), **parts)
