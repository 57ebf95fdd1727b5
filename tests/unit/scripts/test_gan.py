"""A GAN: two networks, two optimizers in turn; two loggers in two directories, or one logger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded


def make_networks() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))
    discriminator = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    return generator, discriminator


def test_two_loggers_keep_the_networks_apart(tmp_path: Path) -> None:
    """The discriminator runs three times a step, and the generator's backward goes through it."""
    names = ("generator", "discriminator")
    networks = dict(zip(names, make_networks(), strict=True))
    optimizers = {n: torch.optim.Adam(networks[n].parameters(), 2e-3) for n in names}
    witnesses = {n: Witness(networks[n], EVERY_KIND, [optimizers[n]]) for n in names}
    loggers = {
        n: ActivationHistLogger(networks[n], tmp_path / n, kinds=EVERY_KIND, on_error="raise")
        for n in names
    }
    generator, discriminator = (networks[n] for n in names)
    loss_fn = nn.BCEWithLogitsLoss()
    real, fake = torch.ones(6, 1), torch.zeros(6, 1)
    for _ in range(4):
        made = generator(torch.randn(6, 3))
        optimizers["discriminator"].zero_grad()
        on_real = loss_fn(discriminator(torch.randn(6, 4)), real)
        (on_real + loss_fn(discriminator(made.detach()), fake)).backward()
        optimizers["discriminator"].step()
        optimizers["generator"].zero_grad()
        loss_fn(discriminator(made), real).backward()
        optimizers["generator"].step()
        for name in names:
            witnesses[name].end_step()
            loggers[name].step()
    for logger in loggers.values():
        logger.close()
    runs = read_histograms(tmp_path)
    assert sorted(runs) == sorted(names)
    for name in names:
        assert_recorded(runs[name], witnesses[name].seen)
    assert runs["discriminator"]["0"].n.tolist() == [3 * 6 * 8] * 4
    assert runs["generator"]["0"].n.tolist() == [6 * 8] * 4


@pytest.mark.parametrize("ends", ["step()", "optimizer="])
def test_one_logger_records_both_networks_by_name(ends: str) -> None:
    networks = dict(zip("GD", make_networks(), strict=True))
    optimizers = {n: torch.optim.Adam(each.parameters(), 2e-3) for n, each in networks.items()}
    layers = {f"{n}.{name}": leaf for n in networks for name, leaf in networks[n].named_children()}
    witness, writer = Witness(layers, EVERY_KIND, optimizers.values()), MemoryWriter()
    given = [optimizers["D"], optimizers["G"]] if ends == "optimizer=" else None
    options: dict[str, Any] = {"kinds": EVERY_KIND, "optimizer": given, "on_error": "raise"}
    with ActivationHistLogger(networks, writer, **options) as hist:
        for _ in range(4):
            made = networks["G"](torch.randn(6, 3))
            optimizers["D"].zero_grad()
            (networks["D"](torch.randn(6, 4)) - networks["D"](made.detach())).sum().backward()
            optimizers["D"].step()
            optimizers["G"].zero_grad()
            networks["D"](made).sum().backward()
            optimizers["G"].step()
            witness.end_step()
            if given is None:
                hist.step()
        assert hist.steps == 4
    assert_recorded(writer.histograms, witness.seen)
    assert writer.histograms["D.0"].n.tolist() == [3 * 6 * 8] * 4
