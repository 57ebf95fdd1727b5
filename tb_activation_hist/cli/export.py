"""`export`: histograms as CSV, Parquet or NumPy arrays, or as a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final

import numpy as np

from tb_activation_hist.cli.logdir import Run, print_problems, read_runs, require_slices
from tb_activation_hist.core.csv_text import LINE_END, bins_to_csv, cells_to_csv
from tb_activation_hist.core.errors import LogdirError, MissingDependencyError, OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.plot_options import Scale
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS, SLICE_TOTALS
from tb_activation_hist.core.slice_series import SLICE_COLUMNS, SliceSeries
from tb_activation_hist.core.table import ARRAYS, BIN_COLUMNS


def run_export(given: argparse.Namespace) -> int:
    output = given.output or f"activation_hist.{given.format}"
    if output == "-" and given.format != "csv":
        msg = f"--output - works only with csv; give a file for {given.format}."
        raise OptionError(msg)
    runs = read_runs(given.logdir, given.run, given.layer)
    write = WRITERS[given.format]
    if given.slices:
        require_slices(runs)
        write = SLICE_WRITERS[given.format]
    try:
        write(runs, output, given.scale)
    except BrokenPipeError:
        raise
    except OSError as err:
        place = "the standard output" if output == "-" else repr(output)
        msg = f"{place} cannot be written: {err.strerror or err}."
        raise LogdirError(msg) from err
    if output != "-":
        layers = sum(len(run.layers) for run in runs)
        print(f"{output}: series {layers}, runs {len(runs)}")
    print_problems(runs)
    return 0


def _each(runs: Sequence[Run]) -> Iterator[tuple[str, str, HistogramSeries]]:
    for run in runs:
        for key, (_, series) in run.layers.items():
            yield run.name, key, series


def _write_csv(runs: Sequence[Run], output: str, _scale: str) -> None:
    if output == "-":
        _write_rows(sys.stdout, runs)
        return
    with Path(output).open("w", newline="", encoding="utf-8") as file:
        _write_rows(file, runs)


def _write_rows(file: IO[str], runs: Sequence[Run]) -> None:
    file.write(cells_to_csv(("run", "layer", *BIN_COLUMNS)) + LINE_END)
    for run, key, series in _each(runs):
        file.writelines(bins_to_csv(series, (run, key)))


def _pandas_for_parquet() -> Any:
    try:
        import pandas as pd
        import pyarrow as pa  # noqa: F401 - pandas writes Parquet with it
    except ImportError as err:
        msg = "Parquet needs pandas and pyarrow: pip install 'tb-activation-hist[parquet]'"
        raise MissingDependencyError(msg) from err
    return pd


def _write_parquet(runs: Sequence[Run], output: str, _scale: str) -> None:
    pd = _pandas_for_parquet()
    tables = []
    for run, key, series in _each(runs):
        table = series.to_dataframe(counts=True)
        table.insert(0, "run", run)
        table.insert(1, "layer", key)
        tables.append(table)
    pd.concat(tables, ignore_index=True).to_parquet(output, index=False)


def _each_split(runs: Sequence[Run]) -> Iterator[tuple[str, str, SliceSeries]]:
    for run, key, series in _each(runs):
        if series.slices is not None:
            yield run, key, series.slices


def _write_slices_csv(runs: Sequence[Run], output: str, _scale: str) -> None:
    with ExitStack() as stack:
        file: IO[str] = sys.stdout
        if output != "-":
            file = stack.enter_context(Path(output).open("w", newline="", encoding="utf-8"))
        file.write(cells_to_csv(("run", "layer", *SLICE_COLUMNS)) + LINE_END)
        for run, key, slices in _each_split(runs):
            columns = slices.to_columns()
            for row in zip(*(columns[name].tolist() for name in SLICE_COLUMNS), strict=True):
                file.write(cells_to_csv((run, key, *map(repr, row))) + LINE_END)


def _write_slices_parquet(runs: Sequence[Run], output: str, _scale: str) -> None:
    pd = _pandas_for_parquet()
    tables = [
        slices.to_dataframe().assign(run=run, layer=key) for run, key, slices in _each_split(runs)
    ]
    columns = ["run", "layer", *SLICE_COLUMNS]
    pd.concat(tables, ignore_index=True)[columns].to_parquet(output, index=False)


def _write_slices_npz(runs: Sequence[Run], output: str, _scale: str) -> None:
    """Write arrays named ``<run>/<layer>/<name>``, (S, K) but for steps and wall_times."""
    arrays: dict[str, Any] = {}
    for run, key, slices in _each_split(runs):
        for name in ("steps", "wall_times", *SLICE_TOTALS, *SLICE_STATISTICS):
            arrays[f"{run}/{key}/{name}"] = getattr(slices, name)
    with Path(output).open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_slices_picture(runs: Sequence[Run], output: str, _scale: str) -> None:
    plt = _pyplot_for_files()
    split = list(_each_split(runs))
    figure, axes = plt.subplots(
        len(split), figsize=(7.5, 3.2 * len(split)), layout="constrained", squeeze=False
    )
    for ax, (run, key, slices) in zip(axes.ravel(), split, strict=True):
        slices.plot(ax=ax).set_title(f"{key}, {run}")
    figure.savefig(output, dpi=100)
    plt.close(figure)


def _write_npz(runs: Sequence[Run], output: str, _scale: str) -> None:
    """Write arrays named ``<run>/<layer>/<name of table.ARRAYS>``."""
    arrays: dict[str, Any] = {}
    for run, key, series in _each(runs):
        for name in ARRAYS:
            arrays[f"{run}/{key}/{name}"] = getattr(series, name)
    with Path(output).open("wb") as file:
        np.savez_compressed(file, **arrays)


def _pyplot_for_files() -> ModuleType:
    try:
        import matplotlib as mpl
    except ImportError as err:
        msg = "Pictures need matplotlib: pip install 'tb-activation-hist[plot]'"
        raise MissingDependencyError(msg) from err
    # No window opens for a picture that goes into a file.
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def _write_picture(runs: Sequence[Run], output: str, scale: Scale) -> None:
    plt = _pyplot_for_files()
    from tb_activation_hist.notebook.plot import plot_layers, plot_runs

    series = {run.name: {key: own for key, (_, own) in run.layers.items()} for run in runs}
    if len(series) == 1:
        axes = plot_layers(next(iter(series.values())), scale=scale)
    else:
        axes = plot_runs(series, list(dict.fromkeys(k for run in runs for k in run.layers)))
    figure = axes.ravel()[0].figure
    figure.savefig(output, dpi=100)
    plt.close(figure)


WRITERS: Final[dict[str, Callable[[Sequence[Run], str, Scale], None]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "npz": _write_npz,
    "png": _write_picture,
    "svg": _write_picture,
}

SLICE_WRITERS: Final[dict[str, Callable[[Sequence[Run], str, Scale], None]]] = {
    "csv": _write_slices_csv,
    "parquet": _write_slices_parquet,
    "npz": _write_slices_npz,
    "png": _write_slices_picture,
    "svg": _write_slices_picture,
}
"""The same formats for the slices of split layers."""
