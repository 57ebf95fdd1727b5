"""Networks for tables, clicks and graphs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.findings.wide.data import clicks, graph, table
from bench.findings.wide.training import Batch, Phase, Task, classify, learn


def stack(sizes: list[int], act: Callable[[], nn.Module] | None) -> nn.Sequential:
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers.append(nn.Linear(inputs, outputs))
        if act is not None and place < len(sizes) - 2:
            layers.append(act())
    return nn.Sequential(*layers)


def selu_net() -> Task:
    """Self-normalising: LeCun's initialisation, SELU, alpha dropout at its end."""
    model = stack([13, 64, 64, 64, 64, 3], nn.SELU)
    for layer in model[::2]:
        nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        nn.init.zeros_(layer.bias)
    model.insert(8, nn.AlphaDropout(0.05))
    return classify(model, table("wine"), 16, embedding="0", middle="4", head="9", drop="8")


def table_mlp() -> Task:
    """ReLU and dropout on 30 columns."""
    model = nn.Sequential(
        nn.Linear(30, 64),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 2),
    )
    return classify(model, table("cancer"), embedding="0", middle="3", head="5", drop="2", relu="4")


class GatedBlock(nn.Module):
    """Norm, twice as many units, half of them gates, a shortcut: as tabular nets have it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.up = nn.BatchNorm1d(width), nn.Linear(width, width)
        self.gate, self.open = nn.Linear(width, width), nn.Sigmoid()
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm(x)
        return x + self.drop(self.up(inner) * self.open(self.gate(inner)))


def gated_table() -> Task:
    model = nn.Sequential(
        nn.Linear(30, 48), *(GatedBlock(48) for _ in range(3)), nn.LayerNorm(48), nn.Linear(48, 2)
    )
    parts = {"embedding": "0", "middle": "2", "head": "5", "gate": "2.gate", "open": "2.open"}
    return classify(model, table("cancer"), **parts, drop="3.drop")


def deep_linear() -> Task:
    """Six layers without a nonlinearity."""
    return classify(
        stack([30, 48, 48, 48, 48, 48, 2], None),
        table("cancer"),
        embedding="0",
        middle="2",
        head="5",
    )


class Spline(nn.Module):
    """A layer of a KAN: each edge is a sum of radial functions beside a SiLU."""

    def __init__(self, inputs: int, outputs: int, centres: int = 8) -> None:
        super().__init__()
        self.register_buffer("centres", torch.linspace(-2, 2, centres))
        self.norm = nn.LayerNorm(inputs)
        self.curves = nn.Parameter(torch.randn(outputs, inputs, centres) * 0.1 / inputs**0.5)
        self.base = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        bumps = torch.exp(-(((self.norm(x)[..., None] - self.centres) / 0.57) ** 2))
        return self.base(nn.functional.silu(x)) + torch.einsum("nik,oik->no", bumps, self.curves)


def kan() -> Task:
    model = nn.Sequential(Spline(13, 16), Spline(16, 16), Spline(16, 3))
    return classify(model, table("wine"), 16, embedding="0", middle="1", head="2")


class ClickNet(nn.Module):
    """DLRM: tables of embeddings, a net for numbers, products of all pairs, a net on top."""

    def __init__(self) -> None:
        super().__init__()
        self.tabs = nn.ModuleList(nn.Embedding(40, 12) for _ in range(3))
        self.bot = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 12), nn.ReLU())
        self.top = nn.Sequential(nn.Linear(18, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        dense = self.bot(numbers)
        vectors = torch.stack([dense, *(tab(ids[:, i]) for i, tab in enumerate(self.tabs))], 1)
        first, second = torch.triu_indices(4, 4, 1)
        products = (vectors @ vectors.mT)[:, first, second]
        return self.top(torch.cat([dense, products], 1))[:, 0]


def dlrm() -> Task:
    return _click_task(
        ClickNet(),
        {
            "embedding": "tabs",
            "middle": "top.0",
            "head": "top.2",
            "branch": "tabs",
            "trunk": "tabs",
        },
    )


class Taste(nn.Module):
    """Neural collaborative filtering: an MLP beside products, on embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(40, 16), nn.Embedding(40, 16)
        self.user_deep, self.item_deep = nn.Embedding(40, 16), nn.Embedding(40, 16)
        self.deep = nn.Sequential(nn.Linear(38, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.head = nn.Linear(32, 1)

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        users, items = ids[:, 0], ids[:, 1]
        pair = torch.cat([self.user_deep(users), self.item_deep(items), numbers], 1)
        product = self.user(users) * self.item(items)
        return self.head(torch.cat([product, self.deep(pair)], 1))[:, 0]


def taste() -> Task:
    return _click_task(
        Taste(), {"embedding": "user_deep", "middle": "deep.2", "tower": "deep", "head": "head"}
    )


class Experts(nn.Module):
    """Four experts, mixed by a router."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.router, self.share = nn.Linear(width, 4), nn.Softmax(-1)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
            for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        shares = self.share(self.router(x))
        return x + sum(shares[:, i, None] * own(x) for i, own in enumerate(self.experts))


def experts() -> Task:
    model = nn.Sequential(
        nn.Linear(13, 32),
        Experts(32),
        nn.LayerNorm(32),
        Experts(32),
        nn.LayerNorm(32),
        nn.Linear(32, 3),
    )
    parts = {"embedding": "0", "middle": "3.experts.0", "head": "5", "scores": "1.router"}
    return classify(model, table("wine"), 16, **parts, softmax="1.share", gate="1.router")


def _click_task(model: nn.Module, parts: dict[str, str]) -> Task:
    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], batch[1])
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), batch[2])

    data = clicks()
    return learn(model, loss, data, 128, parts=parts, classes=data[2].long())


class GraphConv(nn.Module):
    """Each node takes the mean over its neighbours; `links` are set by the net."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.lin = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        return links @ self.lin(x)


class GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.act1, self.drop = GraphConv(16, 32), nn.ReLU(), nn.Dropout(0.3)
        self.conv2, self.act2 = GraphConv(32, 32), nn.ReLU()
        self.conv3 = GraphConv(32, 4)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        x = self.drop(self.act1(self.conv1(x, links)))
        return self.conv3(self.act2(self.conv2(x, links)), links)


class GraphAttention(nn.Module):
    """One head of attention over neighbours."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.lin, self.act = nn.Linear(inputs, outputs, bias=False), nn.LeakyReLU(0.2)
        self.source, self.target = nn.Linear(outputs, 1), nn.Linear(outputs, 1)
        self.softmax = nn.Softmax(-1)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        x = self.lin(x)
        scores = self.act(self.source(x) + self.target(x).mT)
        return self.softmax(scores.masked_fill(links == 0, -1e9)) @ x


class AttentionGraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.act1 = GraphAttention(16, 32), nn.ELU()
        self.conv2, self.act2 = GraphAttention(32, 32), nn.ELU()
        self.head = nn.Linear(32, 4)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        return self.head(self.act2(self.conv2(self.act1(self.conv1(x, links)), links)))


def gcn() -> Task:
    return _graph_task(GraphNet(), {"embedding": "conv1", "middle": "conv2", "head": "conv3"})


def gat() -> Task:
    return _graph_task(
        AttentionGraphNet(),
        {"embedding": "conv1.lin", "middle": "conv2", "head": "head", "scores": "conv2.source"},
    )


def _graph_task(model: nn.Module, parts: dict[str, str]) -> Task:
    """The whole graph at every step; a third of the nodes has labels."""
    features, links, groups = graph()
    known = torch.arange(len(groups)) % 3 == 0

    def loss(batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(model(batch[0], links).float()[known], batch[1][known])

    return Task({"": model}, [Phase((model,), loss)], lambda _: (features, groups), parts)
