"""One record's counts on the host: of one or several blocks, devices or ranks, joined exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.capture.count import HostCounts
from tb_activation_hist.core.schemes.scheme import Scheme

IntArray = npt.NDArray[np.int64]


class SparseRows(NamedTuple):
    """Rows of counts without their empty slots.

    Row r's occupied slots are ``slots[offsets[r]:offsets[r + 1]]``, ascending, with as many
    ``counts``; tallies (rows, 5) and moments (rows, 4) as in a `CountBuffer`.
    """

    offsets: IntArray
    slots: npt.NDArray[np.int32]
    counts: IntArray
    tallies: IntArray
    moments: npt.NDArray[np.float64]


class Part(NamedTuple):
    """One block's share of a record: its row i belongs to the record's row ``targets[i]``."""

    host: HostCounts
    targets: tuple[int, ...]
    drained: SparseRows | None


def join_rows(shares: Sequence[tuple[Sequence[int], SparseRows]]) -> SparseRows:
    """Add up shares, row i of which belongs to row ``targets[i]`` of the result. Exact."""
    rows = 1 + max((max(targets) for targets, _ in shares if len(targets)), default=-1)
    tallies = np.zeros((rows, 5), np.int64)
    moments = np.zeros((rows, 4), np.float64)
    moments[:, :2] = np.inf, -np.inf
    keys = []
    for targets, share in shares:
        to = np.array(targets, np.int64)
        np.add.at(tallies, to, share.tallies)
        np.minimum.at(moments[:, 0], to, share.moments[:, 0])
        np.maximum.at(moments[:, 1], to, share.moments[:, 1])
        np.add.at(moments[:, 2:], to, share.moments[:, 2:])
        keys.append(np.repeat(to, np.diff(share.offsets)) << 32 | share.slots.astype(np.int64))
    joined, place = np.unique(np.concatenate(keys), return_inverse=True)
    counts = np.zeros(len(joined), np.int64)
    np.add.at(counts, place, np.concatenate([share.counts for _, share in shares]))
    offsets = np.searchsorted(joined >> 32, np.arange(rows + 1))
    slots = (joined & 0xFFFFFFFF).astype(np.int32)
    return SparseRows(offsets.astype(np.int64), slots, counts, tallies, moments)


def select_rows(source: SparseRows, rows: Sequence[int]) -> SparseRows:
    """Only these rows, in this order."""
    ranges = [np.arange(source.offsets[row], source.offsets[row + 1]) for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in ranges])]).astype(np.int64)
    place = np.concatenate([*ranges, np.zeros(0, np.int64)]).astype(np.int64)
    chosen = np.array(rows, np.int64)
    return SparseRows(
        offsets, source.slots[place], source.counts[place], source.tallies[chosen],
        source.moments[chosen],
    )  # fmt: skip


class HostRows:
    """Counts on their way to the host, with the fields of `HostCounts`, one row per layer.

    The memory of the blocks serves again as soon as their copies have arrived and been read.
    """

    def __init__(
        self, parts: Sequence[Part], scheme: Scheme, only: Sequence[int] | None = None
    ) -> None:
        self.scheme = scheme
        self._parts = tuple(parts)
        self._only = only
        self._sparse: SparseRows | None = None

    def wait(self) -> HostRows:
        """Block until the copies have arrived."""
        if self._sparse is None:
            sparse = _parts_to_rows(self._parts)
            self._sparse = sparse if self._only is None else select_rows(sparse, self._only)
            self._parts = ()
        return self

    @classmethod
    def of(cls, sparse: SparseRows, scheme: Scheme) -> HostRows:
        """Rows that are here already."""
        made = cls((), scheme)
        made._sparse = sparse
        return made

    @property
    def sparse(self) -> SparseRows:
        """All rows without empty slots; waits."""
        self.wait()
        assert self._sparse is not None
        return self._sparse

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.sparse.tallies)

    @property
    def tallies(self) -> IntArray:
        """(rows, 5): n, zeros, nans, pos_infs, neg_infs."""
        return self.sparse.tallies

    @property
    def moments(self) -> npt.NDArray[np.float64]:
        """(rows, 4): min, max, sum, sum of squares of the finite values."""
        return self.sparse.moments

    @property
    def counts(self) -> IntArray:
        """(rows, slots) counts, made anew at each access."""
        sparse = self.sparse
        dense = np.zeros((self.rows, self.scheme.slots), np.int64)
        dense[np.repeat(np.arange(self.rows), np.diff(sparse.offsets)), sparse.slots] = (
            sparse.counts
        )
        return dense

    def occupied(self) -> tuple[IntArray, npt.NDArray[np.int32], IntArray]:
        """The slots that hold a count, row after row: (offsets (rows + 1,), slots, counts)."""
        return self.sparse[:3]

    def select(self, rows: Sequence[int]) -> HostRows:
        """Only these rows, in this order; does not wait, so call it before `wait`."""
        return HostRows(self._parts, self.scheme, tuple(rows))


def _parts_to_rows(parts: Sequence[Part]) -> SparseRows:
    shares: list[tuple[Sequence[int], SparseRows]] = []
    for part in parts:
        shares.append((part.targets, _host_to_rows(part.host, len(part.targets))))
        if part.drained is not None:
            shares.append((part.targets[: len(part.drained.tallies)], part.drained))
    in_place = len(shares) == 1 and shares[0][0] == tuple(range(len(shares[0][0])))
    if in_place:
        return shares[0][1]
    return join_rows(shares or [((), _no_rows())])


def _host_to_rows(host: HostCounts, rows: int) -> SparseRows:
    """The first `rows` rows; the rest of a block was never used."""
    host.wait()
    offsets, slots, counts = host.occupied()
    tallies, moments = host.tallies[:rows].copy(), host.moments[:rows].copy()
    return SparseRows(offsets[: rows + 1], slots, counts, tallies, moments)


def _no_rows() -> SparseRows:
    nothing = np.zeros(0, np.int64)
    return SparseRows(
        np.zeros(1, np.int64), np.zeros(0, np.int32), nothing, np.zeros((0, 5), np.int64),
        np.zeros((0, 4)),
    )  # fmt: skip
