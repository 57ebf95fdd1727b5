"""Networks for series in time and for sound."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f import data
from bench.findings.wide.training import Batch, Task, classify, learn, regress


class InceptionBlock(nn.Module):
    """Filters of three lengths and a pooled path, side by side."""

    def __init__(self, given: int, width: int = 8) -> None:
        super().__init__()
        self.narrow = nn.Conv1d(given, 8, 1, bias=False)
        self.filters = nn.ModuleList(
            nn.Conv1d(8, width, size, padding=size // 2, bias=False) for size in (5, 11, 21)
        )
        self.pooled = nn.Sequential(nn.MaxPool1d(3, 1, 1), nn.Conv1d(given, width, 1, bias=False))
        self.norm = nn.BatchNorm1d(4 * width)

    def forward(self, series: Tensor) -> Tensor:
        narrow = self.narrow(series)
        paths = [*(own(narrow) for own in self.filters), self.pooled(series)]
        return functional.relu(self.norm(torch.cat(paths, 1)))


def inception_time() -> Task:
    """InceptionTime, as tsai has it: which way to move an accelerometer saw."""
    model = nn.Sequential(
        InceptionBlock(3),
        InceptionBlock(32),
        InceptionBlock(32),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(32, 5),
    )
    return classify(
        model, data.sensor_windows(), 32, first="0.narrow", middle="1", head="5", trunk="0 1 2"
    )


class XVector(nn.Module):
    """Dilated convolutions over time, then mean and spread over it (TDNN)."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = nn.Sequential(
            nn.Conv1d(20, 48, 5),
            nn.ReLU(),
            nn.Conv1d(48, 48, 3, dilation=2),
            nn.ReLU(),
            nn.Conv1d(48, 64, 1),
            nn.ReLU(),
        )
        self.segment = nn.Linear(128, 48)
        self.out = nn.Sequential(nn.ReLU(), nn.Linear(48, 8))

    def forward(self, sound: Tensor) -> Tensor:
        frames = self.frames(sound)
        spread = (frames.var(2) + 1e-5).sqrt()
        logits: Tensor = self.out(self.segment(torch.cat([frames.mean(2), spread], 1)))
        return logits


def x_vector() -> Task:
    parts = {"first": "frames.0", "middle": "frames.2", "head": "out.1", "trunk": "frames"}
    return classify(XVector(), data.speakers(), 32, **parts)


class GapFiller(nn.Module):
    """A GRU cell that is given what was measured, and its own forecast where nothing was."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.cell, self.out = nn.GRUCell(8, width), nn.Linear(width, 4)
        self.detaches = False

    def forward(self, values: Tensor, seen: Tensor) -> Tensor:
        hidden = torch.zeros(len(values), self.cell.hidden_size)
        forecasts = []
        for step in range(values.shape[1]):
            forecasts.append(self.out(hidden))
            filled = torch.where(seen[:, step] > 0, values[:, step], forecasts[-1])
            hidden = self.cell(torch.cat([filled, seen[:, step]], 1), hidden)
            hidden = hidden.detach() if self.detaches else hidden
        return torch.stack(forecasts, 1)


def gap_filler() -> Task:
    model = GapFiller()

    def loss(batch: Batch) -> Tensor:
        values, seen = batch
        apart = (model(values, seen).float() - values).square()
        return (apart * seen).sum() / seen.sum().clamp(min=1)

    parts = {"middle": "cell", "head": "out", "trunk": "cell"}
    return learn(model, loss, data.gappy_series(), 32, parts=parts)


class DLinear(nn.Module):
    """A moving mean and what remains, each by one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.AvgPool1d(13, 1)
        self.trend, self.season = nn.Linear(48, 12), nn.Linear(48, 12)

    def forward(self, past: Tensor) -> Tensor:
        padded = torch.cat([past[:, :1].expand(-1, 6), past, past[:, -1:].expand(-1, 6)], 1)
        trend = self.mean(padded[:, None])[:, 0]
        out: Tensor = self.trend(trend) + self.season(past - trend)
        return out


def d_linear() -> Task:
    return regress(DLinear(), data.loads(), 32, first="season", head="trend", trunk="trend")


class Reservoir(nn.Module):
    """An echo state network: recurrent weights stay random, and a reader of them learns."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.echo = nn.RNN(1, width, batch_first=True)
        self.read = nn.Linear(width, 1)
        with torch.no_grad():
            own = torch.randn(width, width) * (torch.rand(width, width) < 0.1)
            largest = torch.linalg.eigvals(own).abs().max()
            self.echo.weight_hh_l0.copy_(own / largest * 0.9)
            self.echo.weight_ih_l0.uniform_(-0.5, 0.5)
        self.echo.requires_grad_(False)

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.read(self.echo(given)[0])
        return out


def reservoir() -> Task:
    return regress(Reservoir(), data.echoes(), 32, middle="echo", head="read")
