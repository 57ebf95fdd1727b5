"""The recorded histograms of one run as arrays, without TensorBoard's web server."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from itertools import islice
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
from tb_activation_hist.core.plot_options import AxesArray, LayersPlotOptions
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
        return stack_tables(
            {key: own.to_dataframe(**options) for key, own in self.items()}, "layer"
        )

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


def index_run(run_dir: str | os.PathLike[str]) -> RunIndex:
    """What a run directory itself holds, not below it; nothing where there is none."""
    try:
        found = find_event_files(os.fspath(run_dir))
    except LogdirError:
        found = []
    return RunIndex([file for file in found if file.run == "."])


def read_last_step(run_dir: str | os.PathLike[str]) -> int:
    """The last step recorded in a run directory itself (not below it); 0 when there is none."""
    return index_run(run_dir).last_step()


def read_run(run_dir: str | os.PathLike[str]) -> RunHistograms:
    """The histograms in a run directory itself, also when there are none yet."""
    found = find_event_files(os.fspath(run_dir))
    return RunHistograms(".", [file for file in found if file.run == "."])


def stack_tables(tables: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Tables one below the other, each with its name in a first column; empty without tables."""
    import pandas as pd

    for name, table in tables.items():
        table.insert(0, column, name)
    if not tables:
        return pd.DataFrame(columns=[column])
    return pd.concat(list(tables.values()), ignore_index=True)
