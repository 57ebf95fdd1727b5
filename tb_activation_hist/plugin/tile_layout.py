"""The arrays of a tile, in the order in which they follow one another in the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.plugin import schema


class ArraySpec(NamedTuple):
    """An array of every tile, and what it holds."""

    name: str
    dtype: schema.ArrayDtype
    shape: tuple[schema.TileAxis, ...]
    doc: str

    def to_json(self) -> schema.TileArray:
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}


COLUMN: Final[tuple[schema.TileAxis, ...]] = ("columns",)
BIN: Final[tuple[schema.TileAxis, ...]] = ("bins",)
CELL: Final[tuple[schema.TileAxis, ...]] = ("bins", "columns")

TILE_ARRAYS: Final = (
    ArraySpec("first_step", "step", COLUMN, "Step of the column's first record."),
    ArraySpec("last_step", "step", COLUMN, "Step of the column's last record."),
    ArraySpec("first_wall_time", "float64", COLUMN, "Of the first record, seconds since 1970."),
    ArraySpec("last_wall_time", "float64", COLUMN, "Of the last record, seconds since 1970."),
    ArraySpec("records", "uint32", COLUMN, "Records pooled in the column."),
    ArraySpec("n", "count", COLUMN, "All values counted."),
    ArraySpec("zeros", "count", COLUMN, "Values equal to 0; they lie in the zero bin."),
    ArraySpec("nans", "count", COLUMN, "Values that are NaN; they lie in no bin."),
    ArraySpec("pos_infs", "count", COLUMN, "Values that are +inf; they lie in no bin."),
    ArraySpec("neg_infs", "count", COLUMN, "Values that are -inf; they lie in no bin."),
    ArraySpec("mean", "float64", COLUMN, "Mean of the finite values; NaN when there are none."),
    ArraySpec("std", "float64", COLUMN, "Their standard deviation; NaN when there are none."),
    ArraySpec("min", "float64", COLUMN, "Smallest finite value; NaN when there are none."),
    ArraySpec("max", "float64", COLUMN, "Largest finite value; NaN when there are none."),
    ArraySpec("lower", "float64", BIN, "Lower edges, ascending."),
    ArraySpec("upper", "float64", BIN, "Upper edges; bins may have gaps between them."),
    ArraySpec("counts", "count", CELL, "Values in each bin and column, bin by bin."),
)

DTYPES: Final = {name: np.dtype(name) for name in ("int32", "int64", "uint32", "uint64", "float64")}
"""By name, since numpy takes a microsecond to find one."""


def to_wire_order(
    arrays: Mapping[str, npt.NDArray[Any]], dtypes: schema.TileDtypes
) -> dict[str, npt.NDArray[Any]]:
    """Put the arrays into the order and the types in which they are sent."""
    types = DTYPES | {"step": DTYPES[dtypes["step"]], "count": DTYPES[dtypes["count"]]}
    return {
        spec.name: arrays[spec.name].astype(types[spec.dtype], copy=False) for spec in TILE_ARRAYS
    }
