"""Networks for tables, graphs, sets, facts and functions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f import data
from bench.findings.wide.training import Batch, Task, classify, learn


class GhostNorm(nn.Module):
    """A batch norm over parts of the batch."""

    def __init__(self, width: int, size: int = 16) -> None:
        super().__init__()
        self.norm, self.size = nn.BatchNorm1d(width), size

    def forward(self, given: Tensor) -> Tensor:
        return torch.cat([self.norm(part) for part in given.split(self.size)])


class Gated(nn.Module):
    """A linear layer, a ghost norm and a gated linear unit."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(given, 2 * width, bias=False)
        self.norm = GhostNorm(2 * width)

    def forward(self, given: Tensor) -> Tensor:
        return functional.glu(self.norm(self.linear(given)), 1)


class TabNet(nn.Module):
    """Steps that each choose some columns by a softmax and pass what they saw on."""

    def __init__(self, columns: int = 12, width: int = 16, steps: int = 3) -> None:
        super().__init__()
        self.begin = nn.BatchNorm1d(columns)
        self.shared = Gated(columns, width)
        self.own = nn.ModuleList(Gated(width, width) for _ in range(steps))
        self.choose = nn.ModuleList(nn.Linear(width, columns) for _ in range(steps))
        self.out = nn.Linear(width, 2)

    def forward(self, table: Tensor) -> Tensor:
        table = self.begin(table)
        hidden, left = self.shared(table), torch.ones_like(table)
        told = torch.zeros_like(hidden)
        for own, choose in zip(self.own, self.choose, strict=True):
            mask = (choose(hidden) * left).softmax(1)
            left = left * (1.3 - mask)
            hidden = own(self.shared(table * mask * table.shape[1]))
            told = told + hidden.relu()
        logits: Tensor = self.out(told)
        return logits


def tab_net() -> Task:
    table, buys, _ = data.customers()
    parts = {"first": "shared.linear", "middle": "own.1", "head": "out", "trunk": "shared"}
    return classify(TabNet(), (table, buys), 64, **parts)


class TwoHeads(nn.Module):
    """One body, a class and a number, and how sure both are (Kendall)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(12, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 64), nn.GELU()
        )
        self.buys, self.spends = nn.Linear(64, 2), nn.Linear(64, 1)
        self.log_variances = nn.Parameter(torch.zeros(2))

    def forward(self, table: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(table)
        return self.buys(hidden), self.spends(hidden)[:, 0]


def both_losses(model: nn.Module, batch: Batch) -> Tensor:
    """(2,) of the class and of the number."""
    logits, spent = model(batch[0])
    own = functional.cross_entropy(logits.float(), batch[1])
    return torch.stack([own, functional.mse_loss(spent.float(), batch[2])])


def weighed_tasks() -> Task:
    model = TwoHeads()

    def loss(batch: Batch) -> Tensor:
        losses = both_losses(model, batch)
        return (losses * (-model.log_variances).exp() + 0.5 * model.log_variances).sum()

    parts = {"first": "body.0", "middle": "body.3", "head": "spends", "branch": "buys"}
    return learn(model, loss, data.customers(), 64, parts=parts | {"trunk": "body.0"})


class GatedGraph(nn.Module):
    """Gated graph network: messages along edges, and a GRU cell in each node, three rounds."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.kinds = nn.Embedding(6, width)
        self.message, self.cell = nn.Linear(width, width), nn.GRUCell(width, width)
        self.gate, self.value = nn.Linear(width, 1), nn.Linear(width, width)
        self.out = nn.Linear(width, 3)

    def forward(self, kinds: Tensor, edges: Tensor) -> Tensor:
        hidden = self.kinds(kinds)
        for _ in range(3):
            given = edges @ self.message(hidden)
            hidden = self.cell(given.flatten(0, 1), hidden.flatten(0, 1)).view_as(hidden)
        read = self.gate(hidden).sigmoid() * self.value(hidden)
        logits: Tensor = self.out(read.sum(1))
        return logits


def ggnn() -> Task:
    model = GatedGraph()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(*batch[:2]).float(), batch[2])

    parts = {"embedding": "kinds", "first": "message", "middle": "cell", "head": "out"}
    return learn(model, loss, data.programs(), 32, parts=parts | {"trunk": "kinds"})


