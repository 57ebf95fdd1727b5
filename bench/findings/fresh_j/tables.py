"""Networks for tables, ratings, series and graphs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_j import data
from bench.findings.wide.training import Batch, Task, classify, learn, regress


def titanic_mlp() -> Task:
    """Who survives, by one logit."""
    model = nn.Sequential(
        nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1)
    )

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), batch[1])

    values, told = data.rows(seed=21)
    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0", "hidden": "0 2"}
    return learn(model, loss, (values, (told > 0).float()), 48, parts=parts)


def diabetes_net() -> Task:
    """One number from ten, with batch norms."""
    model = nn.Sequential(
        *(nn.Linear(10, 48), nn.BatchNorm1d(48), nn.ReLU()),
        *(nn.Linear(48, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 1)),
    )
    parts = {"first": "0", "middle": "3", "head": "6", "trunk": "0 1"}
    return regress(model, data.rows(seed=22), 48, **parts)


def dropout_mlp() -> Task:
    """Five sorts, four layers, dropout between them."""
    layers: list[nn.Module] = []
    for given, told in ((10, 64), (64, 64), (64, 32)):
        layers += [nn.Linear(given, told), nn.ReLU(), nn.Dropout(0.1)]
    parts = {"first": "0", "middle": "3", "head": "9", "drops": "2 5 8", "hidden": "3 6"}
    return classify(nn.Sequential(*layers, nn.Linear(32, 5)), data.sorts(), 48, **parts, trunk="0")


class StoreSales(nn.Module):
    """Embeddings of shop and weekday beside columns."""

    def __init__(self) -> None:
        super().__init__()
        self.shop, self.day = nn.Embedding(20, 8), nn.Embedding(7, 4)
        self.body = nn.Sequential(nn.Linear(17, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
        self.head = nn.Linear(32, 1)

    def forward(self, values: Tensor, ids: Tensor) -> Tensor:
        known = torch.cat([values, self.shop(ids[:, 0]), self.day(ids[:, 1])], 1)
        sales: Tensor = self.head(self.body(known))
        return sales


def store_sales() -> Task:
    model = StoreSales()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "shop", "branch": "shop", "first": "body.0", "middle": "body.2"}
    parts |= {"head": "head", "trunk": "body"}
    return learn(model, loss, data.shops(), 48, parts=parts)


class MfRatings(nn.Module):
    """Products of vectors, with a bias for each side."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.things = nn.Embedding(50, 8), nn.Embedding(80, 8)
        self.user_bias, self.thing_bias = nn.Embedding(50, 1), nn.Embedding(80, 1)
        for table in (self.users, self.things):
            nn.init.normal_(table.weight, std=0.3)
        for table in (self.user_bias, self.thing_bias):
            nn.init.zeros_(table.weight)

    def forward(self, ids: Tensor) -> Tensor:
        user, thing = ids.T
        product = (self.users(user) * self.things(thing)).sum(1)
        return product + (self.user_bias(user) + self.thing_bias(thing))[:, 0]


def mf_ratings() -> Task:
    parts = {"embedding": "users", "first": "users", "middle": "things", "head": "user_bias"}
    return regress(MfRatings(), data.ratings(), 96, **parts, trunk="users")


class Residual(nn.Module):
    """x + f(norm(x))"""

    def __init__(self, inner: nn.Module, width: int) -> None:
        super().__init__()
        self.norm, self.inner = nn.LayerNorm(width), inner

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = values + self.inner(self.norm(values))
        return told


def layer_norm_table() -> Task:
    """Residual blocks with layer norms."""
    blocks = [
        Residual(nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)), 32)
        for _ in range(3)
    ]
    model = nn.Sequential(nn.Linear(10, 32), *blocks, nn.LayerNorm(32), nn.Linear(32, 5))
    return classify(model, data.sorts(), 48, first="0", middle="2", head="5", trunk="0 1")


