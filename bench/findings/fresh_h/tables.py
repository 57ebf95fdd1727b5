"""Networks for tables, purchases and graphs, and two that act."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h import data_rows as data
from bench.findings.wide.data import clicks, graph, table
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn, regress


def fastai_tabular() -> Task:
    """fastai's TabularModel tells the price of a flat by three categories and five numbers."""
    from fastai.tabular.model import TabularModel

    model: Any = TabularModel([(13, 6)] * 3, 5, 1, [64, 32], ps=0.05, embed_p=0.05)

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[1], batch[0]).float(), batch[2])

    kinds, numbers, prices = data.flats()
    parts = {"embedding": "embeds.0 embeds.1 embeds.2", "head": "layers.2.0"}
    parts |= {"first": "layers.0.0", "middle": "layers.1", "trunk": "layers.0 layers.1"}
    return learn(model, loss, (numbers, kinds, prices), 64, parts=parts)


class DeepFm(nn.Module):
    """Products of vectors of ids, a weight for each id, and a deep network over the vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.single = nn.ModuleList(nn.Embedding(40, 1) for _ in range(3))
        self.vectors = nn.ModuleList(nn.Embedding(40, 8) for _ in range(3))
        for table_of in (*self.single, *self.vectors):
            nn.init.normal_(table_of.weight, std=0.1)
        self.linear = nn.Linear(6, 1)
        self.deep = nn.Sequential(
            nn.Linear(30, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU()
        )
        self.head = nn.Linear(32, 1)

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        vectors = torch.stack([own(ids[:, i]) for i, own in enumerate(self.vectors)], 1)
        crossed = (vectors.sum(1).square() - vectors.square().sum(1)).sum(1) / 2
        first = sum(own(ids[:, i]) for i, own in enumerate(self.single))
        deep = self.head(self.deep(torch.cat([numbers, vectors.flatten(1)], 1)))
        told: Tensor = (deep + first + self.linear(numbers))[:, 0] + crossed
        return told


def deep_fm() -> Task:
    model = DeepFm()

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0], batch[1]).float()
        return functional.binary_cross_entropy_with_logits(told, batch[2])

    parts = {"embedding": "vectors.0 vectors.1 vectors.2", "head": "head", "first": "deep.0"}
    return learn(model, loss, clicks(), 64, parts=parts | {"middle": "deep.3", "trunk": "deep"})


class NeuMf(nn.Module):
    """Products of two vectors beside a network over two others."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.things = nn.Embedding(50, 12), nn.Embedding(70, 12)
        self.deep_users, self.deep_things = nn.Embedding(50, 12), nn.Embedding(70, 12)
        self.deep = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 12), nn.ReLU())
        for vectors in (self.users, self.things, self.deep_users, self.deep_things):
            nn.init.normal_(vectors.weight, std=0.1)
        self.head = nn.Linear(24, 1)

    def forward(self, pairs: Tensor) -> Tensor:
        user, thing = pairs[:, 0], pairs[:, 1]
        product = self.users(user) * self.things(thing)
        deep = self.deep(torch.cat([self.deep_users(user), self.deep_things(thing)], 1))
        told: Tensor = self.head(torch.cat([product, deep], 1))[:, 0]
        return told


def neu_mf() -> Task:
    model = NeuMf()

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    parts = {"embedding": "users things", "users": "users deep_users", "head": "head"}
    parts |= {"first": "deep.0", "middle": "deep.2", "trunk": "deep"}
    return learn(model, loss, data.purchases(), 64, parts=parts)


def churn_net() -> Task:
    """Whether a customer leaves; those that do count more."""
    model = nn.Sequential(
        nn.Linear(8, 48),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(48, 32),
        nn.ReLU(),
        nn.Linear(32, 1),
    )
    weight = torch.tensor(4.0)

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0])[:, 0].float()
        return functional.binary_cross_entropy_with_logits(told, batch[1], pos_weight=weight)

    parts = {"first": "0", "middle": "3", "head": "5", "trunk": "0 3"}
    return learn(model, loss, data.customers(), 64, parts=parts)


