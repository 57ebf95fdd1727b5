"""The slices route: a statistic of a split layer's slices over the steps."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, cast, get_args

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.names import SLICES_PREFIX, content_to_layer_info
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS, SliceStatistic
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.plugin.query import UNREADABLE_STATUS, RequestError, one_of, required
from tb_activation_hist.plugin.response import round_or_none
from tb_activation_hist.storage.slice_codec import SliceBlock, decode_slices
from tb_activation_hist.storage.slice_reader import join_slice_blocks

AUTO: Final = "auto"
"""Asks for the share of zeros, or for the root mean square where no slice has zeros."""

HAS_ZEROS: Final = 0.01
"""Least share of zeros of a slice, over all records, that is not by chance."""

MAX_CELLS: Final = 512
"""Maximum number of rows, and of columns, of an answer."""

logger = logging.getLogger(__name__)


def read_slices(provider: DataProvider, run: str, tag: str) -> SliceSeries | None:
    """The slices of a layer; None if there are none.

    tag: that of the layer. FormatError where none of the blocks can be read.
    """
    found = provider.read_slice_blocks(run, f"{SLICES_PREFIX}{tag}")
    if found is None:
        return None
    content, texts = found
    info = content_to_layer_info(content)
    blocks: list[SliceBlock] = []
    broken: FormatError | None = None
    for text in texts:
        try:
            blocks.append(decode_slices(text, info.key, info.split))
        except FormatError as err:
            broken = err
            logger.warning("Run %r, tag %r: %s", run, tag, err)
    if not blocks and broken is not None:
        raise broken
    return join_slice_blocks(blocks) if blocks else None


def slices_answer(provider: DataProvider, query: Mapping[str, str]) -> schema.Slices:
    """Work out the answer of the route; RequestError for a wrong query or unreadable slices."""
    run, tag = required(query, "run"), required(query, "tag")
    statistic = one_of(query, "statistic", (*SLICE_STATISTICS, AUTO), "zero_share")
    sorts: tuple[schema.SliceSort, ...] = get_args(schema.SliceSort)
    sort = one_of(query, "sort", sorts, "number")
    try:
        slices = read_slices(provider, run, tag)
    except FormatError as err:
        raise RequestError(f"Run {run!r}, tag {tag!r}: {err}", UNREADABLE_STATUS) from err
    if slices is None:
        raise RequestError(f"Run {run!r} has no slices of {tag!r}: it was not split.", 404)
    return _make_answer(slices, run, tag, _choose(statistic, slices), sort)


def _choose(statistic: str, slices: SliceSeries) -> SliceStatistic:
    """The statistic that was asked for."""
    if statistic != AUTO:
        return cast("SliceStatistic", statistic)
    has_zeros = slices.zeros.sum(axis=0) >= HAS_ZEROS * np.maximum(slices.n.sum(axis=0), 1)
    return "zero_share" if has_zeros.any() else "rms"


def _make_answer(
    slices: SliceSeries, run: str, tag: str, statistic: SliceStatistic, sort: schema.SliceSort
) -> schema.Slices:
    per_column, per_row = (-(-size // MAX_CELLS) for size in (len(slices), slices.slices))
    starts = np.arange(0, len(slices), per_column)
    values = slices.pool(starts).statistic(statistic).T
    order = _order(values, sort)
    rows = _merge_rows(values[order], per_row)
    finite = rows[np.isfinite(rows)]
    return {
        "version": schema.API_VERSION,
        "run": run,
        "tag": tag,
        "statistic": statistic,
        "sort": sort,
        "slices": slices.slices,
        "dimension": slices.dimension,
        "per_row": per_row,
        "order": order.tolist(),
        "first_steps": slices.steps[starts].tolist(),
        "last_steps": slices.steps[np.append(starts[1:], len(slices)) - 1].tolist(),
        "range": (float(finite.min()), float(finite.max())) if finite.size else None,
        "values": [[round_or_none(value) for value in row] for row in rows.tolist()],
    }


def _order(values: npt.NDArray[np.float64], sort: schema.SliceSort) -> npt.NDArray[np.int64]:
    """Numbers of the slices from the first row on; by value: the last column's, descending."""
    if sort == "number":
        return np.arange(len(values))
    last = np.where(np.isfinite(values[:, -1]), values[:, -1], -np.inf)
    return np.argsort(-last, kind="stable")


def _merge_rows(values: npt.NDArray[np.float64], per_row: int) -> npt.NDArray[np.float64]:
    """The mean of neighbouring rows, without those that have no value."""
    if per_row == 1:
        return values
    starts = np.arange(0, len(values), per_row)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    count = np.add.reduceat(known, starts, axis=0, dtype=np.int64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
