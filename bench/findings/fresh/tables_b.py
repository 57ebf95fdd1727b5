"""Networks for tables, clicks and graphs of the second half, and two that act and imagine."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import diabetes
from bench.findings.wide.data import clicks, graph, pictures, spirals, table
from bench.findings.wide.training import Batch, Phase, Task, classify, draw_samples, learn


class Highway(nn.Module):
    """A gate says how much of its input a layer passes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own, self.carry = nn.Linear(width, width), nn.Linear(width, width)
        self.act, self.sigmoid = nn.Softplus(), nn.Sigmoid()
        nn.init.constant_(self.carry.bias, -1.0)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.sigmoid(self.carry(x))
        return gate * self.act(self.own(x)) + (1 - gate) * x


def highway() -> Task:
    model = nn.Sequential(
        nn.Linear(30, 24), nn.Tanh(), *(Highway(24) for _ in range(5)), nn.Linear(24, 2)
    )
    parts = {"embedding": "0", "middle": "4", "head": "7", "trunk": "0 2", "gate": "4.carry"}
    return classify(model, table("cancer"), 32, **parts)


class Equilibrium(nn.Module):
    """A state that a layer leaves as it is, found by repetition; gradient through the last."""

    def __init__(self) -> None:
        super().__init__()
        self.lift, self.inner = nn.Linear(13, 32), nn.Linear(32, 32)
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 3)

    def cell(self, state: Tensor, given: Tensor) -> Tensor:
        return self.norm(torch.tanh(0.7 * self.inner(state) + given))

    def forward(self, x: Tensor) -> Tensor:
        given = self.lift(x)
        state = torch.zeros_like(given)
        with torch.no_grad():
            for _ in range(8):
                state = self.cell(state, given)
        for _ in range(2):
            state = self.cell(state, given)
        return self.head(state)


def equilibrium() -> Task:
    parts = {"embedding": "lift", "middle": "inner", "head": "head", "trunk": "lift"}
    return classify(Equilibrium(), table("wine"), 24, **parts)


