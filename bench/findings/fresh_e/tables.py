"""Networks for tables, sets, graphs, tastes and figures inside of other networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_e import data
from bench.findings.wide.data import clicks
from bench.findings.wide.training import Batch, Task, learn


def survivors() -> Task:
    """Who survived the Titanic: one chance, by a sigmoid and BCELoss."""
    model = nn.Sequential(
        nn.Linear(7, 48),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(48, 24),
        nn.ReLU(),
        nn.Linear(24, 1),
        nn.Sigmoid(),
    )

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy(model(batch[0]).float(), batch[1])

    parts = {"first": "0", "middle": "4", "head": "6", "dropout": "3", "trunk": "0 1"}
    table = data.passengers()
    return learn(model, loss, table, parts=parts, classes=table[1][:, 0].long())


class Uncertain(nn.Module):
    """A value and how sure it is."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.mean, self.spread = nn.Linear(64, 1), nn.Linear(64, 1)

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(given)
        return self.mean(hidden), functional.softplus(self.spread(hidden)) + 1e-3


def uncertain_values() -> Task:
    model = Uncertain()

    def loss(batch: Batch) -> Tensor:
        mean, variance = model(batch[0])
        return functional.gaussian_nll_loss(mean.float(), batch[1], variance.float())

    parts = {"first": "body.0", "middle": "body.2", "head": "mean", "trunk": "body"}
    return learn(model, loss, data.uneven_noise(), 64, parts=parts)


class Sets(nn.Module):
    """Deep sets, and thresholds in order for one to five stars (CORAL)."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(4, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU())
        self.all = nn.Sequential(nn.Linear(128, 64), nn.ELU(), nn.Linear(64, 1, bias=False))
        self.thresholds = nn.Parameter(torch.tensor([1.0, 0.3, -0.3, -1.0]))

    def forward(self, things: Tensor) -> Tensor:
        hidden = self.each(things)
        return self.all(torch.cat([hidden.mean(1), hidden.std(1)], 1)) + self.thresholds


def star_sets() -> Task:
    model = Sets()
    things, stars = data.ratings()

    def loss(batch: Batch) -> Tensor:
        beyond = (batch[1][:, None] > torch.arange(4)).float()
        return functional.binary_cross_entropy_with_logits(model(batch[0]).float(), beyond)

    parts = {"first": "each.0", "middle": "each.2", "head": "all.2", "trunk": "each"}
    return learn(model, loss, (things, stars), 64, parts=parts, classes=stars)


class NextThing(nn.Module):
    """SASRec: attention over what was looked at before."""

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        self.things = nn.Embedding(61, width, padding_idx=0)
        self.places = nn.Embedding(12, width)
        nn.init.normal_(self.things.weight, std=0.1)
        nn.init.normal_(self.places.weight, std=0.1)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 80, 0.1, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, past: Tensor) -> Tensor:
        length = past.shape[1]
        hidden = self.things(past) + self.places(torch.arange(length))
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        for block in self.blocks:
            hidden = block(hidden, src_mask=future)
        return self.norm(hidden)


def next_thing() -> Task:
    """The next thing is to score higher than one that nobody looked at."""
    model = NextThing()

    def loss(batch: Batch) -> Tensor:
        past, following, others = batch
        hidden = model(past).float()
        right = (hidden * model.things(following)).sum(2)
        wrong = (hidden * model.things(others)).sum(2)
        return functional.softplus(-right).mean() + functional.softplus(wrong).mean()

    parts = {"embedding": "things", "middle": "blocks.0", "head": "norm", "trunk": "blocks"}
    return learn(model, loss, data.histories(), 32, parts=parts)


class WideDeep(nn.Module):
    """A line over sparse ids beside a network over embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(120, 1)
        self.tables = nn.ModuleList(nn.Embedding(40, 8) for _ in range(3))
        self.deep = nn.Sequential(
            nn.Linear(30, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU()
        )
        self.out = nn.Linear(32, 1)

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        sparse = functional.one_hot(ids, 40).flatten(1).float()
        vectors = [table(ids[:, place]) for place, table in enumerate(self.tables)]
        return self.wide(sparse) + self.out(self.deep(torch.cat([numbers, *vectors], 1)))


def wide_deep() -> Task:
    model = WideDeep()

    def loss(batch: Batch) -> Tensor:
        logits = model(*batch[:2]).float()[:, 0]
        return functional.binary_cross_entropy_with_logits(logits, batch[2])

    parts = {"first": "deep.0", "embedding": "tables.0", "middle": "deep.3", "head": "out"}
    return learn(model, loss, clicks(), 64, parts=parts | {"dropout": "deep.2", "trunk": "tables"})


class Sage(nn.Module):
    """GraphSAGE: a node's words beside the mean of some of its neighbours', two rounds."""

    def __init__(self, words: Tensor, neighbours: Tensor) -> None:
        super().__init__()
        self.words, self.neighbours = words, neighbours
        self.first = nn.Linear(120, 48)
        self.second = nn.Linear(96, 48)
        self.out = nn.Linear(48, 5)

    def around(self, nodes: Tensor) -> Tensor:
        return self.neighbours[nodes][:, torch.randperm(8)[:4]]

    def forward(self, nodes: Tensor) -> Tensor:
        near = self.around(nodes)
        own, others = self._embed(nodes), self._embed(near.flatten()).view(*near.shape, -1)
        hidden = self.second(torch.cat([own, others.mean(1)], 1)).relu()
        return self.out(functional.normalize(hidden, dim=1) * 4)

    def _embed(self, nodes: Tensor) -> Tensor:
        around = self.words[self.around(nodes)].mean(1)
        return self.first(torch.cat([self.words[nodes], around], 1)).relu()


def sage() -> Task:
    words, neighbours, subjects = data.citations()
    model = Sage(words.clone(), neighbours)

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1])

    nodes = (torch.arange(len(subjects)), subjects)
    parts = {"first": "first", "middle": "second", "head": "out", "trunk": "first"}
    return learn(model, loss, nodes, 48, parts=parts, classes=subjects)


