"""Which records of a series TensorBoard does not hold, and why: from the blocks that it holds."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import PLUGIN_NAME
from tb_activation_hist.storage.codec import BlockSpan

SAMPLING_HINT: Final = (
    "TensorBoard dropped {missing:,} of {written:,} records of this layer while loading. "
    "Start it with --samples_per_plugin={plugin}=0 to keep all."
)
DAMAGE_HINT: Final = (
    "{missing:,} of {written:,} records of this layer are lost: "
    "a block of the event file is damaged."
)


class StepRange(NamedTuple):
    """Steps of a block. distance: the smallest from one record to the next; None for one record."""

    first: int
    last: int
    distance: int | None


class MissingRecords(NamedTuple):
    """What is not held of what was written.

    records: how many, without those of an abandoned tail. hint: what to do about them, or "".
    abandoned_from: the step from which a session was written again, so that TensorBoard's fast
    loader dropped the blocks that were written before; None if no gap shows that.
    """

    records: int
    hint: str
    abandoned_from: int | None


NOTHING_MISSING: Final = MissingRecords(0, "", None)


class _Gap(NamedTuple):
    """Consecutive records of one session that are not held."""

    records: int
    abandoned_from: int | None


def series_to_range(part: HistogramSeries) -> StepRange:
    """The steps of a block."""
    steps = part.steps.tolist()  # A few dozen: plain Python takes less time than numpy.
    distance = min(map(operator.sub, steps[1:], steps), default=None)
    return StepRange(steps[0], steps[-1], distance)


def find_missing(
    spans: Collection[BlockSpan],
    damaged: Collection[BlockSpan],
    ranges: Mapping[BlockSpan, StepRange],
) -> MissingRecords:
    """Compare what was written with what is held.

    spans: of all blocks held. damaged: of those that cannot be decoded. ranges: of the others.
    """
    ordered = sorted(spans, key=lambda span: (span.session, span.ordinal))
    sessions = [list(own) for _, own in groupby(ordered, key=lambda span: span.session)]
    gaps = [gap for session in sessions for gap in _find_gaps(session, ranges)]
    again = [gap for gap in gaps if gap.abandoned_from is not None]
    dropped = sum(gap.records for gap in gaps) - sum(gap.records for gap in again)
    lost = sum(span.records for span in damaged)
    written = sum(map(_end, (session[-1] for session in sessions)))
    step = min(
        (gap.abandoned_from for gap in again if gap.abandoned_from is not None), default=None
    )
    return MissingRecords(dropped + lost, _choose_hint(dropped, lost, written), step)


def _choose_hint(dropped: int, lost: int, written: int) -> str:
    if dropped:
        return SAMPLING_HINT.format(missing=dropped + lost, written=written, plugin=PLUGIN_NAME)
    return DAMAGE_HINT.format(missing=lost, written=written) if lost else ""


def _find_gaps(session: list[BlockSpan], ranges: Mapping[BlockSpan, StepRange]) -> list[_Gap]:
    """What is missing before, and between, the blocks of one session, by ordinal."""
    known = [ranges[span] for span in session if span in ranges]
    distance = min((each.distance for each in known if each.distance), default=1)
    first = session[0]
    gaps = [_to_gap(first.ordinal, -1, 1, ranges.get(first))]
    for before, after in pairwise(session):
        last = ranges[before].last if before in ranges else None
        gaps.append(_to_gap(after.ordinal - _end(before), last, distance, ranges.get(after)))
    return [gap for gap in gaps if gap.records > 0]


def _to_gap(records: int, last: int | None, distance: int, after: StepRange | None) -> _Gap:
    """A gap that is too narrow for its records, by their steps, was written before a step back.

    last: the step before the gap. distance: that of steps at least.
    """
    if last is None or after is None or after.first < 0:
        return _Gap(records, None)
    narrow = after.first - last < (records + 1) * distance
    return _Gap(records, after.first if narrow else None)


def _end(span: BlockSpan) -> int:
    return span.ordinal + span.records
