"""Which records of several writers of one run count: those of an abandoned tail do not.

A *session* is what one writer wrote. See docs/decisions/sessions.md for the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import concatenate_series, join_series

ABANDONED: Final = (
    "A later training in this directory started again at step {step}, so earlier records from "
    "that step on are left out."
)
CONCURRENT: Final = (
    "Two loggers wrote this run at the same time, in one process or in two, and their records are "
    "mixed. Give each its own directory, or different names with name=..."
)


@dataclass(frozen=True)
class SessionNotes:
    """What is to be reported about a run's sessions.

    abandoned_from: the step at which a later session began again, so that earlier records from
    there on are left out; None when none are. concurrent: whether two sessions wrote at one time.
    """

    abandoned_from: int | None = None
    concurrent: bool = False

    def since(self, reported: SessionNotes) -> SessionNotes:
        """The notes of a kind that was not reported yet."""
        known = reported.abandoned_from is not None
        return SessionNotes(
            None if known else self.abandoned_from, self.concurrent and not reported.concurrent
        )


class SessionPart(NamedTuple):
    """Consecutive records of one session, `ordinal` of which came before them."""

    series: HistogramSeries
    session: int
    ordinal: int


class JoinedSessions(NamedTuple):
    """The records that count, by ascending step.

    newest: the session that was begun last; None if another wrote at the same time.
    """

    series: HistogramSeries
    newest: int | None
    notes: SessionNotes


def join_sessions(parts: Sequence[SessionPart]) -> JoinedSessions:
    """The records that count: a record hides those of its step and above that were written before.

    Of sessions that wrote at the same time, none comes before the other: of two records of one step
    the later one counts.
    """
    groups = _group_by_time(_split(parts))
    whole = concatenate_series([series for group in groups for series in _written_order(group)])
    ahead = _lowest_ahead(whole.steps)
    kept = np.flatnonzero(whole.steps < ahead)
    hidden = ahead[whole.steps > ahead]
    notes = SessionNotes(
        int(hidden.min()) if len(hidden) else None, any(len(group) > 1 for group in groups)
    )
    newest = groups[-1][0][0].session if len(groups[-1]) == 1 else None
    series = whole if len(kept) == len(whole) else whole.take(kept)
    return JoinedSessions(series, newest, notes)


def merge_notes(notes: Iterable[SessionNotes]) -> SessionNotes:
    """The notes of a run from those of its layers."""
    all_notes = list(notes)
    steps = [each.abandoned_from for each in all_notes if each.abandoned_from is not None]
    return SessionNotes(min(steps, default=None), any(each.concurrent for each in all_notes))


def describe_notes(notes: SessionNotes) -> list[str]:
    """A sentence for each thing that is to be reported."""
    step = notes.abandoned_from
    abandoned = [] if step is None else [ABANDONED.format(step=step)]
    return abandoned + ([CONCURRENT] if notes.concurrent else [])


def _split(parts: Sequence[SessionPart]) -> list[list[SessionPart]]:
    """The parts of each session in the order in which they were written."""
    ordered = sorted(parts, key=lambda part: (part.session, part.ordinal))
    return [list(own) for _, own in groupby(ordered, key=lambda part: part.session)]


def _group_by_time(sessions: list[list[SessionPart]]) -> list[list[list[SessionPart]]]:
    """Sessions that wrote at the same time together; the groups in the order of their time."""
    groups: list[list[list[SessionPart]]] = []
    end = -np.inf
    for session in sorted(sessions, key=_first_time):
        if groups and _first_time(session) < end:
            groups[-1].append(session)
        else:
            groups.append([session])
        end = max(end, *(part.series.wall_times.max(initial=-np.inf) for part in session))
    return groups


def _first_time(session: list[SessionPart]) -> float:
    return min(float(part.series.wall_times.min(initial=np.inf)) for part in session)


def _written_order(group: list[list[SessionPart]]) -> list[HistogramSeries]:
    series = [part.series for session in group for part in session]
    return series if len(group) == 1 else [join_series(series)]


def _lowest_ahead(steps: IntArray) -> IntArray:
    """For each record the lowest step among those written after it."""
    none = np.iinfo(np.int64).max
    lowest: IntArray = np.minimum.accumulate(np.append(steps, none)[:0:-1])[::-1]
    return lowest
