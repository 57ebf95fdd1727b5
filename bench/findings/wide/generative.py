"""Networks that make data: VAEs, GANs, diffusion, couplings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.wide.data import pictures, spirals
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn

LATENT = 8


class Vae(nn.Module):
    """Encoder with a mean and a log variance, decoder to pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(
            nn.Flatten(), nn.Linear(256, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU()
        )
        self.mu, self.logvar = nn.Linear(48, LATENT), nn.Linear(48, LATENT)
        self.dec = nn.Sequential(nn.Linear(LATENT, 96), nn.ReLU(), nn.Linear(96, 256))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.enc(x)
        mu, logvar = self.mu(hidden), self.logvar(hidden)
        latent = mu + torch.randn_like(mu) * (logvar / 2).exp()
        return self.dec(latent), mu, logvar


class ConvVae(Vae):
    """The same with convolutions and a learned prior of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 12, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(12, 16, 3, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(256, 48),
            nn.SiLU(),
        )
        self.dec = nn.Sequential(
            nn.Linear(LATENT, 128), nn.SiLU(), nn.Unflatten(1, (8, 4, 4)),
            nn.ConvTranspose2d(8, 12, 2, 2), nn.SiLU(),
            nn.ConvTranspose2d(12, 1, 2, 2), nn.Flatten(),
        )  # fmt: skip


def vae(model: nn.Module | None = None) -> Task:
    """Pixels from 0 to 1. The weight of the KL term is `kl_weight` of the model."""
    own = Vae() if model is None else model
    own.kl_weight = 0.2
    images, _ = pictures()
    pixels = ((images * 6 + 4.9) / 16).clamp(0, 1)

    def loss(batch: Batch) -> Tensor:
        logits, mu, logvar = own(batch[0])
        rebuilt = nn.functional.binary_cross_entropy_with_logits(
            logits.float(), batch[0].flatten(1), reduction="none"
        ).sum(1)
        divergence = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)
        return (rebuilt + own.kl_weight * divergence).mean() / 256

    parts = {"latent": "mu", "middle": "dec.0", "embedding": "enc", "tower": "enc", "head": "dec"}
    return learn(own, loss, (pixels,), parts=parts)


def conv_vae() -> Task:
    task = vae(ConvVae())
    task.parts["head"] = "dec.5"
    return task


def gan() -> Task:
    """Two MLPs, the loss that does not saturate."""
    generator = nn.Sequential(
        nn.Linear(16, 64),
        nn.LeakyReLU(0.2),
        nn.Linear(64, 96),
        nn.LeakyReLU(0.2),
        nn.Linear(96, 64),
        nn.Tanh(),
    )
    critic = nn.Sequential(
        nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1)
    )
    images, _ = pictures(8)
    data = ((images * 6 + 4.9) / 8 - 1).flatten(1)

    def critic_loss(batch: Batch) -> Tensor:
        real, fake = critic(batch[0]), critic(generator(batch[1]).detach())
        softplus = nn.functional.softplus
        return (softplus(-real) + softplus(fake)).mean()

    def generator_loss(batch: Batch) -> Tensor:
        return nn.functional.softplus(-critic(generator(batch[1]))).mean()

    return _adversaries(generator, critic, data, critic_loss, generator_loss)


def dcgan() -> Task:
    """Convolutions, batch norm in the generator, spectral norm in the critic, hinge loss."""
    spectral = nn.utils.parametrizations.spectral_norm
    generator = nn.Sequential(
        nn.Linear(16, 24 * 4), nn.Unflatten(1, (24, 2, 2)),
        nn.ConvTranspose2d(24, 16, 2, 2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 2, 2), nn.Tanh(), nn.Flatten(),
    )  # fmt: skip
    critic = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), spectral(nn.Conv2d(1, 12, 3, 2, 1)), nn.LeakyReLU(0.2),
        spectral(nn.Conv2d(12, 24, 3, 2, 1)), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(96, 1),
    )  # fmt: skip
    images, _ = pictures(8)
    data = ((images * 6 + 4.9) / 8 - 1).flatten(1)

    def critic_loss(batch: Batch) -> Tensor:
        real, fake = critic(batch[0]), critic(generator(batch[1]).detach())
        return ((1 - real).relu() + (1 + fake).relu()).mean()

    def generator_loss(batch: Batch) -> Tensor:
        return -critic(generator(batch[1])).mean()

    return _adversaries(generator, critic, data, critic_loss, generator_loss)


def _adversaries(generator: nn.Module, critic: nn.Module, data: Tensor, *losses: object) -> Task:
    own, _ = draw_samples((data,))
    noise = torch.Generator().manual_seed(1)

    def draw(step: int) -> Batch:
        real = own(step)[0]
        return real, torch.randn(len(real), 16, generator=noise)

    phases = [Phase((critic,), losses[0]), Phase((generator,), losses[1])]  # type: ignore[arg-type]
    parts = {"critic": "D", "head": "G.4", "tower": "G", "middle": "G.2"}
    return Task({"G": generator, "D": critic}, phases, draw, parts)


class Denoiser(nn.Module):
    """Noise of a picture at a time: convolutions, each with a shift from the time's embedding."""

    def __init__(self, width: int = 20) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, width))
        self.enter = nn.Conv2d(1, width, 3, 1, 1)
        self.norms = nn.ModuleList(nn.GroupNorm(4, width) for _ in range(3))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(3))
        self.act = nn.SiLU()
        self.leave = nn.Conv2d(width, 1, 3, 1, 1)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        angles = times[:, None] * 2.0 ** torch.arange(8)
        shift = self.time(torch.cat([angles.sin(), angles.cos()], 1))[:, :, None, None]
        x = self.enter(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = x + conv(self.act(norm(x) + shift))
        return self.leave(x)


def diffusion() -> Task:
    model, (images, _) = Denoiser(), pictures(8)
    noise = torch.Generator().manual_seed(1)

    def loss(batch: Batch) -> Tensor:
        times = torch.rand(len(batch[0]), generator=noise)
        wanted = torch.randn(batch[0].shape, generator=noise)
        kept = (times * 1.57).cos()[:, None, None, None]
        noisy = kept * batch[0] + (1 - kept**2).sqrt() * wanted
        return nn.functional.mse_loss(model(noisy, times).float(), wanted)

    parts = {
        "tower": "time",
        "branch": "time",
        "middle": "convs.1",
        "head": "leave",
        "embedding": "enter",
    }
    return learn(model, loss, (images,), parts=parts)


class Coupling(nn.Module):
    """One half of the numbers scales and shifts the other half."""

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.turned = turned
        self.net = nn.Sequential(
            nn.Linear(1, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fixed, moved = (x[:, 1:], x[:, :1]) if self.turned else (x[:, :1], x[:, 1:])
        scale, shift = self.net(fixed).chunk(2, 1)
        scale = scale.tanh()
        moved = moved * scale.exp() + shift
        pair = (moved, fixed) if self.turned else (fixed, moved)
        return torch.cat(pair, 1), scale.sum(1)


class RealNvp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(bool(i % 2)) for i in range(6))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros(len(x))
        for coupling in self.couplings:
            x, change = coupling(x)
            total = total + change
        return x, total


def realnvp() -> Task:
    model = RealNvp()

    def loss(batch: Batch) -> Tensor:
        latent, change = model(batch[0])
        return (0.5 * latent.float().square().sum(1) - change).mean()

    parts = {"middle": "couplings.2", "branch": "couplings.3.net"}
    return learn(model, loss, (spirals(),), 64, parts=parts)
