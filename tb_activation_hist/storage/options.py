"""The options of the writer."""

# ruff: noqa: RUF009 - `option` returns dataclasses.field, with the documentation attached.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.option_fields import (
    ON_ERROR,
    OnError,
    check_flag,
    check_positive,
    check_whole,
    check_word,
    option,
)

OnBacklog: TypeAlias = Literal["wait", "skip"]
ON_BACKLOG: Final[tuple[OnBacklog, ...]] = get_args(OnBacklog)


@dataclass(frozen=True, kw_only=True)
class WriterOptions:
    """What a `RunWriter` or `MemoryWriter` writes, and how.

    ``help(LoggerOptions)`` has each field's meaning, unit and default.
    """

    block_records: int = option(
        32, "Number of records of one layer that are stored together, at most 32.", "records"
    )
    flush_s: float = option(5.0, "Longest time until a record is on disk.", "seconds")
    queue_records: int = option(
        8, "Number of records that may wait for the background thread.", "records"
    )
    on_backlog: OnBacklog = option(
        "wait",
        "What happens when that queue is full: `wait` for the writer, or `skip` the record (the "
        "page shows how many were skipped).",
    )
    histogram_points: int = option(
        500,
        "Approximate number of ordinary TensorBoard histograms per layer of a run; 0: none.",
        "points",
    )
    scalar_points: int = option(
        1000,
        "Approximate number of points in each chart of mean, std, share near zero and p99 of a "
        "run; 0: none.",
        "points",
    )
    split_exact: bool = option(
        False,
        "Store the figures of split layers' slices exactly, in about 22 bytes per slice and "
        "record, instead of rounding all but the counts to about 2 %, in 1 to 2 bytes.",
    )
    dashboard_cards: int | None = option(
        100,
        "Approximate number of these histograms and charts in a run, for layers spread over the "
        "model, so that your own cards stay in sight; `None`: for all layers.",
        "cards",
    )
    close_timeout_s: float = option(
        30.0, "Longest time that `close()` waits for everything to be written.", "seconds"
    )
    on_error: OnError = option("warn", "As above; one value serves both.")

    def __post_init__(self) -> None:
        check_whole("block_records", self.block_records, 1, 32)
        check_whole("queue_records", self.queue_records, 1)
        check_whole("histogram_points", self.histogram_points, 0)
        check_whole("scalar_points", self.scalar_points, 0)
        if self.dashboard_cards is not None:
            check_whole("dashboard_cards", self.dashboard_cards, 0)
        check_positive("flush_s", self.flush_s)
        check_positive("close_timeout_s", self.close_timeout_s)
        check_flag("split_exact", self.split_exact)
        check_word("on_backlog", self.on_backlog, ON_BACKLOG)
        check_word("on_error", self.on_error, ON_ERROR)
