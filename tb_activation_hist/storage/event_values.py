"""What the values of an event file hold: blocks, slices, sizes, and histograms of other tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.codec import Block, decode_blocks
from tb_activation_hist.storage.size_codec import SizeBlock, decode_sizes
from tb_activation_hist.storage.slice_codec import SliceBlock, decode_slices
from tb_activation_hist.storage.tensorboard_histograms import (
    Moments,
    buckets_to_series,
    legacy_to_buckets,
    normalise_buckets,
)

T = TypeVar("T")

Value = tuple[Any, Any]
"""An event and one of its summary's values."""


def decode_each(
    values: Sequence[Value], decode: Callable[[Any, Any], T], gone: Sequence[FormatError]
) -> tuple[list[T], list[FormatError]]:
    """What can be decoded, which must be something, and what is wrong with the rest."""

    def try_decode(event: Any, value: Any) -> T | FormatError:
        try:
            return decode(event, value)
        except FormatError as err:
            return err

    return sort_out([try_decode(event, value) for event, value in values], gone)


def sort_out(
    decoded: Sequence[T | FormatError], gone: Sequence[FormatError]
) -> tuple[list[T], list[FormatError]]:
    """What was decoded, which must be something, and what is wrong with the rest."""
    whole = [each for each in decoded if not isinstance(each, FormatError)]
    broken = [*gone, *(each for each in decoded if isinstance(each, FormatError))]
    if not whole:
        raise broken[0]
    return whole, broken


def decode_layer(info: LayerInfo, values: Sequence[Value]) -> list[Block | FormatError]:
    """Each block of a layer, or what is wrong with it."""
    texts = [value.tensor.string_val for _, value in values]
    data = [text[0] if len(text) else b"" for text in texts]
    return decode_blocks(data, info.scheme, info.key, info.dtype)


def decode_slice_value(info: LayerInfo, _event: Any, value: Any) -> SliceBlock:
    return decode_slices(value.tensor.string_val[0], info.key, info.split)


def decode_size_value(_event: Any, value: Any) -> SizeBlock:
    return decode_sizes(value.tensor.string_val[0])


class _Histogram(NamedTuple):
    """One record of another tool."""

    step: int
    wall_time: float
    buckets: FloatArray
    moments: Moments | None


def decode_histogram(event: Any, value: Any) -> _Histogram:
    from tensorboard.util.tensor_util import make_ndarray

    if value.HasField("histo"):
        buckets, moments = legacy_to_buckets(value.histo)
    else:
        try:
            buckets, moments = make_ndarray(value.tensor), None
        # What a tensor raises whose fields do not fit together is TensorBoard's own affair.
        except Exception as err:
            msg = f"A histogram is damaged: {err}"
            raise FormatError(msg) from err
    normalise_buckets(buckets)
    return _Histogram(event.step, event.wall_time, buckets, moments)


def join_histograms(tag: str, records: Sequence[_Histogram]) -> HistogramSeries:
    steps, wall_times, buckets, moments = zip(*records, strict=True)
    return buckets_to_series(steps, wall_times, buckets, tag, moments)
