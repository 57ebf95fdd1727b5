"""The one way from a value to its picture.

A value (a series, the histograms of a run) knows nothing of matplotlib. The package registers what
draws when it is imported, and a value asks for it when somebody wants a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from typing_extensions import Unpack

    from tb_activation_hist.core.plot_options import (
        AxesArray,
        DifferencePlotOptions,
        LayersPlotOptions,
        RunsPlotOptions,
        SeriesPlotOptions,
        SlicePlotOptions,
    )
    from tb_activation_hist.core.slice_counts import SliceStatistic


SeriesT = TypeVar("SeriesT", contravariant=True)


class Drawing(Protocol[SeriesT]):
    """What draws a type of series: the module `notebook.plot`."""

    def plot_series(self, series: SeriesT, /, **options: Unpack[SeriesPlotOptions]) -> Axes: ...

    def plot_difference(
        self,
        one: SeriesT,
        other: SeriesT,
        /,
        **options: Unpack[DifferencePlotOptions],
    ) -> Axes: ...

    def plot_slice(
        self,
        series: SeriesT,
        step: int | None,
        /,
        **options: Unpack[SlicePlotOptions],
    ) -> Axes: ...

    def plot_slices(self, slices: Any, statistic: SliceStatistic, ax: Axes | None, /) -> Axes: ...

    def plot_update_ratios(self, updates: Mapping[str, SeriesT], ax: Axes | None, /) -> Axes: ...

    def plot_layers(
        self, layers: Mapping[str, SeriesT], /, **options: Unpack[LayersPlotOptions]
    ) -> AxesArray: ...

    def plot_runs(
        self,
        runs: Mapping[str, Mapping[str, SeriesT]],
        layers: Sequence[str] | None,
        /,
        **options: Unpack[RunsPlotOptions],
    ) -> AxesArray: ...

    def series_to_png(self, series: SeriesT, /) -> bytes: ...

    def series_to_html(self, series: SeriesT, /) -> str: ...


_loaders: list[Callable[[], Drawing[Any]]] = []


def register_drawing(load: Callable[[], Drawing[Any]]) -> None:
    """Make ``load()`` the source of all pictures: the module `notebook.plot`."""
    _loaders[:] = [load]


def drawing() -> Drawing[Any]:
    """The registered module, loaded at the first picture."""
    return _loaders[0]()
