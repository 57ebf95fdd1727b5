"""The counting op of compiled graphs: one node, which reads the switch while the graph runs."""

from __future__ import annotations

import functools
import json

import torch
from torch import Tensor

from tb_activation_hist.capture import torch_internals
from tb_activation_hist.capture.count_by_device import (
    StorageRow,
    count_on_cpu,
    count_on_device,
)
from tb_activation_hist.capture.switch import is_known_off, measure_graph_op
from tb_activation_hist.core.schemes.registry import dict_to_scheme
from tb_activation_hist.core.schemes.scheme import Scheme


@torch.library.custom_op(
    "tb_activation_hist::count_",
    mutates_args={"storage"},
    schema="(Tensor(a!) storage, Tensor switch, int row, Tensor values, int rows, str scheme)"
    " -> ()",
)
def count_op(
    storage: Tensor, switch: Tensor, row: int, values: Tensor, rows: int, scheme: str
) -> None:
    """Add the values to a row of the storage. scheme: its `scheme_to_text`."""
    if not torch_internals.in_backward():
        into = StorageRow(storage, row, rows, text_to_scheme(scheme))
        with measure_graph_op(switch, row, values):
            if values.device == storage.device:
                count_on_device(into, values, switch)
            elif switch.item():  # a device without float64, whose storage is the host's
                count_on_cpu(into, values.cpu())
    torch_internals.hide_change(storage)


@count_op.register_kernel("cpu")
def _(storage: Tensor, switch: Tensor, row: int, values: Tensor, rows: int, scheme: str) -> None:
    if switch.item() and not torch_internals.in_backward():
        with measure_graph_op(switch, row, values):
            count_on_cpu(StorageRow(storage, row, rows, text_to_scheme(scheme)), values)
    torch_internals.hide_change(storage)


@count_op.register_kernel("cuda")
def _(storage: Tensor, switch: Tensor, row: int, values: Tensor, rows: int, scheme: str) -> None:
    torch_internals.hide_change(storage)
    off = is_known_off(switch) and not torch.cuda.is_current_stream_capturing()
    if torch_internals.in_backward() or off:
        return  # saves the launch; a graph being captured must hold it all the same
    with measure_graph_op(switch, row, values):
        count_on_device(StorageRow(storage, row, rows, text_to_scheme(scheme)), values, switch)


@count_op.register_fake
def _(*_: object) -> None:
    """Nothing is returned, so a graph under construction has nothing to know."""


def scheme_to_text(scheme: Scheme) -> str:
    """A scheme as a constant that a compiled graph can hold."""
    return json.dumps(scheme.to_dict())


@functools.cache
def text_to_scheme(text: str) -> Scheme:
    """Inverse of `scheme_to_text`."""
    return dict_to_scheme(json.loads(text))
