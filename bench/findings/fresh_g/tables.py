"""Networks for tables, purchases, graphs, clouds of points and few samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g import data, data_rows
from bench.findings.wide.training import Batch, Phase, Task, learn


class DeepCross(nn.Module):
    """DCN-V2: products with the input at each layer, beside a deep network."""

    def __init__(self, padding: int | None = None) -> None:
        super().__init__()
        self.ids = nn.ModuleList(nn.Embedding(30, 6, padding_idx=padding) for _ in range(3))
        self.cross = nn.ModuleList(nn.Linear(23, 23) for _ in range(3))
        self.deep = nn.Sequential(nn.Linear(23, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.out = nn.Linear(55, 1)

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        known = [table(ids[:, place]) for place, table in enumerate(self.ids)]
        given = torch.cat([numbers, *known], 1)
        crossed = given
        for layer in self.cross:
            crossed = given * layer(crossed) + crossed
        logit: Tensor = self.out(torch.cat([crossed, self.deep(given)], 1))
        return logit


def deep_cross(padding: int | None = None) -> Task:
    """Whether an advertisement is clicked on. padding: an id whose vector stays 0."""
    model = DeepCross(padding)

    def loss(batch: Batch) -> Tensor:
        logits = model(*batch[:2]).float()
        return functional.binary_cross_entropy_with_logits(logits, batch[2])

    parts = {"embedding": "ids", "first": "deep.0", "middle": "cross.1", "head": "out"}
    parts |= {"trunk": "deep"}
    return learn(model, loss, data_rows.advertisements(), 64, parts=parts)


class Mmoe(nn.Module):
    """Four experts, and for each of two tasks a gate and a tower. A batch norm scales columns."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 24), nn.ReLU())
            for _ in range(4)
        )
        self.gates = nn.ModuleList(nn.Linear(6, 4) for _ in range(2))
        self.buys, self.stays = (
            nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1)) for _ in range(2)
        )

    def forward(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        scaled = self.norm(columns)
        known = torch.stack([expert(scaled) for expert in self.experts], 1)
        mixed = [(gate(scaled).softmax(1)[:, :, None] * known).sum(1) for gate in self.gates]
        return self.buys(mixed[0]).squeeze(1), self.stays(mixed[1]).squeeze(1)


def mmoe() -> Task:
    """Whether a customer buys, and how long each stays, from columns as they are in the file."""
    model = Mmoe()

    def loss(batch: Batch) -> Tensor:
        buys, stays = model(batch[0])
        bought = functional.binary_cross_entropy_with_logits(buys.float(), batch[1])
        return bought + functional.mse_loss(stays.float(), batch[2])

    parts = {"first": "experts.0.0", "middle": "experts.1", "head": "buys.2", "gate": "gates"}
    return learn(model, loss, data_rows.customers(), 64, parts=parts | {"branch": "stays"})


class LightGcn(nn.Module):
    """Vectors of users and things, spread over what was bought, and their mean."""

    def __init__(self, users: int = 120, things: int = 80, width: int = 24) -> None:
        super().__init__()
        self.users, self.things = nn.Embedding(users, width), nn.Embedding(things, width)
        for table in (self.users, self.things):
            nn.init.normal_(table.weight, std=0.1)
        self.register_buffer("graph", data_rows.purchases()[1])

    def forward(self, users: Tensor, things: Tensor) -> Tensor:
        """How much users (N,) like things (N, …)."""
        count = self.users.num_embeddings
        vectors = torch.cat(
            [
                self.users(torch.arange(count)),
                self.things(torch.arange(self.things.num_embeddings)),
            ]
        )
        spread = [vectors]
        for _ in range(2):
            spread.append(self.graph @ spread[-1])
        mean = torch.stack(spread).mean(0)
        return (mean[users][:, None] * mean[count + things]).sum(2)


def light_gcn() -> Task:
    """LightGCN: what was bought gets more than what was not (BPR)."""
    model = LightGcn()

    def loss(batch: Batch) -> Tensor:
        bought = batch[0]
        others = torch.randint(0, 80, (len(bought), 1))
        told = model(bought[:, 0], torch.cat([bought[:, 1:], others], 1)).float()
        size = model.users.weight.square().mean() + model.things.weight.square().mean()
        return -functional.logsigmoid(told[:, 0] - told[:, 1]).mean() + 1e-3 * size

    parts = {"embedding": "things", "branch": "users", "head": "things"}
    return learn(model, loss, (data_rows.purchases()[0],), 256, parts=parts)


class RelationLayer(nn.Module):
    """Each relation's neighbours through weights of its own, and the node itself."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.itself = nn.Linear(given, width)
        self.kinds = nn.ModuleList(nn.Linear(given, width, bias=False) for _ in range(3))

    def forward(self, nodes: Tensor, graphs: Tensor) -> Tensor:
        told: Tensor = self.itself(nodes)
        for graph, layer in zip(graphs, self.kinds, strict=True):
            told = told + graph @ layer(nodes)
        return told


class RelationalGcn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.act = RelationLayer(12, 24), nn.ReLU()
        self.dropout, self.last = nn.Dropout(0.3), RelationLayer(24, 4)

    def forward(self, nodes: Tensor, graphs: Tensor) -> Tensor:
        logits: Tensor = self.last(self.dropout(self.act(self.first(nodes, graphs))), graphs)
        return logits


def rgcn() -> Task:
    """R-GCN: the groups of nodes of one graph, of which all are given at each step."""
    model = RelationalGcn()
    features, graphs, groups = data_rows.relations()
    known = torch.arange(0, len(groups), 2)

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], graphs).float()
        return functional.cross_entropy(logits[known], groups[known])

    parts = {"first": "first.itself", "middle": "first", "head": "last", "trunk": "first"}
    return Task({"": model}, [Phase((model,), loss)], lambda _: (features,), parts)


def nearest(cloud: Tensor, other: Tensor, floor: float = 1e-8) -> Tensor:
    """Mean distance (Chamfer) of the points of two clouds (N, points, 3), in both directions."""
    apart = (cloud[:, :, None] - other[:, None]).square().sum(3).add(floor).sqrt()
    return apart.min(1).values.mean() + apart.min(2).values.mean()


class FoldNet(nn.Module):
    """A cloud becomes a code; a sheet is folded twice into the cloud by it."""

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 64))
        self.code = nn.Sequential(nn.Linear(64, 32), nn.ReLU())
        self.fold1 = nn.Sequential(nn.Linear(34, 64), nn.ReLU(), nn.Linear(64, 3))
        self.fold2 = nn.Sequential(nn.Linear(35, 64), nn.ReLU(), nn.Linear(64, 3))
        side = torch.linspace(-1, 1, 7)
        self.register_buffer("sheet", torch.cartesian_prod(side, side)[:48])

    def forward(self, cloud: Tensor) -> Tensor:
        code = self.code(self.points(cloud).max(1).values)[:, None].expand(-1, 48, -1)
        sheet = self.sheet.expand(len(cloud), -1, -1)
        folded = self.fold1(torch.cat([sheet, code], 2))
        again: Tensor = self.fold2(torch.cat([folded, code], 2))
        return again


def fold_net() -> Task:
    model = FoldNet()

    def loss(batch: Batch) -> Tensor:
        return nearest(model(batch[0]).float(), batch[0])

    parts = {"first": "points.0", "middle": "fold1", "head": "fold2.2", "trunk": "points code"}
    return learn(model, loss, (data.shapes(),), 24, parts=parts)


class UncertainLinear(nn.Module):
    """Each weight has a mean and a spread, and is drawn anew at each pass."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(width, given) / given**0.5)
        self.spread = nn.Parameter(torch.full((width, given), -4.0))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, given: Tensor) -> Tensor:
        spread = functional.softplus(self.spread)
        weight = self.mean + spread * torch.randn_like(self.mean)
        return functional.linear(given, weight, self.bias)

    def divergence(self) -> Tensor:
        """KL divergence from a standard normal prior."""
        spread = functional.softplus(self.spread)
        return 0.5 * (spread.square() + self.mean.square() - 1 - 2 * spread.log()).sum()


def bayes_by_backprop() -> Task:
    """A network with uncertain weights: how likely the data are, and how far from the prior."""
    model = nn.Sequential(
        UncertainLinear(1, 48),
        nn.Tanh(),
        UncertainLinear(48, 48),
        nn.Tanh(),
        UncertainLinear(48, 1),
    )

    def loss(batch: Batch) -> Tensor:
        return likelihood_and_prior(model, batch, 1 / 600)

    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0"}
    return learn(model, loss, data_rows.sparse_points(), parts=parts)


def likelihood_and_prior(model: nn.Module, batch: Batch, share: float) -> Tensor:
    """share: of the divergence that counts at each sample, 1 over the number of samples."""
    errors = (model(batch[0]).float() - batch[1]).square().mean() / (2 * 0.2**2)
    prior = sum(each.divergence() for each in model.modules() if isinstance(each, UncertainLinear))
    return errors + share * prior