class SchNet(nn.Module):
    """Filters by distance between all pairs of atoms; the energy is a sum over atoms."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.kinds = nn.Embedding(4, width)
        self.filters = nn.ModuleList(
            nn.Sequential(nn.Linear(16, width), nn.Softplus(), nn.Linear(width, width))
            for _ in range(2)
        )
        self.updates = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.Softplus(), nn.Linear(width, width))
            for _ in range(2)
        )
        self.energy = nn.Sequential(nn.Linear(width, 16), nn.Softplus(), nn.Linear(16, 1))
        self.least = 1e-6

    def forward(self, kinds: Tensor, places: Tensor) -> Tensor:
        between = places[:, :, None] - places[:, None]
        far = (between.square().sum(3) + self.least).sqrt()
        bumps = torch.exp(-4 * (far[..., None] - torch.linspace(0, 5, 16)).square())
        hidden = self.kinds(kinds)
        for filters, update in zip(self.filters, self.updates, strict=True):
            hidden = hidden + update((filters(bumps) * hidden[:, None]).sum(2))
        return self.energy(hidden).sum(1)


def sch_net() -> Task:
    model = SchNet()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(*batch[:2]).float(), batch[2])

    parts = {"embedding": "kinds", "middle": "updates.0", "head": "energy.2"}
    return learn(model, loss, data.atoms(), 24, parts=parts | {"trunk": "filters"})


class Dictionary(nn.Module):
    """A wide, sparse code for the activations of another network."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(24, 96), nn.Linear(96, 24)
        self.relu = nn.ReLU()
        with torch.no_grad():
            self.decoder.weight.div_(self.decoder.weight.norm(dim=0))
            self.encoder.weight.copy_(self.decoder.weight.T)

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        code = self.relu(self.encoder(given - self.decoder.bias))
        return code, self.decoder(code)


def dictionary_loss(model: nn.Module, given: Tensor, sparse: float = 0.02) -> Tensor:
    code, told = model(given)
    return (told - given).square().sum(1).mean() + sparse * code.abs().sum(1).mean()


def dictionary() -> Task:
    model = Dictionary()

    def loss(batch: Batch) -> Tensor:
        return dictionary_loss(model, batch[0])

    parts = {"first": "encoder", "relu": "relu", "head": "decoder"}
    return learn(model, loss, data.mixtures(), 128, parts=parts)
