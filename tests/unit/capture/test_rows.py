"""Rows, segments and their way to the host."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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
    assert table.take()[0] == [info("a")]


@pytest.mark.parametrize("scheme", [FloatBits(), LinearBins(4, 0, 4)])
def test_a_layer_on_two_devices_is_one_row_of_the_record(scheme):
    table = make_table(scheme=scheme)
    for device, value in ((CPU, 1.0), (OTHER, 3.0)):
        table.find(info("a"), device).count(torch.full((5,), value))
    table.find(info("b"), OTHER).count(torch.zeros(2))
    infos, pending = table.take()
    assert infos == [info("a"), info("b")]
    counts = pending.wait()
    assert counts.n.tolist() == [10, 2]
    assert counts.moments[0].tolist() == [1, 3, 20, 50]
    bins, found = counts.bins_of(0)
    assert bins.tolist() == scheme.values_to_bins([1.0, 3.0]).tolist()
    assert found.tolist() == [5, 5]


def test_more_layers_get_more_segments_and_keep_their_counts():
    table = make_table(rows=2)
    names = [f"layer{number}" for number in range(2 + MORE_ROWS + 3)]
    for count, name in enumerate(names, start=1):
        table.find(info(name), CPU).count(torch.ones(count))
    infos, pending = table.take()
    assert [each.layer for each in infos] == names
    assert pending.wait().n.tolist() == list(range(1, len(names) + 1))


def test_taking_empties_all_rows():
    table = make_table()
    table.find(info("a"), CPU).count(torch.ones(3))
    table.take()
    counts = table.take()[1].wait()
    assert counts.tallies[0].tolist() == [0] * 5
    assert counts.moments[0].tolist() == [np.inf, -np.inf, 0, 0]
    assert counts.bins.tolist() == []


def test_phases_are_switched_apart():
    table = make_table()
    for phase in ("train", "eval"):
        table.find(info("a", phase), CPU).count(torch.ones(3))
    assert table.take()[1].wait().n.tolist() == [3, 0]
    table.switch("eval", True)
    table.find(info("a", "eval"), CPU).count(torch.ones(3))
    assert table.take()[1].wait().n.tolist() == [0, 3]


def test_selected_rows():
    table = make_table(rows=3)
    for count, name in enumerate("abc", start=1):
        table.find(info(name), CPU).count(torch.full((count,), float(count)))
    _, pending = table.take()
    chosen, rest = pending.select([2, 0]).wait(), pending.select([1]).wait()
    assert chosen.n.tolist() == [3, 1]
    assert chosen.moments[:, 0].tolist() == [3, 1]
    assert chosen.counts.tolist() == [3, 1]
    assert rest.n.tolist() == [2]
    assert len(pending.select([]).wait()) == 0


def test_before_any_layer_was_seen():
    infos, pending = make_table().take()
    assert infos == []
    assert len(pending.wait()) == 0


def test_memory_serves_again_once_the_counts_were_read():
    table = make_table(rows=1)
    row = table.find(info("a"), CPU)
    row.count(torch.ones(3))
    first = row.segment.buffer.storage.data_ptr()
    _, pending = table.take()
    table.take()[1].wait()
    assert row.segment.buffer.storage.data_ptr() != first
    counts = pending.wait()
    table.take()
    assert row.segment.buffer.storage.data_ptr() == first
    assert counts.n.tolist() == [3]


def test_one_tensor_larger_than_a_row_may_hold(monkeypatch):
    monkeypatch.setattr("tb_activation_hist.capture.rows.DRAIN_AT", 10)
    table = make_table()
    values = torch.arange(36.0).reshape(4, 9).t()
    table.find(info("a"), CPU).count(values)
    counts = table.take()[1].wait()
    assert counts.tallies[0].tolist() == [36, 1, 0, 0, 0]
    assert counts.moments[0, :3].tolist() == [0, 35, 630]
    assert counts.counts.sum() == 36
