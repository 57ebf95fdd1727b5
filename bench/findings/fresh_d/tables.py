"""Networks for series, tables, graphs and equations."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_d import data
from bench.findings.wide.training import Batch, Phase, Task, learn


class TimePatches(nn.Module):
    """transformers' PatchTST, with its mean and spread of the window."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import PatchTSTConfig, PatchTSTForPrediction

        config = PatchTSTConfig(
            num_input_channels=1,
            context_length=32,
            prediction_length=8,
            patch_length=8,
            patch_stride=4,
            d_model=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            ffn_dim=64,
            scaling=None,
            loss="mse",
        )
        self.net = PatchTSTForPrediction(config)

    def forward(self, past: Tensor) -> Tensor:
        return self.net(past_values=past).prediction_outputs


def patch_tst() -> Task:
    model = TimePatches()

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(batch[0]).float(), batch[1])

    encoder = "net.model.encoder"
    parts = {"embedding": f"{encoder}.embedder", "middle": f"{encoder}.layers.1"}
    parts |= {"head": "net.head.projection", "trunk": f"{encoder}.embedder {encoder}.layers.0"}
    return learn(model, loss, data.loads(), 24, parts=parts)


class DeepAr(nn.Module):
    """An LSTM says mean and spread of the next hour."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 32, 2, batch_first=True, dropout=0.1)
        self.mean, self.spread = nn.Linear(32, 1), nn.Linear(32, 1)

    def forward(self, past: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.lstm(past)[0]
        return self.mean(hidden), functional.softplus(self.spread(hidden).float()) + 1e-3


def deep_ar() -> Task:
    model = DeepAr()

    def loss(batch: Batch) -> Tensor:
        whole = torch.cat(batch, 1)
        mean, spread = model(whole[:, :-1])
        wanted = whole[:, 1:]
        return (spread.log() + 0.5 * ((wanted - mean.float()) / spread) ** 2).mean()

    parts = {"first": "lstm", "recurrent": "lstm", "middle": "lstm", "head": "mean"}
    return learn(model, loss, data.loads(), 24, parts=parts)


class TwoTower(nn.Module):
    """A vector for who buys and one for what is bought, each behind an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.things = nn.Embedding(400, 32), nn.Embedding(600, 32)
        for own in (self.users, self.things):
            nn.init.normal_(own.weight, std=0.1)
        self.user_net = nn.Sequential(nn.Linear(32, 48), nn.ReLU(), nn.Linear(48, 24))
        self.thing_net = nn.Sequential(nn.Linear(32, 48), nn.ReLU(), nn.Linear(48, 24))

    def forward(self, users: Tensor, things: Tensor) -> Tensor:
        left = functional.normalize(self.user_net(self.users(users)).float(), dim=1)
        right = functional.normalize(self.thing_net(self.things(things)).float(), dim=1)
        return left @ right.T / 0.1


def two_tower() -> Task:
    model = TwoTower()

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], batch[1])
        return functional.cross_entropy(logits, torch.arange(len(logits)))

    parts = {"embedding": "things", "first": "users", "middle": "user_net.0"}
    parts |= {"head": "thing_net.2", "trunk": "users user_net"}
    return learn(model, loss, data.purchases(), 128, parts=parts)


def deep_survival() -> Task:
    """Cox's partial likelihood of who had the event first."""
    model = nn.Sequential(
        nn.Linear(10, 48), nn.SELU(), nn.Dropout(0.1), nn.Linear(48, 24), nn.SELU(),
        nn.Linear(24, 1, bias=False),
    )  # fmt: skip

    def loss(batch: Batch) -> Tensor:
        order = batch[1].argsort(descending=True)
        risk, event = model(batch[0])[:, 0].float()[order], batch[2][order]
        return -((risk - risk.logcumsumexp(0)) * event).sum() / event.sum()

    parts = {"first": "0", "middle": "3", "head": "5", "dropout": "2"}
    return learn(model, loss, data.patients(), 64, parts=parts)


