"""Rows, blocks and their way to the host."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tb_activation_hist.capture.host_rows import HostRows
from tb_activation_hist.capture.rows import MORE_ROWS, RowTable
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins

CPU = torch.device("cpu")
OTHER = torch.device("cpu", 0)
"""Not equal to CPU, so a second device as far as rows are concerned."""


def make_table(rows=2, scheme=None):
    table = RowTable(scheme or FloatBits(), rows)
    table.switch("train", True)
    return table


def info(name, phase="train"):
    return LayerInfo(layer=name, phase=phase)


def test_a_layer_keeps_its_row():
    table = make_table()
    row = table.find(info("a"), CPU)
    assert table.find(LayerInfo(layer="a", shape=(3,)), CPU) is row
    assert table.infos == [info("a")]


@pytest.mark.parametrize("scheme", [FloatBits(), LinearBins(4, 0, 4)])
def test_a_layer_on_two_devices_is_one_row_of_the_record(scheme):
    table = make_table(scheme=scheme)
    for device, value in ((CPU, 1.0), (OTHER, 3.0)):
        table.find(info("a"), device).count(torch.full((5,), value))
    table.find(info("b"), OTHER).count(torch.zeros(2))
    infos, host = table.take()
    assert infos == [info("a"), info("b")]
    host.wait()
    assert host.tallies[:, 0].tolist() == [10, 2]
    assert host.moments[0].tolist() == [1, 3, 20, 50]
    slots = np.sort(scheme.slots_to_bins(np.flatnonzero(host.counts[0])))
    assert slots.tolist() == sorted(scheme.values_to_bins([1.0, 3.0]).tolist())
    assert host.counts.sum(1).tolist() == [10, 2]


def test_more_layers_get_more_blocks_and_keep_their_counts():
    table = make_table(rows=2)
    names = [f"layer{number}" for number in range(2 + MORE_ROWS + 3)]
    for count, name in enumerate(names, start=1):
        table.find(info(name), CPU).count(torch.ones(count))
    infos, host = table.take()
    assert [each.layer for each in infos] == names
    assert host.wait().tallies[:, 0].tolist() == list(range(1, len(names) + 1))


def test_taking_empties_all_rows():
    table = make_table()
    table.find(info("a"), CPU).count(torch.ones(3))
    table.take()
    _, host = table.take()
    assert host.tallies[0].tolist() == [0] * 5
    assert host.moments[0].tolist() == [np.inf, -np.inf, 0, 0]
    assert host.occupied()[1].tolist() == []


def test_phases_are_switched_apart():
    table = make_table()
    for phase in ("train", "eval"):
        table.find(info("a", phase), CPU).count(torch.ones(3))
    assert table.take()[1].tallies[:, 0].tolist() == [3, 0]
    table.switch("eval", True)
    table.find(info("a", "eval"), CPU).count(torch.ones(3))
    assert table.take()[1].tallies[:, 0].tolist() == [0, 3]


def test_selected_rows():
    table = make_table(rows=3)
    for count, name in enumerate("abc", start=1):
        table.find(info(name), CPU).count(torch.full((count,), float(count)))
    _, host = table.take()
    chosen, rest = host.select([2, 0]), host.select([1])
    assert chosen.tallies[:, 0].tolist() == [3, 1]
    assert chosen.moments[:, 0].tolist() == [3, 1]
    assert chosen.occupied()[2].tolist() == [3, 1]
    assert rest.tallies[:, 0].tolist() == [2]
    assert host.select([]).counts.shape == (0, FloatBits().slots)


def test_no_rows_at_all():
    host = HostRows((), FloatBits()).wait()
    assert (host.rows, host.tallies.shape, host.counts.shape) == (0, (0, 5), (0, 8192))


def test_one_tensor_larger_than_a_row_may_hold(monkeypatch):
    monkeypatch.setattr("tb_activation_hist.capture.rows.DRAIN_AT", 10)
    table = make_table()
    values = torch.arange(36.0).reshape(4, 9).t()
    table.find(info("a"), CPU).count(values)
    host = table.take()[1].wait()
    assert host.tallies[0].tolist() == [36, 1, 0, 0, 0]
    assert host.moments[0, :3].tolist() == [0, 35, 630]
    assert host.counts.sum() == 36