class Attend(nn.Module):
    """Attention of one set to another, with a norm and a feed-forward layer (MAB)."""

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.factor = heads, (width // heads) ** -0.5
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.mix = nn.Linear(width, width), nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.softmax = nn.Softmax(-1)
        self.empty: Tensor | None = None

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        query, key, value = (
            layer(each).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer, each in ((self.query, own), (self.key, other), (self.value, other))
        )
        scores = query @ key.transpose(2, 3) * self.factor
        if self.empty is not None:
            scores = scores.masked_fill(self.empty, float("-inf"))
        read = (self.softmax(scores) @ value).transpose(1, 2).flatten(2)
        hidden = self.norm1(own + read)
        out: Tensor = self.norm2(hidden + self.mix(hidden).relu())
        return out


class SetTransformer(nn.Module):
    """Sets attend to themselves, and one learnt seed reads them all."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.lift = nn.Linear(3, width)
        self.blocks = nn.ModuleList(Attend(width) for _ in range(2))
        self.seed, self.pool = nn.Parameter(torch.randn(1, 1, width)), Attend(width)
        self.out = nn.Linear(width, 4)

    def forward(self, points: Tensor) -> Tensor:
        hidden = self.lift(points)
        for block in self.blocks:
            hidden = block(hidden, hidden)
        logits: Tensor = self.out(self.pool(self.seed.expand(len(points), -1, -1), hidden)[:, 0])
        return logits


def set_transformer() -> Task:
    parts = {"first": "lift", "middle": "blocks.1", "head": "out", "trunk": "blocks"}
    return classify(SetTransformer(), data.clouds(), 32, **parts)


class NeuralProcess(nn.Module):
    """Points of a function that are known are averaged; what is asked is told with a spread."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width))
        self.decoder = nn.Sequential(
            nn.Linear(width + 1, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.out = nn.Linear(width, 2)

    def forward(self, known: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        read = self.encoder(known).mean(1, keepdim=True).expand(-1, asked.shape[1], -1)
        told = self.out(self.decoder(torch.cat([read, asked], 2)))
        return told[..., 0], 0.05 + functional.softplus(told[..., 1])


def neural_process() -> Task:
    """Sines of random height and shift; eight of their points are known."""
    model = NeuralProcess()

    def draw(_step: int) -> Batch:
        places = torch.rand(32, 24, 1) * 4 - 2
        height, shift = torch.rand(32, 1, 1) + 0.5, torch.rand(32, 1, 1) * 3
        values = height * (2 * places + shift).sin()
        known = torch.cat([places, values], 2)[:, :8]
        return known, places, values[..., 0]

    def loss(batch: Batch) -> Tensor:
        mean, spread = model(*batch[:2])
        return functional.gaussian_nll_loss(mean.float(), batch[2], spread.float().square())

    parts = {"first": "encoder.0", "middle": "decoder.2", "head": "out", "trunk": "encoder"}
    task = learn(model, loss, (torch.zeros(64, 1),), parts=parts)
    task.draw, task.sample = draw, None
    return task


class TransE(nn.Module):
    """A relation moves a thing to another."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.things, self.relations = nn.Embedding(80, width), nn.Embedding(5, width)
        for table in (self.things, self.relations):
            nn.init.uniform_(table.weight, -0.5, 0.5)

    def forward(self, triples: Tensor) -> Tensor:
        one, other = self.things(triples[:, 0]), self.things(triples[:, 2])
        return (one + self.relations(triples[:, 1]) - other).norm(dim=1)


def trans_e() -> Task:
    """Facts are to be nearer than facts with another thing at the end, by a margin."""
    model = TransE()

    def loss(batch: Batch) -> Tensor:
        triples, wrong = batch
        turned = torch.cat([triples[:, :2], wrong[:, None]], 1)
        return functional.relu(1 + model(triples) - model(turned)).mean()

    parts = {"embedding": "things", "head": "relations", "trunk": "things"}
    return learn(model, loss, data.facts(), 64, parts=parts)
