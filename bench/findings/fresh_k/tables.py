"""Networks of tables, series and sounds."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k import data
from bench.findings.wide.training import Batch, Task, classify, learn, regress


class AdultIncome(nn.Module):
    """A table for each column of ids beside normalised numbers, and two layers with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, 6) for n in (12, 7, 30))
        self.scale = nn.BatchNorm1d(8)
        self.layers = nn.Sequential(
            *(nn.Linear(26, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(0.1)),
            *(nn.Linear(64, 32), nn.ReLU(), nn.BatchNorm1d(32), nn.Linear(32, 1)),
        )

    def forward(self, columns: Tensor, ids: Tensor) -> Tensor:
        looked = [table(own) for table, own in zip(self.tables, ids.unbind(1), strict=True)]
        told: Tensor = self.layers(torch.cat([self.scale(columns), *looked], 1))
        return told


def adult_income() -> Task:
    """Whether a household is rich."""
    model = AdultIncome()
    columns, ids, rich, _ = data.households()

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0], batch[1]).float()[:, 0]
        return functional.binary_cross_entropy_with_logits(told, batch[2])

    parts = {"first": "layers.0", "middle": "layers.4", "head": "layers.7", "drops": "layers.3"}
    parts |= {"embedding": "tables.0 tables.1 tables.2", "trunk": "tables", "hidden": "layers.0"}
    return learn(model, loss, (columns, ids, rich), 48, parts=parts)


class TaxiFares(nn.Module):
    """A sum of hashed ids' vectors beside the columns; layer norms and SiLU."""

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.EmbeddingBag(49, 12, mode="sum")
        self.enter = nn.Linear(20, 56)
        self.layers = nn.Sequential(
            *(nn.LayerNorm(56), nn.SiLU(), nn.Linear(56, 56), nn.LayerNorm(56), nn.SiLU()),
            *(nn.Linear(56, 28), nn.SiLU(), nn.Linear(28, 1)),
        )

    def forward(self, columns: Tensor, ids: Tensor) -> Tensor:
        looked = self.places(ids + torch.tensor([0, 12, 19]))
        fare: Tensor = self.layers(self.enter(torch.cat([columns, looked], 1)))
        return fare


def taxi_fares() -> Task:
    model = TaxiFares()
    columns, ids, _, bill = data.households()

    def loss(batch: Batch) -> Tensor:
        return functional.huber_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"first": "enter", "middle": "layers.2", "head": "layers.7", "trunk": "places"}
    parts |= {"embedding": "places", "hidden": "enter layers.2"}
    return learn(model, loss, (columns, ids, bill), parts=parts)


class Periods(nn.Module):
    """Each column as sines and cosines of learnt paces, and a layer of its own."""

    def __init__(self, columns: int, paces: int, width: int) -> None:
        super().__init__()
        self.paces = nn.Parameter(0.3 * torch.randn(columns, paces))
        self.mix = nn.Linear(2 * paces, width)

    def forward(self, values: Tensor) -> Tensor:
        turned = 2 * math.pi * self.paces * values[..., None]
        told: Tensor = self.mix(torch.cat([turned.cos(), turned.sin()], -1)).relu().flatten(1)
        return told


def plr_table() -> Task:
    """Periodic columns in front of a perceptron."""
    columns, _, _, bill = data.households()
    model = nn.Sequential(
        *(Periods(8, 6, 8), nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 1)),
    )
    parts = {"first": "0.mix", "middle": "4", "head": "6", "hidden": "1 4", "drops": "3"}
    return regress(model, (columns, bill - bill.mean()), **parts, trunk="0")


def cover_type() -> Task:
    """Five layers with PReLU and no norms."""
    layers: list[nn.Module] = []
    for given, width in ((12, 64), (64, 48), (48, 48), (48, 32)):
        linear = nn.Linear(given, width)
        nn.init.kaiming_normal_(linear.weight)
        layers += [linear, nn.PReLU(width)]
    parts = {"first": "0", "middle": "4", "head": "8", "hidden": "0 2 4 6", "trunk": "0 2"}
    return classify(nn.Sequential(*layers, nn.Linear(32, 5)), data.terrain(), 48, **parts)