def ordinal_wine() -> Task:
    """Grades in their order: whether each of two bounds is passed (CORAL)."""
    model = nn.Sequential(
        nn.Linear(13, 32),
        nn.BatchNorm1d(32),
        nn.GELU(),
        nn.Linear(32, 16),
        nn.GELU(),
        nn.Linear(16, 2),
    )

    def loss(batch: Batch) -> Tensor:
        passed = (batch[1][:, None] > torch.arange(2)).float()
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), passed)

    parts = {"first": "0", "middle": "3", "head": "5", "trunk": "0 1"}
    rows = table("wine")
    return learn(model, loss, rows, 24, parts=parts, classes=rows[1])


def sensor_autoencoder() -> Task:
    """Readings through three numbers and back; what comes back badly is a fault of the machine."""
    model = nn.Sequential(
        nn.Linear(20, 32),
        nn.ELU(),
        nn.Linear(32, 3),
        nn.Linear(3, 32),
        nn.ELU(),
        nn.Linear(32, 20),
    )
    readings = data.machine_readings()
    parts = {"first": "0", "middle": "3", "head": "5", "trunk": "0 2"}
    return regress(model, (readings, readings), 48, **parts)


class Appnp(nn.Module):
    """A network for each node's own features, then steps of spreading with a way back to them."""

    def __init__(self, hops: int = 8, stay: float = 0.15) -> None:
        super().__init__()
        self.own = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))
        self.spread = nn.Identity()
        self.hops, self.stay = hops, stay

    def forward(self, features: Tensor, links: Tensor) -> Tensor:
        own = values = self.own(features)
        for _ in range(self.hops):
            values = (1 - self.stay) * (links @ values) + self.stay * own
        spread: Tensor = self.spread(values)
        return spread


def appnp() -> Task:
    features, links, groups = graph()
    model, known = Appnp(), torch.arange(len(groups)) % 2 == 0

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0], batch[1]).float()
        return functional.cross_entropy(told[known], batch[2][known])

    parts = {"first": "own.0", "middle": "own.0", "head": "own.3", "trunk": "own.0"}
    batch = (features, links, groups)
    return Task({"": model}, [Phase((model,), loss)], lambda _: batch, parts)


def behaviour_cloning() -> Task:
    """What a driver does, from what is seen; a tanh bounds it."""
    model = nn.Sequential(
        nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2), nn.Tanh()
    )
    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0 2"}
    return regress(model, data.drives(), 48, **parts)


class NoisyLinear(nn.Module):
    """A linear layer whose weights have learnt noise, anew in each pass."""

    def __init__(self, given: int, width: int, noise: float = 0.5) -> None:
        super().__init__()
        self.mean = nn.Linear(given, width)
        self.spread = nn.Parameter(torch.full((width, given), noise / given**0.5))

    def forward(self, values: Tensor) -> Tensor:
        ins, outs = torch.randn(values.shape[-1]), torch.randn(len(self.spread))
        ins, outs = (own.sign() * own.abs().sqrt() for own in (ins, outs))
        noise: Tensor = values @ (self.spread * outs[:, None] * ins).T
        return noise + self.mean(values)


def temporal_loss(model: nn.Module, target: nn.Module, batch: Batch, end: float = 1.0) -> Tensor:
    """Double Q-learning. end: share of what follows that a game's end takes away."""
    places, moves, ends, told = batch
    with torch.no_grad():
        chosen = model(ends).argmax(1, keepdim=True)
        ahead = target(ends).gather(1, chosen)[:, 0]
        wanted = told[:, 0] + 0.9 * ahead * (1 - end * told[:, 1])
    worth = model(places).gather(1, moves[:, None])[:, 0].float()
    return functional.smooth_l1_loss(worth, wanted)


def noisy_dqn() -> Task:
    """A walk on ice, explored by noise in the weights; a copy follows every 20 steps."""
    model = nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), NoisyLinear(64, 64), nn.ReLU(), NoisyLinear(64, 4)
    )
    target = copy.deepcopy(model)
    draw, sample = draw_samples(data.steps_on_ice(), 64)

    def follow(step: int) -> None:
        if step % 20 == 19:
            target.load_state_dict(model.state_dict())

    model.__dict__["target"] = target
    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0", "noisy": "2 4"}
    phase = Phase((model,), lambda batch: temporal_loss(model, target, batch))
    return Task({"": model}, [phase], draw, parts, sample=sample, after_step=follow)