def poisson_demand() -> Task:
    """Counts by their log rate."""
    model = nn.Sequential()
    model.add_module(
        "body", nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
    )
    model.add_module("head", nn.Linear(32, 1))

    def loss(batch: Batch) -> Tensor:
        return functional.poisson_nll_loss(model(batch[0]).float(), batch[1])

    parts = {"first": "body.0", "middle": "body.2", "relu": "body.3", "head": "head"}
    return learn(model, loss, data.demand(), 48, parts=parts)


class ManyExperts(nn.Module):
    """MMoE: three tasks mix the same four experts, each in its own way."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
            for _ in range(4)
        )
        self.gates = nn.ModuleList(nn.Linear(16, 4) for _ in range(3))
        self.heads = nn.ModuleList(nn.Linear(16, 1) for _ in range(3))

    def forward(self, given: Tensor) -> Tensor:
        known = torch.stack([own(given) for own in self.experts], 1)
        said = [
            head((gate(given).softmax(1)[..., None] * known).sum(1))
            for gate, head in zip(self.gates, self.heads, strict=True)
        ]
        return torch.cat(said, 1)


def many_experts() -> Task:
    model = ManyExperts()

    def loss(batch: Batch) -> Tensor:
        said = model(batch[0]).float()
        chosen = functional.binary_cross_entropy_with_logits(said[:, :2], batch[1][:, :2])
        return chosen + functional.mse_loss(said[:, 2], batch[1][:, 2])

    parts = {"first": "experts.0.0", "middle": "experts.1", "head": "heads.2"}
    parts |= {"trunk": "experts", "branch": "experts.2"}
    return learn(model, loss, data.visitors(), 48, parts=parts)


class GraphAttention(nn.Module):
    """GATv2: what a pair of nodes is worth to each other goes through a layer of its own."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.source, self.target = nn.Linear(given, width), nn.Linear(given, width)
        self.score = nn.Linear(width, 1)

    def forward(self, nodes: Tensor, links: Tensor) -> Tensor:
        source, target = self.source(nodes), self.target(nodes)
        pairs = functional.leaky_relu(source[:, None] + target[:, :, None], 0.2)
        scores = self.score(pairs)[..., 0].float().masked_fill(links == 0, float("-inf"))
        return functional.elu(scores.softmax(2).to(source.dtype) @ source)


class GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer1, self.layer2 = GraphAttention(6, 32), GraphAttention(32, 32)
        self.norm = nn.LayerNorm(32)
        self.fc = nn.Linear(32, 3)

    def forward(self, nodes: Tensor, links: Tensor) -> Tensor:
        hidden = self.layer2(self.norm(self.layer1(nodes, links)), links)
        return self.fc(hidden.mean(1))


def graph_attention() -> Task:
    model = GraphNet()

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0], batch[1]).float(), batch[2])

    parts = {"first": "layer1.source", "middle": "layer2", "head": "fc", "trunk": "layer1"}
    return learn(model, loss, data.circuits(), 32, parts=parts, classes=data.circuits()[2])


class Oscillator(nn.Module):
    """A damped oscillation between 0 and 1 as a network of the time and a learnt damping."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
        )
        self.damping = nn.Parameter(torch.zeros(1))

    def forward(self, time: Tensor) -> Tensor:
        return self.net(time)


def oscillator() -> Task:
    """Few measurements, and the equation everywhere."""
    model = Oscillator()
    random = torch.Generator().manual_seed(11)
    known = torch.linspace(0, 1, 12)[:, None]
    seen = (-2 * known).exp() * (8 * known).cos()

    def draw(_: int) -> Batch:
        return (torch.rand(48, 1, generator=random),)

    def loss(batch: Batch) -> Tensor:
        time = batch[0].clone().requires_grad_(True)
        place = model(time).float()
        (speed,) = torch.autograd.grad(place.sum(), time, create_graph=True)
        (pull,) = torch.autograd.grad(speed.sum(), time, create_graph=True)
        equation = (pull + 2 * model.damping * speed + 68 * place) / 68
        return functional.mse_loss(model(known).float(), seen) + 0.05 * equation.pow(2).mean()

    parts = {"first": "net.0", "middle": "net.2", "head": "net.4"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts)
