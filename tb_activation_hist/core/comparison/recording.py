"""One side of a comparison: the series of a run or of a golden file, with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tb_activation_hist.core.execution_order import ExecutionOrder
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo


@dataclass(frozen=True)
class Recording:
    """The series of one run by layer key.

    series: may decode a layer when it is taken, and raise `FormatError` for a damaged one. infos:
    for every key of `series`. problems: sentences about what could not be read.
    """

    name: str
    series: Mapping[str, HistogramSeries]
    infos: Mapping[str, LayerInfo]
    order: ExecutionOrder = field(default_factory=ExecutionOrder)
    problems: tuple[str, ...] = ()
