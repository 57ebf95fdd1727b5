"""Networks for tables, adverts and purchases."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i import data_rows as data
from bench.findings.wide.training import Batch, Task, classify, learn


def right_share_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Binary cross entropy of one logit for each row."""
    return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])


class BikeDemand(nn.Module):
    """Hires of an hour from embeddings of hour, weekday and sort of weather, and the weather."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds = nn.ModuleList(nn.Embedding(many, 6) for many in (24, 7, 4))
        self.body = nn.Sequential(
            nn.Linear(22, 64), nn.ReLU(), nn.Dropout(0.05), nn.Linear(64, 32), nn.ReLU()
        )
        self.head = nn.Linear(32, 1)

    def forward(self, weather: Tensor, kinds: Tensor) -> Tensor:
        known = [own(kinds[:, place]) for place, own in enumerate(self.kinds)]
        hires: Tensor = self.head(self.body(torch.cat([weather, *known], 1)))[:, 0]
        return hires


def bike_demand() -> Task:
    model = BikeDemand()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "kinds.0 kinds.1 kinds.2", "first": "body.0", "middle": "body.3"}
    return learn(model, loss, data.bicycles(), 48, parts=parts | {"head": "head", "trunk": "body"})


class OneLogit(nn.Sequential):
    """A network whose last layer has one output: (B,)."""

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = super().forward(values)
        return told[:, 0]


def credit_net() -> Task:
    """Whether a loan is lost."""
    model = OneLogit(
        nn.Linear(10, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(32, 1),
    )
    parts = {"first": "0", "middle": "4", "head": "8", "trunk": "0 1 4 5", "drops": "3 7"}
    return learn(model, lambda batch: right_share_loss(model, batch), data.loans(), 64, parts=parts)


class HiggsMlp(nn.Module):
    """Residual blocks without norms, as physicists have them; three processes."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.enter = nn.Linear(14, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(3)
        )
        self.head = nn.Linear(width, 3)
        self.skips = True

    def forward(self, readings: Tensor) -> Tensor:
        values = self.enter(readings)
        for block in self.blocks:
            values = values + block(values) if self.skips else block(values)
        logits: Tensor = self.head(values.relu())
        return logits


def higgs_mlp() -> Task:
    parts = {"first": "enter", "middle": "blocks.1", "head": "head", "trunk": "enter blocks"}
    return classify(HiggsMlp(), data.collisions(), 64, **parts)


class AutoInt(nn.Module):
    """Attention between the fields of an advert."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.fields = nn.Embedding(120, width)
        nn.init.normal_(self.fields.weight, std=0.3)
        self.layers = nn.ModuleList(
            nn.MultiheadAttention(width, 2, batch_first=True) for _ in range(2)
        )
        self.back = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.head = nn.Sequential(nn.Linear(6 * width, 32), nn.ReLU(), nn.Linear(32, 1))
        self.offset = 20

    def forward(self, ids: Tensor) -> Tensor:
        values = self.fields(ids + self.offset * torch.arange(6))
        for attend, back in zip(self.layers, self.back, strict=True):
            values = (attend(values, values, values)[0] + back(values)).relu()
        click: Tensor = self.head(values.flatten(1))[:, 0]
        return click


def auto_int() -> Task:
    model = AutoInt()
    parts = {"embedding": "fields", "first": "layers.0", "middle": "layers.1", "head": "head.2"}
    data_set = data.adverts_shown()
    parts |= {"trunk": "layers back", "hidden": "head.0"}
    return learn(model, lambda batch: right_share_loss(model, batch), data_set, 64, parts=parts)


class DeepInterest(nn.Module):
    """A history, weighed by a small network's attention to the thing on offer (DIN)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.things = nn.Embedding(61, width, padding_idx=0)
        self.attend = nn.Sequential(nn.Linear(4 * width, 24), nn.PReLU(), nn.Linear(24, 1))
        self.weights = nn.Softmax(1)
        self.body = nn.Sequential(
            nn.Linear(3 * width, 48), nn.PReLU(), nn.Linear(48, 24), nn.PReLU()
        )
        self.head = nn.Linear(24, 1)
        self.temperature = 1.0

    def forward(self, ids: Tensor) -> Tensor:
        history, offer = self.things(ids[:, :-1]), self.things(ids[:, -1:])
        beside = offer.expand_as(history)
        pairs = torch.cat([history, beside, history - beside, history * beside], 2)
        scores = self.attend(pairs)[..., 0] / self.temperature
        scores = scores.masked_fill(ids[:, :-1] == 0, -1e9)
        interest = (self.weights(scores)[..., None] * history).sum(1)
        known = torch.cat([interest, offer[:, 0], interest * offer[:, 0]], 1)
        told: Tensor = self.head(self.body(known))[:, 0]
        return told


def deep_interest() -> Task:
    """Whether what is on offer is bought."""
    model = DeepInterest()
    parts = {"embedding": "things", "first": "body.0", "middle": "body.2", "head": "head"}
    parts |= {"trunk": "body", "scores": "weights", "attention": "attend"}
    data_set = data.histories()
    return learn(model, lambda batch: right_share_loss(model, batch), data_set, 64, parts=parts)


class Bpr(nn.Module):
    """Products of vectors of listeners and songs, and how popular each song is."""

    def __init__(self, *, sparse: bool = False) -> None:
        super().__init__()
        self.listeners = nn.Embedding(60, 16, sparse=sparse)
        self.songs = nn.Embedding(90, 16, sparse=sparse)
        self.liked = nn.Embedding(90, 1, sparse=sparse)
        for vectors in (self.listeners, self.songs, self.liked):
            nn.init.normal_(vectors.weight, std=0.1)

    def forward(self, listeners: Tensor, songs: Tensor) -> Tensor:
        product = (self.listeners(listeners) * self.songs(songs)).sum(1)
        return product + self.liked(songs)[:, 0]


def bpr() -> Task:
    """Songs that were heard before those that were not (Bayesian personalised ranking)."""
    model = Bpr()

    def loss(batch: Batch) -> Tensor:
        who, heard, other = batch[0].T
        return -functional.logsigmoid(model(who, heard) - model(who, other)).mean()

    parts = {"embedding": "listeners", "first": "songs", "middle": "songs", "head": "liked"}
    return learn(model, loss, data.listens(), 64, parts=parts | {"trunk": "listeners songs"})