class NHits(nn.Module):
    """Three stacks at three paces; each takes from the window what it explains."""

    def __init__(self) -> None:
        super().__init__()
        self.paces = (4, 2, 1)
        self.stacks = nn.ModuleList(
            nn.Sequential(
                *(nn.Linear(32 // pace, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU()),
                nn.Linear(48, 32 // pace + 6),
            )
            for pace in self.paces
        )

    def forward(self, window: Tensor) -> Tensor:
        ahead = torch.zeros(len(window), 6)
        for pace, stack in zip(self.paces, self.stacks, strict=True):
            told = stack(functional.max_pool1d(window[:, None], pace)[:, 0])
            back = functional.interpolate(told[:, None, 6:], 32, mode="linear")[:, 0]
            window, ahead = window - back, ahead + told[:, :6]
        return ahead


def n_hits() -> Task:
    model = NHits()

    def loss(batch: Batch) -> Tensor:
        return functional.l1_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "stacks.0.0", "middle": "stacks.1", "head": "stacks.2.4"}
    parts |= {"branch": "stacks.1", "trunk": "stacks.0", "hidden": "stacks.0.0 stacks.1.0"}
    return learn(model, loss, data.demand(), parts=parts)


class SleepStages(nn.Module):
    """Long filters over two channels, then an LSTM in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.waves = nn.Sequential(
            *(nn.Conv1d(2, 24, 15, 3, 7), nn.BatchNorm1d(24), nn.ReLU()),
            *(nn.Conv1d(24, 32, 7, 2, 3), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2)),
        )
        self.lstm = nn.LSTM(32, 24, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 4)

    def forward(self, waves: Tensor) -> Tensor:
        states, _ = self.lstm(self.waves(waves).transpose(1, 2))
        logits: Tensor = self.head(states.amax(1))
        return logits


def sleep_stages() -> Task:
    parts = {"first": "waves.0", "middle": "waves.3", "head": "head", "cell": "lstm"}
    return classify(SleepStages(), data.brain_waves(), 24, **parts, trunk="waves", drops="waves.6")


def machine_sounds() -> Task:
    """An autoencoder of frames, with batch norms and eight numbers in the middle."""
    layers: list[nn.Module] = []
    widths = (64, 96, 96, 8, 96, 96)
    for given, width in pairwise(widths):
        layers += [nn.Linear(given, width), nn.BatchNorm1d(width), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(96, 64))
    frames = data.machines()
    parts = {
        "first": "0",
        "middle": "6",
        "head": "15",
        "trunk": "0 1 3 4",
        "hidden": "0 3 9 12",
        "codes": "6 7 8",
    }
    return regress(model, (frames, frames), 48, **parts)


class BirdSongs(nn.Module):
    """Convolutions of a spectrum, and attention over its frames."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.BatchNorm2d(1), nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU()),
        )
        self.frame = nn.Linear(144, 40)
        self.score = nn.Linear(40, 1)
        self.share = nn.Softmax(1)
        self.head = nn.Linear(40, 5)

    def forward(self, spectra: Tensor) -> Tensor:
        frames = self.frame(self.body(spectra).flatten(1, 2).transpose(1, 2)).relu()
        logits: Tensor = self.head((self.share(self.score(frames)) * frames).sum(1))
        return logits


def bird_songs() -> Task:
    parts = {"first": "body.1", "middle": "body.4", "head": "head", "trunk": "body"}
    parts |= {"scores": "score share", "hidden": "body.1 body.4 frame"}
    return classify(BirdSongs(), data.calls(), 24, **parts)


class SessionGru(nn.Module):
    """What is looked at next, from what was looked at in this visit."""

    def __init__(self) -> None:
        super().__init__()
        self.things = nn.Embedding(60, 24)
        self.drop = nn.Dropout(0.1)
        self.gru = nn.GRU(24, 40, batch_first=True)
        self.head = nn.Linear(40, 60)

    def forward(self, visits: Tensor) -> Tensor:
        states, _ = self.gru(self.drop(self.things(visits)))
        logits: Tensor = self.head(states[:, -1])
        return logits


def session_gru() -> Task:
    visits = data.visits()
    parts = {"embedding": "things", "first": "gru", "middle": "gru", "head": "head"}
    own = (visits[:, :-1], visits[:, -1])
    return classify(SessionGru(), own, 48, **parts, cell="gru", drops="drop", trunk="gru")


class AddingRnn(nn.Module):
    """A recurrence of ReLUs that begins as the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, 48, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.1)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)
        self.head = nn.Linear(48, 1)

    def forward(self, numbers: Tensor) -> Tensor:
        states, _ = self.rnn(numbers)
        total: Tensor = self.head(states[:, -1])
        return total


def i_rnn() -> Task:
    """The sum of the two marked numbers."""
    parts = {"first": "rnn", "middle": "rnn", "head": "head", "cell": "rnn"}
    return regress(AddingRnn(), data.sums(), 48, **parts, trunk="rnn")