class FactorMachine(nn.Module):
    """Products of embeddings, a linear part and a deep one, as for adverts."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(40, 8) for _ in range(3))
        self.single = nn.ModuleList(nn.Embedding(40, 1) for _ in range(3))
        self.linear = nn.Linear(6, 1)
        self.deep = nn.Sequential(
            nn.Linear(30, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 16), nn.ReLU(),
            nn.Linear(16, 1),
        )  # fmt: skip
        for each in self.tables:
            nn.init.normal_(each.weight, std=0.1)  # type: ignore[arg-type]

    def forward(self, numbers: Tensor, ids: Tensor) -> Tensor:
        found = torch.stack([own(ids[:, place]) for place, own in enumerate(self.tables)], 1)
        pairs = (found.sum(1).square() - found.square().sum(1)).sum(1, keepdim=True) / 2
        single = torch.stack([own(ids[:, place]) for place, own in enumerate(self.single)]).sum(0)
        deep = self.deep(torch.cat([numbers, found.flatten(1)], 1))
        return (pairs + single + self.linear(numbers) + deep)[:, 0]


def factor_machine() -> Task:
    model = FactorMachine()

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], batch[1])
        return nn.functional.binary_cross_entropy_with_logits(logits, batch[2])

    parts = {"embedding": "tables", "middle": "deep.0", "head": "deep.5", "drop": "deep.2"}
    return learn(model, loss, clicks(), 64, parts=parts | {"trunk": "tables", "branch": "linear"})


class Sage(nn.Module):
    """Own features beside the mean of the neighbours'."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(32, 24), nn.Linear(48, 24)])
        self.act = nn.ELU()

    def forward(self, links: Tensor, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = self.act(layer(torch.cat([x, links @ x], 1)))
        return x


def link_prediction() -> Task:
    """Which nodes are joined, from what two graph layers make of them."""
    model = Sage()
    features, links, _ = graph()
    joined = (links > 0).float()

    def loss(batch: Batch) -> Tensor:
        points = model(links, batch[0])
        logits = points @ points.T - 1
        weight = 1 + 6 * joined
        return nn.functional.binary_cross_entropy_with_logits(logits, joined, weight)

    parts = {"embedding": "layers.0", "middle": "layers.1", "head": "layers.1"}
    return Task({"": model}, [Phase((model,), loss)], lambda _: (features,), parts)


class HyperNet(nn.Module):
    """One network writes the weights of another from the column that is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = nn.Embedding(5, 12)
        self.write = nn.Sequential(nn.Linear(12, 32), nn.SiLU(), nn.Linear(32, 9 * 6 + 6))

    def forward(self, x: Tensor, column: Tensor) -> Tensor:
        made = self.write(self.ask(column))
        inner = torch.einsum("bi,bij->bj", x, made[:, :54].view(-1, 9, 6)).tanh()
        return (inner * made[:, 54:]).sum(1)


def hyper_network() -> Task:
    """Any of five columns from the others."""
    model = HyperNet()

    def loss(batch: Batch) -> Tensor:
        column = torch.randint(0, 5, (len(batch[0]),))
        keep = torch.arange(10) != column[:, None] + 5
        rest = batch[0][keep].view(-1, 9)
        goal = batch[0].gather(1, column[:, None] + 5)[:, 0]
        return (model(rest, column) - goal).square().mean()

    parts = {"embedding": "ask", "middle": "write.0", "head": "write.2", "trunk": "ask"}
    return learn(model, loss, diabetes()[:1], 48, parts=parts)


def quantiles() -> Task:
    """Five quantiles by the pinball loss, through weight-normed layers."""
    norm = nn.utils.parametrizations.weight_norm
    model = nn.Sequential(
        norm(nn.Linear(10, 48)), nn.Hardswish(), norm(nn.Linear(48, 48)), nn.Hardswish(),
        norm(nn.Linear(48, 5)),
    )  # fmt: skip
    shares = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])

    def loss(batch: Batch) -> Tensor:
        gap = batch[1] - model(batch[0])
        return torch.maximum(shares * gap, (shares - 1) * gap).mean()

    parts = {"embedding": "0", "middle": "2", "head": "4", "trunk": "0"}
    return learn(model, loss, diabetes(), 32, parts=parts)


def flow_matching() -> Task:
    """The velocity that carries noise to two moons."""
    model = nn.Sequential(
        nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(),
        nn.Linear(64, 2),
    )  # fmt: skip

    def loss(batch: Batch) -> Tensor:
        start, time = torch.randn_like(batch[0]), torch.rand(len(batch[0]), 1)
        place = (1 - time) * start + time * batch[0]
        guess = model(torch.cat([place, time], 1))
        return (guess - (batch[0] - start)).square().mean()

    parts = {"embedding": "0", "middle": "2", "head": "6", "trunk": "0 2"}
    return learn(model, loss, (spirals(),), 128, parts=parts)


class Walkers:
    """Thirty-two points on a plane that are pushed towards the middle."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(7)
        self.place = torch.randn(32, 2, generator=self.generator)

    def push(self, force: Tensor) -> tuple[Tensor, Tensor]:
        """The places before, and what was won."""
        before = self.place
        noise = 0.05 * torch.randn(32, 2, generator=self.generator)
        self.place = (before + 0.3 * force + noise).clamp(-3, 3)
        won = -0.2 * self.place.square().sum(1)
        anew = torch.rand(32, 1, generator=self.generator) < 0.1
        self.place = torch.where(anew, torch.randn(32, 2, generator=self.generator), self.place)
        return before, won


def deterministic_policy() -> Task:
    """DDPG: an actor climbs what a critic thinks; the critic learns from a memory."""
    actor = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2), nn.Tanh())
    critic = nn.Sequential(
        nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)
    )
    walkers, memory = Walkers(), []

    def draw(_: int) -> Batch:
        with torch.no_grad():
            for _turn in range(2):
                force = (actor(walkers.place) + 0.3 * torch.randn(32, 2)).clamp(-1, 1)
                before, won = walkers.push(force)
                memory.append((before, force, won[:, None], walkers.place))
            rows = torch.randint(0, len(memory), (4,))
        return tuple(torch.cat(each) for each in zip(*(memory[int(r)] for r in rows), strict=True))

    def critic_loss(batch: Batch) -> Tensor:
        places, forces, won, after = batch
        with torch.no_grad():
            goal = won + 0.8 * critic(torch.cat([after, actor(after)], 1))
        return (critic(torch.cat([places, forces], 1)) - goal).square().mean()

    def actor_loss(batch: Batch) -> Tensor:
        return -critic(torch.cat([batch[0], actor(batch[0])], 1)).mean()

    phases = [Phase((critic,), critic_loss), Phase((actor,), actor_loss)]
    parts = {"embedding": "actor.0", "middle": "critic.2", "head": "critic.4", "trunk": "actor.0"}
    return Task({"actor": actor, "critic": critic}, phases, draw, parts)


def prototypes() -> Task:
    """Few shots: each class is the mean of five of its samples."""
    model = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.CELU(), nn.Linear(64, 32))
    images, labels = pictures(8)

    def loss(batch: Batch) -> Tensor:
        points = model(batch[0].flatten(1))
        five = torch.stack([points[batch[1] == each][:3].mean(0) for each in range(10)])
        return nn.functional.cross_entropy(-torch.cdist(points, five).square() / 8, batch[1])

    draw, sample = draw_samples((images, labels), 128)
    parts = {"embedding": "0", "middle": "1", "head": "3", "trunk": "0 1"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts, labels, sample)
