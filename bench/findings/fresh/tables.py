"""Networks for tables and graphs, and those whose depth is a number of steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import diabetes, small_graphs
from bench.findings.wide.data import table
from bench.findings.wide.training import Batch, Task, classify, learn, regress


class ResidualTable(nn.Module):
    """Norm, two layers, dropout, and a shortcut around them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm, self.up = nn.BatchNorm1d(width), nn.Linear(width, hidden)
        self.relu, self.drop = nn.ReLU(), nn.Dropout(0.1)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(self.drop(self.relu(self.up(self.norm(x)))))


def table_resnet() -> Task:
    model = nn.Sequential(
        nn.Linear(10, 32),
        *(ResidualTable(32, 64) for _ in range(3)),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, 1),
    )
    parts = {"embedding": "0", "middle": "2", "head": "6", "drop": "3.drop"}
    return regress(model, diabetes(), 32, **parts, trunk="0 1")


class FeatureTokens(nn.Module):
    """Each column a token with its own direction, then a transformer."""

    def __init__(self, columns: int, width: int = 24) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(columns, width) / 4)
        self.shift = nn.Parameter(torch.randn(columns, width) / 4)
        self.start = nn.Parameter(torch.randn(1, 1, width) / 4)
        layer = nn.TransformerEncoderLayer(
            width, 4, 48, 0.1, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x[..., None] * self.scale + self.shift
        tokens = torch.cat([self.start.expand(len(x), -1, -1), tokens], 1)
        return self.head(self.norm(self.encoder(tokens)[:, 0]))


def feature_tokens() -> Task:
    parts = {"embedding": "encoder.layers.0", "middle": "encoder.layers.1", "head": "head"}
    return classify(FeatureTokens(13), table("wine"), 24, **parts, trunk="encoder.layers.0")


class Isomorphism(nn.Module):
    """A graph layer: (1 + eps) x + sum of neighbours, then two layers."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(()))
        self.mlp = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, links: Tensor, x: Tensor) -> Tensor:
        return self.mlp((1 + self.eps) * x + links @ x)


class GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Isomorphism(5, 24), Isomorphism(24, 24), Isomorphism(24, 24)])
        self.norms = nn.ModuleList(nn.LayerNorm(24) for _ in range(3))
        self.relu, self.head = nn.ReLU(), nn.Linear(24, 3)

    def forward(self, links: Tensor, x: Tensor) -> Tensor:
        x = torch.cat([x, links.sum(2, keepdim=True) / 4], 2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = self.relu(norm(layer(links, x)))
        return self.head(x.mean(1))


def graph_isomorphism() -> Task:
    model = GraphNet()

    def loss(batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(model(batch[0], batch[1]), batch[2])

    parts = {"embedding": "layers.0", "middle": "layers.1", "head": "head", "trunk": "layers.0"}
    return learn(model, loss, small_graphs(), 32, parts=parts, classes=small_graphs()[2])


class MixtureDensity(nn.Module):
    """Weights, means and log widths of five Gaussians."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.shares, self.means = nn.Linear(48, 5), nn.Linear(48, 5)
        self.widths = nn.Linear(48, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        inner = self.body(x)
        return self.shares(inner).log_softmax(1), self.means(inner), self.widths(inner)


def mixture_density() -> Task:
    """A curve turned on its side: several answers to each question."""
    answers = torch.rand(2000, 1, generator=torch.Generator().manual_seed(5)) * 2 - 1
    questions = answers + 0.6 * (2 * math.pi * answers).sin()
    model = MixtureDensity()

    def loss(batch: Batch) -> Tensor:
        shares, means, widths = model(batch[0])
        widths = widths.clamp(-4, 4)
        each = shares - widths - 0.5 * ((batch[1] - means) / widths.exp()) ** 2
        return -each.logsumexp(1).mean()

    parts = {"embedding": "body.0", "middle": "body.2", "head": "means", "trunk": "body.0"}
    return learn(model, loss, (questions, answers), 64, parts=parts)


class NeuralOde(nn.Module):
    """A state that follows a field for ten steps of Euler."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(30, 24)
        self.field = nn.Sequential(nn.Linear(25, 48), nn.Tanh(), nn.Linear(48, 24))
        self.head = nn.Linear(24, 2)

    def forward(self, x: Tensor) -> Tensor:
        state = self.lift(x)
        for step in range(10):
            time = torch.full((len(x), 1), step / 10)
            state = state + 0.1 * self.field(torch.cat([state, time], 1))
        return self.head(state)


def neural_ode() -> Task:
    parts = {"embedding": "lift", "middle": "field", "head": "head", "trunk": "lift"}
    return classify(NeuralOde(), table("cancer"), 32, **parts)
