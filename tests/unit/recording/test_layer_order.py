"""Layers have one order, wherever a recording is kept and whoever lists it."""

from __future__ import annotations

import torch
from torch import nn

from tb_activation_hist.core.names import KINDS, PHASES, LayerInfo
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.tensorboard_summaries import group_layers


def record(target):
    """All kinds in training, activations in evaluation."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    with ActivationHistLogger(
        model,
        target,
        kinds=KINDS,
        phases=PHASES,
        optimizer=optimizer,
        on_error="raise",
    ) as logger:
        for _ in range(3):
            model(torch.randn(5, 3)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            model.eval()(torch.randn(5, 3))
            model.train()
    return logger


def parts_of(keys):
    """The phase or kind of each key, each time that it changes; "" for activations in training."""
    parts = [first if (first := key.split("/")[0]) in (*KINDS, *PHASES) else "" for key in keys]
    return [part for part, before in zip(parts, [None, *parts], strict=False) if part != before]


def test_memory_and_disk_have_the_same_order(tmp_path):
    memory = MemoryWriter()
    record(memory)
    memory.close()
    record(tmp_path)
    stored = list(read_histograms(tmp_path)["."])
    assert list(memory.histograms) == stored
    assert list(memory.infos) == stored
    assert parts_of(stored) == ["", *KINDS[1:], "eval"]


def test_charts_have_the_order_of_the_keys():
    infos = [
        LayerInfo(layer, kind, phase, order)
        for phase in ("eval", "train")
        for kind in sorted(KINDS)
        for order, layer in enumerate(("b", "a"))
    ]
    groups = group_layers(infos)
    assert list(groups) == [
        f"{phase}{kind}model"
        for phase in ("", "eval/")
        for kind in ("", *(f"{kind}/" for kind in KINDS[1:]))
    ]
    assert [info.layer for info in groups["updates/model"]] == ["b", "a"]


def test_kinds_and_phases_of_a_newer_version_come_last():
    infos = [
        LayerInfo("a", "jacobians"),
        LayerInfo("a", "updates"),
        LayerInfo("a", phase="test"),
        LayerInfo("a", "updates", "eval"),
        LayerInfo("a", "curvatures"),
    ]
    ordered = sorted(infos, key=lambda info: info.sort_key)
    assert [info.tag for info in ordered] == [
        "updates/a",
        "curvatures/a",
        "jacobians/a",
        "eval/updates/a",
        "test/activations/a",
    ]
