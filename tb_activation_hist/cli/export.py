"""`export`: histograms as CSV, Parquet or NumPy arrays, or as a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from tb_activation_hist.cli.logdir import Run, print_problems, read_runs
from tb_activation_hist.core.csv_text import LINE_END, bins_to_csv, cells_to_csv
from tb_activation_hist.core.errors import LogdirError, MissingDependencyError, OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.plot_options import Scale
from tb_activation_hist.core.table import ARRAYS, BIN_COLUMNS


def run_export(given: argparse.Namespace) -> int:
    output = given.output or f"activation_hist.{given.format}"
    if output == "-" and given.format != "csv":
        msg = f"--output - is for csv; give a file for {given.format}."
        raise OptionError(msg)
    runs = read_runs(given.logdir, given.run, given.layer)
    write = WRITERS[given.format]
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


def _write_parquet(runs: Sequence[Run], output: str, _scale: str) -> None:
    try:
        import pandas as pd
        import pyarrow as pa  # noqa: F401 - pandas writes Parquet with it
    except ImportError as err:
        msg = "Parquet needs pandas and pyarrow: pip install 'tb-activation-hist[parquet]'"
        raise MissingDependencyError(msg) from err
    tables = []
    for run, key, series in _each(runs):
        table = series.to_dataframe(counts=True)
        table.insert(0, "run", run)
        table.insert(1, "layer", key)
        tables.append(table)
    pd.concat(tables, ignore_index=True).to_parquet(output, index=False)


def _write_npz(runs: Sequence[Run], output: str, _scale: str) -> None:
    """Write arrays named ``<run>/<layer>/<name of table.ARRAYS>``."""
    arrays: dict[str, Any] = {}
    for run, key, series in _each(runs):
        for name in ARRAYS:
            arrays[f"{run}/{key}/{name}"] = getattr(series, name)
    with Path(output).open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_picture(runs: Sequence[Run], output: str, scale: Scale) -> None:
    try:
        import matplotlib as mpl
    except ImportError as err:
        msg = "Pictures need matplotlib: pip install 'tb-activation-hist[plot]'"
        raise MissingDependencyError(msg) from err
    # No window opens for a picture that goes into a file.
    mpl.use("Agg")
    from matplotlib import pyplot as plt

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
