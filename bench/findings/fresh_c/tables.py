"""Networks for tables, documents, graphs and equations."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c import data
from bench.findings.wide.training import Batch, Phase, Task, classify, learn, regress


class EntityEmbeddings(nn.Module):
    """fastai's tabular learner: an embedding for each id, a batch norm for the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(60, 10) for _ in range(3))
        for own in self.embeddings:
            nn.init.trunc_normal_(own.weight, std=0.01)
        self.norm = nn.BatchNorm1d(4)
        layers: list[nn.Module] = []
        for given, width in ((34, 64), (64, 32)):
            layers += [nn.Linear(given, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Dropout(0.1)]
        self.layers = nn.Sequential(*layers, nn.Linear(32, 1))

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        known = [own(ids[:, place]) for place, own in enumerate(self.embeddings)]
        return self.layers(torch.cat([self.norm(numbers), *known], 1))


def entity_embeddings() -> Task:
    model = EntityEmbeddings()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "embeddings.0 embeddings.1 embeddings.2", "head": "layers.8"}
    parts |= {"middle": "layers.4", "first": "layers.0"}
    return learn(model, loss, data.sales(), 48, parts=parts)


def bag_of_words() -> Task:
    """Rows that are nearly all 0, and dropout of a half."""
    model = nn.Sequential(
        nn.Linear(300, 64),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 5),
    )
    return classify(model, data.documents(), first="0", middle="3", head="5", dropout="2")


def house_prices() -> Task:
    model = nn.Sequential()
    model.add_module(
        "body", nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
    )
    model.add_module("head", nn.Linear(48, 1))
    return regress(model, data.houses(), first="body.0", middle="body.2", head="head", trunk="body")


def fraud() -> Task:
    """Few are wrong, and these weigh more."""
    model = nn.Sequential(
        nn.Linear(14, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1),
    )  # fmt: skip

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(
            model(batch[0])[:, 0].float(), batch[1], pos_weight=torch.tensor(5.0)
        )

    parts = {"first": "0", "middle": "4", "head": "7", "dropout": "3"}
    return learn(model, loss, data.payments(), 48, parts=parts, classes=data.payments()[1].long())


def pinn() -> Task:
    """A vibrating string: the equation itself is the loss."""
    model = nn.Sequential(
        nn.Linear(2, 24),
        nn.Tanh(),
        nn.Linear(24, 24),
        nn.Tanh(),
        nn.Linear(24, 24),
        nn.Tanh(),
        nn.Linear(24, 1),
    )
    random = torch.Generator().manual_seed(6)

    def draw(_: int) -> Batch:
        return (torch.rand(64, 2, generator=random),)

    def loss(batch: Batch) -> Tensor:
        points = batch[0].clone().requires_grad_(True)
        value = model(points).float()
        (first,) = torch.autograd.grad(value.sum(), points, create_graph=True)
        (by_place,) = torch.autograd.grad(first[:, 0].sum(), points, create_graph=True)
        equation = first[:, 1] - 0.1 * by_place[:, 0]
        place = batch[0][:, :1]
        start = model(torch.cat([place, torch.zeros_like(place)], 1)).float() - (3.14 * place).sin()
        edge = model(torch.cat([place.round(), batch[0][:, 1:]], 1)).float()
        return equation.pow(2).mean() + 5 * start.pow(2).mean() + 5 * edge.pow(2).mean()

    parts = {"first": "0", "middle": "2", "head": "6"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts)


class DeepOnet(nn.Module):
    """One net reads a function, another a place; their outputs are multiplied."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Linear(24, 40), nn.GELU(), nn.Linear(40, 40), nn.GELU(), nn.Linear(40, 24)
        )
        self.trunk = nn.Sequential(
            nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 24)
        )
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, given: Tensor) -> Tensor:
        both = self.branch(given[:, :24]) * self.trunk(given[:, 24:])
        return both.sum(1, keepdim=True) + self.bias


def deeponet() -> Task:
    parts = {"first": "branch.0", "middle": "branch.2", "head": "branch.4", "branch": "trunk"}
    return regress(DeepOnet(), data.operators(), 64, **parts)


class Messages(nn.Module):
    """Edge-conditioned messages between atoms, three rounds with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(5, 24)
        self.messages = nn.ModuleList(nn.Linear(24, 24) for _ in range(3))
        self.update = nn.GRUCell(24, 24)
        self.readout = nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, atoms: Tensor, bonds: Tensor) -> Tensor:
        hidden = self.embed(atoms)
        for _ in range(3):
            sent = sum(bonds[:, kind] @ own(hidden) for kind, own in enumerate(self.messages))
            hidden = self.update(sent.flatten(0, 1), hidden.flatten(0, 1)).view_as(hidden)
        return self.readout(hidden.sum(1))


def mpnn() -> Task:
    model = Messages()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0], batch[1]).float(), batch[2])

    parts = {"embedding": "embed", "first": "embed", "middle": "update", "head": "readout.2"}
    parts |= {"trunk": "embed messages update"}
    return learn(model, loss, data.molecules(), 32, parts=parts)
