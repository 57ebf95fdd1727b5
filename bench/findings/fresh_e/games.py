"""Networks that play, generate, or say how likely something is."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.data import pictures, spirals
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


class Poles:
    """Many carts at once, each with a pole that is to be kept upright (CartPole)."""

    def __init__(self, carts: int = 24) -> None:
        self.states = torch.empty(carts, 4).uniform_(-0.05, 0.05)

    def act(self, right: Tensor) -> tuple[Tensor, Tensor]:
        """What each state becomes, and which poles have fallen; those begin anew."""
        _place, speed, angle, turn = self.states.unbind(1)
        force = torch.where(right > 0, 10.0, -10.0)
        pushed = (force + 0.05 * turn.square() * angle.sin()) / 1.1
        inner = 0.5 * (4 / 3 - 0.1 * angle.cos().square() / 1.1)
        turned = (9.8 * angle.sin() - angle.cos() * pushed) / inner
        moved = pushed - 0.05 * turned * angle.cos() / 1.1
        changes = torch.stack([speed, moved, turn, turned], 1)
        self.states = self.states + 0.02 * changes
        fallen = (self.states[:, 2].abs() > 0.21) | (self.states[:, 0].abs() > 2.4)
        self.states[fallen] = torch.empty(int(fallen.sum()), 4).uniform_(-0.05, 0.05)
        return self.states.clone(), fallen


class Actor(nn.Module):
    """What to do, and what is to be expected."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.policy, self.value = nn.Linear(48, 2), nn.Linear(48, 1)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(states)
        return self.policy(hidden), self.value(hidden)[..., 0]


def standardised(advantages: Tensor) -> Tensor:
    return (advantages - advantages.mean()) / (advantages.std() + 1e-6)


def policy_loss(
    model: nn.Module, batch: Batch, standardise: Callable[[Tensor], Tensor] = standardised
) -> Tensor:
    """REINFORCE with a baseline. A batch: states, actions, discounted rewards."""
    states, actions, returns = batch
    logits, values = model(states)
    chosen = functional.log_softmax(logits.float(), 1).gather(1, actions[:, None])[:, 0]
    gains = standardise(returns - values.detach().float())
    return functional.mse_loss(values.float(), returns) - (chosen * gains).mean()


def reinforce() -> Task:
    """Twelve steps of 24 carts, then a step of the optimizer. A fallen pole costs 1."""
    model, poles = Actor(), Poles()

    def draw(_step: int) -> Batch:
        states, actions, ends = [], [], []
        for _ in range(12):
            states.append(poles.states.clone())
            with torch.no_grad():
                logits, _ = model(states[-1])
            actions.append(torch.distributions.Categorical(logits=logits).sample())
            ends.append(poles.act(actions[-1])[1].float())
        with torch.no_grad():
            later = model(poles.states)[1]
        returns = []
        for fallen in reversed(ends):
            later = torch.where(fallen > 0, -1.0, 0.95 * later)
            returns.append(later)
        return torch.cat(states), torch.cat(actions), torch.cat(returns[::-1])

    def loss(batch: Batch) -> Tensor:
        return policy_loss(model, batch)

    parts = {"first": "body.0", "middle": "body.2", "head": "policy", "trunk": "body"}
    return Task({"": model}, [Phase((model,), loss)], draw, parts)


class Atoms(nn.Module):
    """How likely each of 21 values is, for each of four moves (C51)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(36, 64), nn.Linear(64, 64)
        self.out = nn.Linear(64, 4 * 21)

    def forward(self, places: Tensor) -> Tensor:
        hidden = self.layer2(self.layer1(places).relu()).relu()
        return self.out(hidden).view(-1, 4, 21)


def walks(size: int = 4000) -> Batch:
    """Random steps on six by six squares to one corner: places, moves, places after, at the end."""
    generator = torch.Generator().manual_seed(80)
    places = torch.randint(0, 6, (size, 2), generator=generator)
    moves = torch.randint(0, 4, (size,), generator=generator)
    steps = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])[moves]
    after = (places + steps).clamp(0, 5)
    shown = [
        functional.one_hot(each @ torch.tensor([6, 1]), 36).float() for each in (places, after)
    ]
    return shown[0], moves, shown[1], (after == 5).all(1).float()


def value_loss(online: nn.Module, target: nn.Module, batch: Batch) -> Tensor:
    """Cross entropy to the target's values of the best move, a step later and discounted."""
    places, moves, after, ends = batch
    values = torch.linspace(0, 1, 21)
    with torch.no_grad():
        chances = target(after).float().softmax(2)
        best = chances[torch.arange(len(after)), (chances @ values).argmax(1)]
        later = ends[:, None] + 0.9 * (1 - ends[:, None]) * values
        spread = (1 - (later[:, :, None] - values).abs() * 20).clamp(0, 1)
        wanted = (best[:, :, None] * spread).sum(1)
    told = online(places)[torch.arange(len(moves)), moves].float()
    return functional.cross_entropy(told, wanted)


