"""The counting ops that a graph gets while it is compiled."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from tb_activation_hist.capture.count import CountBuffer, Switch, count_
from tb_activation_hist.capture.countable import as_floats
from tb_activation_hist.capture.in_graph import (
    bins_in_graph,
    buffer_in_graph,
    first_in_graph,
    row_in_graph,
    slice_buffer_in_graph,
    slice_row_in_graph,
    slices_in_graph,
    split_in_graph,
    warn_of_shards_in_graph,
)
from tb_activation_hist.capture.shards import first_of_shard
from tb_activation_hist.capture.slice_buffer import SliceBuffer
from tb_activation_hist.capture.slice_count import count_slices_
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.torch_internals import is_dtensor


def trace_values(state: CaptureState, tensor: Tensor, facts: tuple[str, str, str, str]) -> None:
    """Put the ops that count a tensor into the graph; of a DTensor, this rank's shard.

    facts: key of the hook, path, phase and type, by which the row is found.
    """
    facts_here = (*facts, str(tensor.dtype), tensor.device.type, tensor.device.index)
    buffer, switch = _find(state, buffer_in_graph(*facts_here), facts[2])
    values: Any = tensor.detach()
    values = values.to_local() if is_dtensor(tensor) else values
    count_(buffer, row_in_graph(*facts_here), as_floats(values), switch)
    dim = split_in_graph(*facts_here, tensor.dim())
    if dim >= 0:
        _trace_slices(state, tensor, values, dim, facts_here)


def _find(state: CaptureState, name: str, phase: str) -> tuple[Any, Switch]:
    return getattr(state.graph_inputs, name), getattr(state.graph_inputs, f"{name}_{phase}")


def _trace_slices(
    state: CaptureState, tensor: Any, values: Tensor, dim: int, facts: tuple[Any, ...]
) -> None:
    """Count the slices, for their number as it is. values: the tensor, or the shard of it."""
    slices, begin = int(tensor.shape[dim]), 0
    if is_dtensor(tensor):
        begin = first_of_shard(slices, dim, tensor.placements, tensor.device_mesh)
    if begin < 0:
        warn_of_shards_in_graph(dim, *facts)
        return
    name = slices_in_graph(slices, *facts)
    if not name:
        return
    buffer: SliceBuffer
    buffer, switch = _find(state, name, facts[2])
    count_slices_(buffer, first_in_graph(slices, *facts) + begin, dim, values, switch)
    if bins_in_graph(slices, *facts):
        for number, part in enumerate(values.unbind(dim), start=begin):
            bins: CountBuffer
            bins, switch = _find(state, slice_buffer_in_graph(number, *facts), facts[2])
            count_(bins, slice_row_in_graph(number, *facts), part, switch)
