"""Which layers have points in TensorBoard's own tabs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tb_activation_hist.core.names import Kind, LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.storage.dashboard_layers import CARDS_OF_LAYER, DashboardLayers
from tests.records import values_to_counts


def layers_of(count: int, kind: Kind = "activations", start: int = 0) -> list[LayerInfo]:
    return [LayerInfo(f"layer{at}", order=at, kind=kind) for at in range(start, start + count)]


def counts_of(layers: Sequence[LayerInfo]) -> RecordCounts:
    return values_to_counts([np.ones(4, np.float32)] * len(layers))


def chosen(dashboard: DashboardLayers, layers: Sequence[LayerInfo]) -> list[int]:
    return dashboard.see(layers, counts_of(layers))


def test_a_small_model_is_shown_whole() -> None:
    assert chosen(DashboardLayers(100), layers_of(14)) == list(range(14))


def test_of_a_large_model_layers_spread_over_it() -> None:
    layers = layers_of(60) + layers_of(60, "gradients")
    rows = chosen(DashboardLayers(100), layers)
    assert len(rows) * CARDS_OF_LAYER <= 100 + CARDS_OF_LAYER
    assert (rows[0], rows[-1]) == (0, 59)
    assert max(np.diff(rows)) <= 5


def test_room_that_is_left_goes_to_the_next_kind() -> None:
    rows = chosen(DashboardLayers(10 * CARDS_OF_LAYER), layers_of(6) + layers_of(6, "gradients"))
    assert rows[:6] == [0, 1, 2, 3, 4, 5]
    assert len(rows) == 10


def test_whole_layers_come_before_single_slices() -> None:
    slices = [LayerInfo(f"layer0/{at}", order=0, slice=at) for at in range(6)]
    layers = [*layers_of(1), *slices, *layers_of(3, "gradients")]
    assert chosen(DashboardLayers(6 * CARDS_OF_LAYER), layers) == [0, 1, 6, 7, 8, 9]


def test_the_choice_stays_and_later_layers_take_what_is_left() -> None:
    dashboard = DashboardLayers(3 * CARDS_OF_LAYER)
    assert chosen(dashboard, layers_of(2)) == [0, 1]
    assert chosen(dashboard, layers_of(5)) == [0, 1, 2]
    assert chosen(dashboard, layers_of(8)) == [0, 1, 2]


@pytest.mark.parametrize(("cards", "shown"), [(None, 60), (0, 0), (1, 1)])
def test_all_and_none_can_be_asked_for(cards: int | None, shown: int) -> None:
    assert len(chosen(DashboardLayers(cards), layers_of(60))) == shown
