"""What a rank sends to rank 0: its counts of one record, as bytes, and their sum by tag."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.names import LayerInfo, content_to_layer_info
from tb_activation_hist.core.record_counts import RecordCounts, join_counts, with_slices
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.slice_counts import RecordSlices

END_STEP: Final = -1
"""Step of the last message of a rank."""

COUNT_ARRAYS: Final = ("offsets", "bins", "counts", "totals", "moments")
SLICE_ARRAYS: Final = ("offsets", "totals", "moments")


class Message(NamedTuple):
    """One rank's counts of one record; ``step=END_STEP`` when the rank has ended."""

    step: int
    layers: Sequence[LayerInfo]
    counts: RecordCounts


def end_message() -> Message:
    """What a rank sends last."""
    return Message(END_STEP, (), join_counts(FLOAT_BITS, ()))


def message_to_bytes(message: Message) -> bytes:
    """JSON head and arrays, compressed."""
    contents = [info.to_content().decode() for info in message.layers]
    head = json.dumps({"step": message.step, "layers": contents}).encode()
    packed = io.BytesIO()
    arrays = {name: getattr(message.counts, name) for name in COUNT_ARRAYS}
    if message.counts.slices is not None:
        arrays |= {f"slice_{name}": getattr(message.counts.slices, name) for name in SLICE_ARRAYS}
    np.savez_compressed(packed, head=np.frombuffer(head, np.uint8), **arrays)
    return packed.getvalue()


def bytes_to_message(data: bytes) -> Message:
    """Inverse of `message_to_bytes`."""
    arrays = np.load(io.BytesIO(data), allow_pickle=False)
    head = json.loads(arrays["head"].tobytes())
    layers = [content_to_layer_info(content.encode()) for content in head["layers"]]
    scheme = layers[0].scheme if layers else FLOAT_BITS
    counts = RecordCounts(scheme, *(arrays[name] for name in COUNT_ARRAYS))
    if "slice_offsets" in arrays:
        slices = RecordSlices(*(arrays[f"slice_{name}"] for name in SLICE_ARRAYS))
        counts = with_slices(counts, slices)
    return Message(head["step"], layers, counts)


def join_messages(messages: Sequence[Message]) -> tuple[list[LayerInfo], RecordCounts]:
    """Add the counts of one or more ranks by tag, whatever order each saw its layers in."""
    layers: dict[str, LayerInfo] = {}
    for message in messages:
        for info in message.layers:
            layers.setdefault(info.tag, info)
    row_of = {tag: row for row, tag in enumerate(layers)}
    parts = [([row_of[info.tag] for info in each.layers], each.counts) for each in messages]
    return list(layers.values()), join_counts(messages[0].counts.scheme, parts)
