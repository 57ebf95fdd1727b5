"""Loads one series of histograms that another tool wrote from its TensorDatums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.joining import sum_records
from tb_activation_hist.plugin.data_provider import Stamp
from tb_activation_hist.plugin.missing_records import DAMAGE_HINT
from tb_activation_hist.plugin.series_loader import LoadedSeries, damage_warning, digest
from tb_activation_hist.storage.tensorboard_histograms import buckets_to_series, normalise_buckets


def load_histograms(stamp: Stamp, tensors: Sequence[Any], layer: str) -> LoadedSeries:
    """Load a series of another tool's histograms; records that are damaged are left out."""
    damaged = {_to_id(t): text for t in tensors if (text := _find_damage(t.numpy))}
    whole = [tensor for tensor in tensors if _to_id(tensor) not in damaged]
    steps = [tensor.step for tensor in whole]
    wall_times = [tensor.wall_time for tensor in whole]
    series = buckets_to_series(steps, wall_times, [tensor.numpy for tensor in whole], layer)
    revision = digest(sorted(map(_to_id, whole)))
    return LoadedSeries(
        stamp,
        series,
        sum_records(series),
        revision,
        missing=len(damaged),
        hint=DAMAGE_HINT.format(missing=len(damaged), written=len(tensors)) if damaged else "",
        warning=damage_warning(damaged),
        damaged=damaged,
        decoded=len(tensors),
    )


def _to_id(tensor: Any) -> bytes:
    return f"{tensor.step}:{tensor.wall_time!r}".encode()


def _find_damage(buckets: Any) -> str:
    """Why a record of another tool cannot be read; empty when it can."""
    try:
        normalise_buckets(buckets)
    except FormatError as err:
        return str(err)
    return ""
