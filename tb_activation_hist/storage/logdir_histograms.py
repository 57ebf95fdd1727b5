"""`read_histograms`: recorded histograms as arrays, without TensorBoard's web server."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from tb_activation_hist.core.drawing import drawing
from tb_activation_hist.core.errors import FormatError, LogdirError, OptionError, join_problems
from tb_activation_hist.core.execution_order import ExecutionOrder, info_to_execution_order
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.histogram_sizes import with_histograms
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.nearest import no_such
from tb_activation_hist.core.parameter_sizes import SIZED_KINDS, ParameterSizes
from tb_activation_hist.core.plot_options import AxesArray, LayersPlotOptions, RunsPlotOptions
from tb_activation_hist.core.sessions import SessionNotes, describe_notes
from tb_activation_hist.core.share_options import ShareOptions, make_choice
from tb_activation_hist.core.sharing import sharing
from tb_activation_hist.core.table import TableOptions
from tb_activation_hist.core.update_ratio import UPDATES
from tb_activation_hist.core.user_warnings import warn_user
from tb_activation_hist.storage.event_file_reader import EventFilePath, find_event_files
from tb_activation_hist.storage.interactive import (
    HEIGHT_PX,
    PICTURES,
    NotebookCell,
    make_cell,
    show_small,
    to_table,
)
from tb_activation_hist.storage.run_index import RunIndex, TagIndex

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
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


def read_last_step(run_dir: str | os.PathLike[str]) -> int:
    """The last step recorded in a run directory itself (not below it); 0 when there is none."""
    return index_run(run_dir).last_step()


def index_run(run_dir: str | os.PathLike[str]) -> RunIndex:
    """What a run directory itself holds, not below it; nothing where there is none."""
    try:
        found = find_event_files(os.fspath(run_dir))
    except LogdirError:
        found = []
    return RunIndex([file for file in found if file.run == "."])


def read_run(run_dir: str | os.PathLike[str]) -> RunHistograms:
    """The histograms in a run directory itself, also when there are none yet."""
    found = find_event_files(os.fspath(run_dir))
    return RunHistograms(".", [file for file in found if file.run == "."])


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
        return _stack({run: own.to_dataframe(**options) for run, own in self.items()}, "run")

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


class RunHistograms(Mapping[str, HistogramSeries]):
    """The histograms of one run by layer, in model order.

    A layer is decoded on access, and kept while it is in use. A layer that does not exist raises
    KeyError with similar names. Damaged records are left out, with one warning per layer. If
    nothing of a layer can be read, accessing it raises FormatError; ``items()``, ``values()``,
    ``get()``, ``plot()`` and ``to_dataframe()`` warn and go on with the others.
    """

    def __init__(self, run: str, files: Sequence[EventFilePath]) -> None:
        self.run = run
        self._files = files
        self._told = SessionNotes()
        self._warned: set[str] = set()
        self._decoded: weakref.WeakValueDictionary[str, HistogramSeries]
        self._decoded = weakref.WeakValueDictionary()

    @cached_property
    def _index(self) -> RunIndex:
        index = RunIndex(self._files)
        for problem in index.problems:
            warn_user(f"Run {self.run!r}: {problem}")
        return index

    @cached_property
    def _keys(self) -> dict[str, TagIndex]:
        return self._index.keys

    @property
    def info(self) -> dict[str, Any]:
        """What the logger wrote about the run as a whole: cadence, silent modules, errors ..."""
        return self._index.info

    @property
    def execution_order(self) -> ExecutionOrder:
        """The order in which the layers ran; empty for a run recorded without one."""
        return info_to_execution_order(self._index.info)

    @cached_property
    def measured_sizes(self) -> ParameterSizes:
        """The sizes of parameters that were measured, without those of histograms."""
        sizes, broken = self._index.read_sizes()
        if broken:
            self._warn_once("parameter_sizes", f"lacks records: {join_problems(map(str, broken))}")
        return sizes

    def parameter_sizes(self) -> ParameterSizes:
        """Sizes of the run's parameters, of their gradients and updates, by name.

        ``run.parameter_sizes()["fc.weight"].updates.rms``; ``.to_dataframe()`` has all of them.
        Measured in each ``sizes_every``-th record; of kinds that were recorded as histograms, in
        every record. Empty for a run that was recorded without them.
        """
        kinds = {key for key in self if key.partition("/")[0] in SIZED_KINDS}
        series = [(self.layer_info(key), own) for key, own in self._readable(kinds)]
        known = [(info, own) for info, own in series if info is not None]
        return with_histograms(self.measured_sizes, known)

    def layer_info(self, layer: str) -> LayerInfo | None:
        """What the logger wrote about a layer: kind, type, shape ...; None for another tool's tag.

        KeyError for a layer that is not there; FormatError for damaged or newer data.
        """
        tag = self._tag(layer)
        return tag.info if tag.ours else None

    def _tag(self, layer: str) -> TagIndex:
        if layer not in self._keys:
            raise KeyError(no_such("layer", layer, list(self._keys)))
        return self._keys[layer]

    def __getitem__(self, layer: str) -> HistogramSeries:
        series = self._decoded.get(layer)
        if series is None:
            series, broken = self._index.read(self._tag(layer))
            self._decoded[layer] = series
            self._tell_notes()
            if broken:
                self._warn_once(layer, f"lacks records: {join_problems(map(str, broken))}")
        return series

    def _warn_once(self, layer: str, text: str) -> None:
        if layer not in self._warned:
            self._warned.add(layer)
            warn_user(f"Run {self.run!r}: {layer!r} {text}")

    def _readable(self, layers: Iterable[str]) -> Iterator[tuple[str, HistogramSeries]]:
        """Those of these layers of which something can be read, with a warning for the others."""
        for layer in layers:
            try:
                series = self[layer]
            except FormatError as err:
                self._warn_once(layer, f"is left out: {err}")
                continue
            yield layer, series

    def items(self) -> ItemsView[str, HistogramSeries]:
        """The layers of which something can be read; a warning names each of the others."""
        return _ReadableItems(self)

    def values(self) -> ValuesView[HistogramSeries]:
        """The series of which something can be read; a warning names each of the others."""
        return _ReadableValues(self)

    @overload
    def get(self, layer: str, /) -> HistogramSeries | None: ...

    @overload
    def get(self, layer: str, /, default: HistogramSeries | T) -> HistogramSeries | T: ...

    def get(self, layer: str, /, default: Any = None) -> Any:
        """A layer; `default` if it does not exist or, with a warning, cannot be read."""
        found = dict(self._readable([layer] if layer in self else []))
        return found.get(layer, default)

    def _tell_notes(self) -> None:
        """Warn once for each kind of thing that a reader must know about the run's sessions."""
        notes = self._index.notes
        for text in describe_notes(notes.since(self._told)):
            logger.warning("Run %r: %s", self.run, text)
        self._told = notes

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, layer: object) -> bool:
        return layer in self._keys

    def plot(
        self, layers: str | Sequence[str] | None = None, **options: Unpack[LayersPlotOptions]
    ) -> AxesArray:
        """Draw a grid with one panel for each layer, each with its own axes.

        layers: one name or several, by default all. Returns the axes, (layers,).
        """
        names = [layers] if isinstance(layers, str) else layers
        chosen = {name: self[name] for name in names} if names else dict(self.items())
        return drawing().plot_layers(chosen, **options)

    def share(self, path: str | Path, **options: Unpack[ShareOptions]) -> Path:
        """Write one HTML file of this run alone; as `LogdirHistograms.share`."""
        return sharing().share_files(path, self._files, self.run, make_choice(**options))

    def plot_update_ratios(
        self, layers: str | Sequence[str] | None = None, *, ax: Axes | None = None
    ) -> Axes:
        """Draw log10 of the updates' size relative to the weights', a line for each parameter.

        layers: keys of updates, ``"updates/fc.weight"`` or ``"fc.weight"``; by default all. ax:
        axes to draw on, by default those of a new figure. The dashed line at -3 is the usual size.
        Returns the axes. KeyError for a parameter without updates, OptionError where the run has
        none at all: record them with ``kinds=("updates", ...)``.
        """
        names = [layers] if isinstance(layers, str) else layers
        if names is None:
            names = [key for key in self if key.startswith(UPDATES)]
        if not names:
            msg = (
                f"Run {self.run!r} has no updates to draw. Record them with kinds=['updates'] or "
                "kinds=['activations', 'updates']."
            )
            raise OptionError(msg)
        keys = [UPDATES + name.removeprefix(UPDATES) for name in names]
        return drawing().plot_update_ratios({key: self[key] for key in keys}, ax)

    def to_dataframe(self, **options: Unpack[TableOptions]) -> pd.DataFrame:
        """The tables of all layers, one below the other, with a first column ``layer``.

        Needs pandas.

        options: counts, number_formats and scale, as in `HistogramSeries.to_dataframe`.
        """
        return _stack({key: own.to_dataframe(**options) for key, own in self.items()}, "layer")

    def interactive(
        self, *, height_px: int = HEIGHT_PX, **options: Unpack[ShareOptions]
    ) -> NotebookCell:
        """The page of this run alone in the cell of a notebook; see `LogdirHistograms`."""
        choice = make_choice(**options)
        return make_cell(self._files, self.run, choice, height_px, self._first_readable())

    def _first_readable(self) -> list[HistogramSeries]:
        """As many as a picture of the run shows."""
        return [series for _, series in islice(self._readable(self), PICTURES)]

    def _repr_html_(self) -> str:
        rows = [(key, tag.type) for key, tag in self._keys.items()]
        table = to_table(f"{len(self)} layers in run {self.run}", ("layer", "type"), rows)
        return show_small(self._files, self.interactive, table)

    def __repr__(self) -> str:
        return f"<histograms of {len(self)} layers in run {self.run!r}: {', '.join(self)}>"


class _ReadableItems(ItemsView[str, HistogramSeries]):
    """Of a `RunHistograms`: without the layers that cannot be read."""

    _mapping: RunHistograms

    def __iter__(self) -> Iterator[tuple[str, HistogramSeries]]:
        return self._mapping._readable(self._mapping)


class _ReadableValues(ValuesView[HistogramSeries]):
    """Of a `RunHistograms`: without the layers that cannot be read."""

    _mapping: RunHistograms

    def __iter__(self) -> Iterator[HistogramSeries]:
        return (series for _, series in self._mapping._readable(self._mapping))


def _stack(tables: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Tables one below the other, each with its name in a first column; empty without tables."""
    import pandas as pd

    for name, table in tables.items():
        table.insert(0, column, name)
    if not tables:
        return pd.DataFrame(columns=[column])
    return pd.concat(list(tables.values()), ignore_index=True)