def robust_demand() -> Task:
    """Middle and spread of a Laplace distribution, by a network of tanhs."""
    model = nn.Sequential(nn.Linear(10, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
    model.extend([nn.Linear(48, 2)])

    def loss(batch: Batch) -> Tensor:
        middle, spread = model(batch[0]).float().chunk(2, 1)
        told = torch.distributions.Laplace(middle, functional.softplus(spread) + 0.05)
        return -told.log_prob(batch[1]).mean()

    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0", "hidden": "0 2"}
    return learn(model, loss, data.rows(seed=23), 48, parts=parts)


class Glu(nn.Module):
    """A layer whose outputs a sigmoid of another layer lets through."""

    def __init__(self, given: int, told: int) -> None:
        super().__init__()
        self.value, self.gate = nn.Linear(given, told), nn.Linear(given, told)
        self.open = nn.Sigmoid()

    def forward(self, values: Tensor) -> Tensor:
        told: Tensor = self.value(values) * self.open(self.gate(values))
        return told


def glu_table() -> Task:
    model = nn.Sequential(Glu(10, 48), nn.LayerNorm(48), Glu(48, 32), nn.Linear(32, 5))
    parts = {"first": "0.value", "middle": "2.value", "head": "3", "gate": "2.gate", "trunk": "0"}
    return classify(model, data.sorts(), 48, **parts)


class SharedBottom(nn.Module):
    """Two numbers from one trunk by a tower each."""

    def __init__(self) -> None:
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(10, 64), nn.ReLU())
        self.towers = nn.ModuleList(
            nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 1)) for _ in range(2)
        )

    def forward(self, values: Tensor) -> Tensor:
        inner = self.bottom(values)
        return torch.cat([tower(inner) for tower in self.towers], 1)


def shared_bottom() -> Task:
    parts = {"first": "bottom.0", "middle": "towers.0.0", "head": "towers.1.2"}
    parts |= {"trunk": "bottom", "branch": "towers.1.2"}
    return regress(SharedBottom(), data.rows(outputs=2, seed=24), 48, **parts)


def wave_cnn() -> Task:
    """A 1D network with batch norms."""
    layers: list[nn.Module] = []
    for given, told in ((2, 16), (16, 32), (32, 32)):
        layers += [nn.Conv1d(given, told, 5, 2, 2), nn.BatchNorm1d(told), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 5))
    return classify(model, data.waves(), first="0", middle="3", head="11", trunk="0 1 3 4")


class LstmForecast(nn.Module):
    """The last state of an LSTM tells what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(1, 32, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, window: Tensor) -> Tensor:
        told: Tensor = self.head(self.cell(window)[0][:, -1])
        return told


def lstm_forecast() -> Task:
    parts = {"first": "cell", "middle": "cell", "head": "head", "cell": "cell", "trunk": "cell"}
    return regress(LstmForecast(), data.loads(), **parts)


class SeqAutoencoder(nn.Module):
    """A GRU reads a window, another writes it again."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.GRU(1, 24, batch_first=True)
        self.writer = nn.GRU(24, 24, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, window: Tensor) -> Tensor:
        code = self.reader(window)[1][0]
        again: Tensor = self.head(self.writer(code[:, None].expand(-1, window.shape[1], -1))[0])
        return again


def seq_autoencoder() -> Task:
    model = SeqAutoencoder()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[0])

    parts = {"first": "reader", "middle": "writer", "head": "head", "cell": "reader"}
    windows = (data.loads(length=12)[0],)
    return learn(model, loss, windows, parts=parts | {"trunk": "reader"})


class DenseGraph(nn.Module):
    """Two rounds of sums over neighbours, then a mean over nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = nn.ModuleList([nn.Linear(8, 32), nn.Linear(64, 32)])
        self.head = nn.Linear(32, 3)

    def forward(self, graphs: Tensor) -> Tensor:
        values, links = graphs[..., :4], graphs[..., 4:]
        for own in self.rounds:
            values = own(torch.cat([values, links @ values / 5], 2)).relu()
        logits: Tensor = self.head(values.mean(1))
        return logits


def dense_graph() -> Task:
    parts = {"first": "rounds.0", "middle": "rounds.1", "head": "head", "trunk": "rounds"}
    return classify(DenseGraph(), data.meshes(), **parts)
