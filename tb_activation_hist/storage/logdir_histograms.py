"""`read_histograms`: recorded histograms as arrays, without TensorBoard's web server."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tb_activation_hist.core.drawing import drawing
from tb_activation_hist.core.errors import LogdirError, OptionError
from tb_activation_hist.core.nearest import no_such
from tb_activation_hist.core.plot_options import AxesArray, RunsPlotOptions
from tb_activation_hist.core.share_options import ShareOptions, make_choice
from tb_activation_hist.core.sharing import sharing
from tb_activation_hist.core.table import TableOptions
from tb_activation_hist.storage.event_file_reader import EventFilePath, find_event_files
from tb_activation_hist.storage.interactive import (
    HEIGHT_PX,
    NotebookCell,
    make_cell,
    show_small,
    to_table,
)
from tb_activation_hist.storage.run_histograms import RunHistograms, stack_tables

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Unpack

logger = logging.getLogger(__name__)

T = TypeVar("T")


def read_histograms(logdir: str | os.PathLike[str]) -> LogdirHistograms:
    """Read all histograms under a log directory: ``read_histograms("runs")["lr=0.01"]["conv1"]``.

    logdir: path, or a URL that TensorBoard can open; also a single event file. Runs are named as in
    TensorBoard, by their path below it, "." for itself. Layers are in model order, with the
    activations of training first; other kinds are ``"gradients/conv1"``, evaluation is
    ``"eval/conv1"``. Histograms that other tools wrote (``add_histogram``) follow under their tag.

    Each level draws itself with ``plot()``: runs side by side, a run's layers in a grid, one
    layer, which also has ``plot_difference(other)`` and ``plot_slice(step)``; and each has
    ``to_dataframe()``.

    A run's files are indexed on first access, and a layer is decoded on access. Steps ascend; if a
    run was resumed at an earlier step, earlier records from that step on are left out, and a
    warning is logged once.

    Damaged data is left out, and one `ActivationHistWarning` per layer or file says what.
    OptionError if logdir is neither a path nor a URL; LogdirError if there is no histogram at all;
    FormatError on access to a layer of which nothing can be read.
    """
    if not isinstance(logdir, (str, os.PathLike)) or not str(logdir):
        msg = f"logdir must be a path or a URL, but got {logdir!r}."
        raise OptionError(msg)
    runs = LogdirHistograms(os.fspath(logdir))
    if not any(len(run) for run in runs.values()):
        msg = (
            f"The event files in {runs.logdir!r} hold no histograms. Record some with "
            "ActivationHistLogger(model, logdir) or ActivationHistCallback(logdir)."
        )
        raise LogdirError(msg)
    return runs


class LogdirHistograms(Mapping[str, "RunHistograms"]):
    """The runs of a log directory that contain histograms, by name; made by `read_histograms`.

    A run that does not exist raises KeyError with similar names.
    """

    def __init__(self, logdir: str) -> None:
        self.logdir = logdir
        files = groupby(find_event_files(logdir), key=lambda file: file.run)
        self._runs = {run: RunHistograms(run, list(group)) for run, group in files}

    def __getitem__(self, run: str) -> RunHistograms:
        if run not in self._runs:
            raise KeyError(no_such("run", run, list(self)))
        return self._runs[run]

    def __iter__(self) -> Iterator[str]:
        return (run for run, histograms in self._runs.items() if len(histograms))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def plot(
        self, layers: str | Sequence[str] | None = None, **options: Unpack[RunsPlotOptions]
    ) -> AxesArray:
        """Draw runs side by side: a row for each layer, a column for each run.

        layers: names, by default all of the first run. The panels of a row share value axis and
        colour scale. Returns the axes, (layers, runs). KeyError, with the nearest names, for a
        layer of no run.
        """
        return drawing().plot_runs(self, layers, **options)

    def share(
        self,
        path: str | Path,
        runs: str | Sequence[str] | None = None,
        **options: Unpack[ShareOptions],
    ) -> Path:
        """Write one HTML file with the page and the histograms in it, which needs no server.

        path: of the file; a shared file that is there is replaced. runs: names or patterns; by
        default all. options: ``help(ShareOptions)`` lists them. Returns the path. OptionError for a
        name that matches nothing, with the nearest ones, and where more is chosen than fits.
        """
        choice = make_choice(runs, **options)
        return sharing().share_files(path, self._files(), self._name, choice)

    def to_dataframe(self, **options: Unpack[TableOptions]) -> pd.DataFrame:
        """The tables of all runs, one below the other, with a first column ``run``; needs pandas.

        options: counts, number_formats and scale, as in `HistogramSeries.to_dataframe`.
        """
        tables = {run: own.to_dataframe(**options) for run, own in self.items()}
        return stack_tables(tables, "run")

    def interactive(
        self,
        runs: str | Sequence[str] | None = None,
        *,
        height_px: int = HEIGHT_PX,
        **options: Unpack[ShareOptions],
    ) -> NotebookCell:
        """The page in the cell of a notebook, where scripts run; else a picture.

        runs, options: as in `share`. Without columns and size_mb it has as many columns, up to 200,
        as fit into 0.35 MB. height_px: 100 to 5000, default 520. OptionError as in `share`.
        """
        choice = make_choice(runs, **options)
        series = self[next(iter(self))]._first_readable()
        return make_cell(self._files(), self._name, choice, height_px, series)

    @property
    def _name(self) -> str:
        """The last part of the log directory; a shared file reveals no more."""
        return Path(self.logdir).name or "runs"

    def _files(self) -> list[EventFilePath]:
        return [file for run in self._runs.values() for file in run._files]

    def _repr_html_(self) -> str:
        rows = [(run, len(own)) for run, own in self.items()]
        table = to_table(f"{len(self)} runs in {self.logdir}", ("run", "layers"), rows)
        return show_small(self._files(), self.interactive, table)

    def __repr__(self) -> str:
        return f"<histograms of {len(self)} runs in {self.logdir!r}: {', '.join(self)}>"
