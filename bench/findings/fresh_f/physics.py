"""Networks of physics and of games."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f import data
from bench.findings.wide.data import floats
from bench.findings.wide.training import Batch, Phase, Task, learn, regress


class Energy(nn.Module):
    """One energy for a state."""

    def __init__(self, given: int = 2, width: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(given, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        self.out = nn.Linear(width, 1, bias=False)

    def forward(self, state: Tensor) -> Tensor:
        energy: Tensor = self.out(self.body(state))
        return energy


def motion_loss(model: nn.Module, batch: Batch, *, through: bool = True) -> Tensor:
    """How far the energy's gradient is from the motion; energies are to stay near 0."""
    state = batch[0].detach().requires_grad_()
    energy = model(state)
    slope = torch.autograd.grad(energy.sum(), state, create_graph=through, retain_graph=True)[0]
    change = torch.stack([slope[:, 1], -slope[:, 0]], 1)
    return functional.mse_loss(change, batch[1]) + 1e-3 * energy.square().mean()


def hamiltonian() -> Task:
    """A Hamiltonian network: how a pendulum moves follows from the slope of an energy."""
    model = Energy()

    def loss(batch: Batch) -> Tensor:
        return motion_loss(model, batch)

    parts = {"first": "body.0", "middle": "body.2", "head": "out", "trunk": "body"}
    return learn(model, loss, data.pendulum(), 64, parts=parts)


class SpectralConv(nn.Module):
    """The lowest waves of a signal, each mixed by its own complex matrix."""

    def __init__(self, width: int, waves: int = 8) -> None:
        super().__init__()
        self.waves, self.back = waves, "backward"
        spread = 1 / width
        self.weight = nn.Parameter(spread * torch.randn(waves, width, width, dtype=torch.complex64))

    def forward(self, signal: Tensor) -> Tensor:
        parts = torch.fft.rfft(signal)
        mixed = torch.zeros_like(parts)
        kept = parts[:, :, : self.waves]
        mixed[:, :, : self.waves] = torch.einsum("ncw,wcd->ndw", kept, self.weight)
        return torch.fft.irfft(mixed, signal.shape[-1], norm=self.back)


class FourierBlock(nn.Module):
    """Waves of the whole signal beside each point alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spectral, self.local = SpectralConv(width), nn.Conv1d(width, width, 1)
        self.act = nn.GELU()

    def forward(self, signal: Tensor) -> Tensor:
        out: Tensor = self.act(self.spectral(signal) + self.local(signal))
        return out


def fourier_operator() -> Task:
    """A Fourier neural operator: temperatures on a ring some time later."""
    model = nn.Sequential(
        nn.Unflatten(1, (1, 32)),
        nn.Conv1d(1, 16, 1),
        FourierBlock(16),
        FourierBlock(16),
        FourierBlock(16),
        nn.Conv1d(16, 1, 1),
        nn.Flatten(),
    )
    return regress(model, data.heat(), 32, first="1", middle="3", head="5", trunk="2 3")


def _policy(given: int, told: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(given, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, told)
    )


def td3() -> Task:
    """TD3: two critics, the smaller of whose targets counts; an actor that moves to a goal.

    States are a place and a goal; the reward is minus the distance after the move.
    """
    actor = nn.Sequential(*_policy(4, 2), nn.Tanh())
    critics = nn.ModuleList(_policy(6, 1) for _ in range(2))
    targets = copy.deepcopy(nn.ModuleList([actor, critics])).requires_grad_(False)

    def draw(_step: int) -> Batch:
        places, goals = torch.rand(64, 2) * 2 - 1, torch.rand(64, 2) * 2 - 1
        meant = actor(torch.cat([places, goals], 1)).detach()
        moves = (meant + 0.4 * torch.randn(64, 2)).clamp(-1, 1)
        after = (places + 0.5 * moves).clamp(-1.5, 1.5)
        rewards = -(after - goals).norm(dim=1, keepdim=True)
        return (torch.cat([places, goals], 1), moves, rewards, torch.cat([after, goals], 1))

    def valued(batch: Batch) -> Tensor:
        states, moves, rewards, later = batch
        with torch.no_grad():
            noise = (0.1 * torch.randn_like(moves)).clamp(-0.2, 0.2)
            following = torch.cat([later, (targets[0](later) + noise).clamp(-1, 1)], 1)
            least = torch.minimum(*(own(following) for own in targets[1]))  # type: ignore[operator]
            wanted = rewards + 0.8 * least
        own = [critic(torch.cat([states, moves], 1)).float() for critic in critics]
        return sum((functional.mse_loss(each, wanted) for each in own), torch.tensor(0.0))

    def acted(batch: Batch) -> Tensor:
        moves = actor(batch[0])
        return -critics[0](torch.cat([batch[0], moves], 1)).float().mean()

    @torch.no_grad()
    def follow(_step: int) -> None:
        live = nn.ModuleList([actor, critics])
        for own, new in zip(targets.parameters(), live.parameters(), strict=True):
            own.lerp_(new, 0.05)

    models = {"actor": actor, "critics": critics}
    parts = {"first": "critics.0.0", "middle": "actor.2", "head": "critics.0.4", "branch": "actor"}
    phases = [Phase((critics,), valued), Phase((actor,), acted)]
    return Task(models, phases, draw, parts | {"trunk": "critics"}, after_step=follow)


class BoardNet(nn.Module):
    """A board gives chances of moves and the game's end from -1 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.moves = nn.Linear(288, 9)
        self.value = nn.Sequential(nn.Linear(288, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())

    def forward(self, boards: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(boards)
        return self.moves(hidden), self.value(hidden)


def positions(samples: int = 1500) -> tuple[Tensor, Tensor, Tensor]:
    """Boards of noughts and crosses (N, 2, 3, 3), searched moves (N, 9) and ends (N, 1)."""
    random = np.random.default_rng(99)
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    boards, moves, ends = [], [], []
    for _ in range(samples):
        board = np.zeros(9)
        turns = random.integers(2, 7)
        board[random.permutation(9)[:turns]] = np.resize([1, -1], turns)
        scores = np.where(board == 0, 0.0, -9.0)
        for line in lines:
            own = board[list(line)]
            for place in (p for p in line if board[p] == 0):
                scores[place] += 3 * (own.sum() == 2) + 2 * (own.sum() == -2) + 0.3 * own.sum()
        chances = np.exp(scores - scores.max())
        boards.append(np.stack([board == 1, board == -1]).reshape(2, 3, 3))
        moves.append(chances / chances.sum())
        ends.append([np.tanh(scores.max() - 1)])
    return floats(np.array(boards)), floats(np.array(moves)), floats(np.array(ends))


def alpha_zero() -> Task:
    """AlphaZero's network: a search's moves by cross entropy, a game's end by squared error."""
    model = BoardNet()

    def loss(batch: Batch) -> Tensor:
        moves, value = model(batch[0])
        chosen = functional.cross_entropy(moves.float(), batch[1])
        return chosen + functional.mse_loss(value.float(), batch[2])

    parts = {"first": "body.0", "middle": "body.3", "head": "value.2", "branch": "moves"}
    return learn(model, loss, positions(), 48, parts=parts | {"trunk": "body"})