def categorical_dqn() -> Task:
    online = Atoms()
    target = copy.deepcopy(online).requires_grad_(False)
    draw, sample = draw_samples(walks(), 64)

    def loss(batch: Batch) -> Tensor:
        return value_loss(online, target, batch)

    def sync(step: int) -> None:
        if step % 20 == 19:
            target.load_state_dict(online.state_dict())

    parts = {"first": "online.layer1", "middle": "online.layer2", "head": "online.out"}
    parts |= {"branch": "target", "trunk": "online.layer1"}
    models = {"online": online, "target": target}
    return Task(models, [Phase((online,), loss)], draw, parts, sample=sample, after_step=sync)


def clipped_gan() -> Task:
    """Wasserstein GAN as first written: RMSprop, and a critic whose weights are clipped."""
    generator = nn.Sequential(
        nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    critic = nn.Sequential(
        nn.Linear(2, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 1),
    )
    draw_real, sample = draw_samples((spirals(),), 64)

    def draw(step: int) -> Batch:
        return torch.randn(64, 8), *draw_real(step)

    def criticise(batch: Batch) -> Tensor:
        return critic(generator(batch[0]).detach()).mean() - critic(batch[1]).mean()

    def generate(batch: Batch) -> Tensor:
        return -critic(generator(batch[0])).mean()

    def clip(_step: int) -> None:
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-0.1, 0.1)

    parts = {"first": "generator.0", "middle": "generator.2", "head": "generator.4"}
    parts |= {"branch": "critic", "trunk": "generator"}
    return Task(
        {"generator": generator, "critic": critic},
        [Phase((critic,), criticise), Phase((generator,), generate)],
        draw,
        parts,
        sample=sample,
        after_step=clip,
    )


class Glow(nn.Module):
    """Scales by the first batch, rotations and couplings; noise of two moons."""

    def __init__(self, layers: int = 5) -> None:
        super().__init__()
        self.scales = nn.ParameterList(nn.Parameter(torch.zeros(2, 2)) for _ in range(layers))
        self.turns = nn.ParameterList(
            nn.Parameter(torch.linalg.qr(torch.randn(2, 2))[0]) for _ in range(layers)
        )
        self.couplings = nn.ModuleList(
            nn.Sequential(
                nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2)
            )
            for _ in range(layers)
        )
        for coupling in self.couplings:
            nn.init.zeros_(coupling[4].weight)
            nn.init.zeros_(coupling[4].bias)

    def forward(self, points: Tensor) -> Tensor:
        """Minus the logarithm of how likely each point is."""
        gained = points.new_zeros(len(points))
        for scale, turn, coupling in zip(self.scales, self.turns, self.couplings, strict=True):
            points = (points - scale[0]) * scale[1].exp() @ turn
            factor, shift = coupling(points[:, :1]).unbind(1)
            factor = factor.tanh()
            points = torch.stack([points[:, 0], points[:, 1] * factor.exp() + shift], 1)
            gained = gained + scale[1].sum() + turn.det().abs().log() + factor
        return points.square().sum(1) / 2 + math.log(2 * math.pi) - gained


def glow() -> Task:
    model = Glow()

    def loss(batch: Batch) -> Tensor:
        return model(batch[0]).float().mean()

    parts = {"first": "couplings.0.0", "middle": "couplings.2", "head": "couplings.4.4"}
    return learn(model, loss, (spirals(),), 128, parts=parts | {"trunk": "couplings.0"})


class DigitMaker(nn.Module):
    """A variational autoencoder that knows which digit is meant."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(266, 96), nn.GELU())
        self.mean, self.spread = nn.Linear(96, 8), nn.Linear(96, 8)
        self.decoder = nn.Sequential(
            nn.Linear(18, 96), nn.GELU(), nn.Linear(96, 96), nn.GELU(), nn.Linear(96, 256)
        )

    def forward(self, images: Tensor, digits: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the pixels, and the divergence of each code."""
        digit = functional.one_hot(digits, 10).float()
        hidden = self.encoder(torch.cat([images.flatten(1), digit], 1))
        mean, spread = self.mean(hidden), self.spread(hidden)
        code = mean + (spread / 2).exp() * torch.randn_like(mean)
        far = -0.5 * (1 + spread - mean.square() - spread.exp()).sum(1)
        return self.decoder(torch.cat([code, digit], 1)), far


def digit_loss(model: nn.Module, batch: Batch, *, averaged: bool = False) -> Tensor:
    """Over all pixels, summed (or, wrongly, averaged), beside the divergence."""
    logits, far = model(*batch)
    wrong = functional.binary_cross_entropy_with_logits(
        logits.float(), batch[0].flatten(1), reduction="none"
    )
    return ((wrong.mean(1) if averaged else wrong.sum(1)) + far.float()).mean()


def digit_maker() -> Task:
    model = DigitMaker()
    images, digits = pictures(16)

    def loss(batch: Batch) -> Tensor:
        return digit_loss(model, batch)

    shown = ((images * 6 + 4.9) / 16).clamp(0, 1)
    parts = {"first": "encoder.0", "middle": "decoder.2", "head": "decoder.4"}
    return learn(model, loss, (shown, digits), 48, parts=parts | {"trunk": "encoder"})
