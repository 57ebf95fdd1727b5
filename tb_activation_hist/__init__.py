"""Activation histograms of a training, as heatmaps in TensorBoard.

The names in ``__all__`` are public, and so are the modules `fastai`, `lightning` and
`transformers`, each with that library's ``ActivationHistCallback``. All other modules may change
without notice.

Importing this package imports neither torch, tensorboard nor fastai; each public name is loaded
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tb_activation_hist.core.drawing import Drawing, register_drawing
from tb_activation_hist.core.sharing import Sharing, register_sharing

if TYPE_CHECKING:
    from tb_activation_hist.callbacks.fastai import ActivationHistCallback
    from tb_activation_hist.callbacks.probe import LearnerLike, Probe, probe_module
    from tb_activation_hist.capture.parameter_kinds import StepWatcher
    from tb_activation_hist.capture.record import record
    from tb_activation_hist.capture.schedule import Between, Every, LogSpaced
    from tb_activation_hist.capture.select import Layers, LayerSelector
    from tb_activation_hist.capture.split import Split, SplitPattern
    from tb_activation_hist.core.bin_counts import BinCounts
    from tb_activation_hist.core.comparison.criterion import CompareMode
    from tb_activation_hist.core.comparison.layer_names import LayerNames
    from tb_activation_hist.core.comparison.recording import Recording
    from tb_activation_hist.core.comparison.run_comparison import (
        LayerComparison,
        RecordFacts,
        RunComparison,
    )
    from tb_activation_hist.core.errors import (
        ActivationHistError,
        ActivationHistWarning,
        ComparisonError,
        FormatError,
        LayerSelectionError,
        LogdirError,
        MissingDependencyError,
        OptionError,
    )
    from tb_activation_hist.core.execution_order import ExecutionOrder
    from tb_activation_hist.core.format_loss import FormatLoss
    from tb_activation_hist.core.histogram import HistogramSeries
    from tb_activation_hist.core.names import Kind, LayerInfo, Phase
    from tb_activation_hist.core.number_formats import NumberFormat
    from tb_activation_hist.core.option_fields import OnError
    from tb_activation_hist.core.parameter_sizes import (
        ParameterFacts,
        ParameterHistory,
        ParameterInfo,
        ParameterSizes,
        SizeSeries,
    )
    from tb_activation_hist.core.plot_options import (
        AxesArray,
        DifferencePlotOptions,
        LayersPlotOptions,
        NumberFormatOptions,
        RunsPlotOptions,
        Scale,
        SeriesPlotOptions,
        SlicePlotOptions,
        ValueAxisOptions,
    )
    from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins
    from tb_activation_hist.core.schemes.float_bits import FloatBits
    from tb_activation_hist.core.schemes.linear_bins import LinearBins
    from tb_activation_hist.core.schemes.scheme import AnyScheme, Scheme
    from tb_activation_hist.core.share_options import ShareOptions
    from tb_activation_hist.core.slice_counts import SliceStatistic
    from tb_activation_hist.core.slice_series import SliceSeries, SliceTallies
    from tb_activation_hist.core.table import TableOptions
    from tb_activation_hist.core.tallies import Tallies
    from tb_activation_hist.findings import Evidence, Finding, FindingOptions
    from tb_activation_hist.notebook.activation_stats import LayerStats
    from tb_activation_hist.recording.histogram_writer import HistogramWriter, LayerValues
    from tb_activation_hist.recording.logger import ActivationHistLogger
    from tb_activation_hist.recording.options import LoggerOptions, WatchedKind
    from tb_activation_hist.storage.comparisons import CompareOptions, compare_runs, save_golden
    from tb_activation_hist.storage.event_file import Logdir, SummaryWriterLike
    from tb_activation_hist.storage.interactive import NotebookCell
    from tb_activation_hist.storage.logdir_histograms import LogdirHistograms, read_histograms
    from tb_activation_hist.storage.memory_writer import MemoryWriter
    from tb_activation_hist.storage.options import OnBacklog, WriterOptions
    from tb_activation_hist.storage.recordings import RecordingSource
    from tb_activation_hist.storage.run_histograms import RunHistograms
    from tb_activation_hist.storage.writer import RunWriter

__version__ = "0.2.0"

_HOMES: Final = {
    "ActivationHistCallback": "callbacks.fastai",
    "ActivationHistError": "core.errors",
    "ActivationHistLogger": "recording.logger",
    "ActivationHistWarning": "core.errors",
    "AnyScheme": "core.schemes.scheme",
    "AxesArray": "core.plot_options",
    "Between": "capture.schedule",
    "BinCounts": "core.bin_counts",
    "CompareMode": "core.comparison.criterion",
    "CompareOptions": "storage.comparisons",
    "ComparisonError": "core.errors",
    "DifferencePlotOptions": "core.plot_options",
    "Every": "capture.schedule",
    "Evidence": "findings",
    "ExecutionOrder": "core.execution_order",
    "ExplicitBins": "core.schemes.explicit_bins",
    "Finding": "findings",
    "FindingOptions": "findings",
    "FloatBits": "core.schemes.float_bits",
    "FormatError": "core.errors",
    "FormatLoss": "core.format_loss",
    "HistogramSeries": "core.histogram",
    "HistogramWriter": "recording.histogram_writer",
    "Kind": "core.names",
    "LayerComparison": "core.comparison.run_comparison",
    "LayerInfo": "core.names",
    "LayerNames": "core.comparison.layer_names",
    "LayerSelectionError": "core.errors",
    "LayerSelector": "capture.select",
    "LayerStats": "notebook.activation_stats",
    "LayerValues": "recording.histogram_writer",
    "Layers": "capture.select",
    "LayersPlotOptions": "core.plot_options",
    "LearnerLike": "callbacks.probe",
    "LinearBins": "core.schemes.linear_bins",
    "LogSpaced": "capture.schedule",
    "Logdir": "storage.event_file",
    "LogdirError": "core.errors",
    "LogdirHistograms": "storage.logdir_histograms",
    "LoggerOptions": "recording.options",
    "MemoryWriter": "storage.memory_writer",
    "MissingDependencyError": "core.errors",
    "NotebookCell": "storage.interactive",
    "NumberFormat": "core.number_formats",
    "NumberFormatOptions": "core.plot_options",
    "OnBacklog": "storage.options",
    "OnError": "core.option_fields",
    "OptionError": "core.errors",
    "ParameterFacts": "core.parameter_sizes",
    "ParameterHistory": "core.parameter_sizes",
    "ParameterInfo": "core.parameter_sizes",
    "ParameterSizes": "core.parameter_sizes",
    "Phase": "core.names",
    "Probe": "callbacks.probe",
    "RecordFacts": "core.comparison.run_comparison",
    "Recording": "core.comparison.recording",
    "RecordingSource": "storage.recordings",
    "RunComparison": "core.comparison.run_comparison",
    "RunHistograms": "storage.run_histograms",
    "RunWriter": "storage.writer",
    "RunsPlotOptions": "core.plot_options",
    "Scale": "core.plot_options",
    "Scheme": "core.schemes.scheme",
    "SeriesPlotOptions": "core.plot_options",
    "ShareOptions": "core.share_options",
    "SizeSeries": "core.parameter_sizes",
    "SlicePlotOptions": "core.plot_options",
    "SliceSeries": "core.slice_series",
    "SliceStatistic": "core.slice_counts",
    "SliceTallies": "core.slice_series",
    "Split": "capture.split",
    "SplitPattern": "capture.split",
    "StepWatcher": "capture.parameter_kinds",
    "SummaryWriterLike": "storage.event_file",
    "TableOptions": "core.table",
    "Tallies": "core.tallies",
    "ValueAxisOptions": "core.plot_options",
    "WatchedKind": "recording.options",
    "WriterOptions": "storage.options",
    "compare_runs": "storage.comparisons",
    "probe_module": "callbacks.probe",
    "read_histograms": "storage.logdir_histograms",
    "record": "capture.record",
    "save_golden": "storage.comparisons",
}

# Libraries that are installed on demand: the extra has the library's name.
_EXTRAS: Final = ("torch", "fastai")

__all__ = [
    "ActivationHistCallback",
    "ActivationHistError",
    "ActivationHistLogger",
    "ActivationHistWarning",
    "AnyScheme",
    "AxesArray",
    "Between",
    "BinCounts",
    "CompareMode",
    "CompareOptions",
    "ComparisonError",
    "DifferencePlotOptions",
    "Every",
    "Evidence",
    "ExecutionOrder",
    "ExplicitBins",
    "Finding",
    "FindingOptions",
    "FloatBits",
    "FormatError",
    "FormatLoss",
    "HistogramSeries",
    "HistogramWriter",
    "Kind",
    "LayerComparison",
    "LayerInfo",
    "LayerNames",
    "LayerSelectionError",
    "LayerSelector",
    "LayerStats",
    "LayerValues",
    "Layers",
    "LayersPlotOptions",
    "LearnerLike",
    "LinearBins",
    "LogSpaced",
    "Logdir",
    "LogdirError",
    "LogdirHistograms",
    "LoggerOptions",
    "MemoryWriter",
    "MissingDependencyError",
    "NotebookCell",
    "NumberFormat",
    "NumberFormatOptions",
    "OnBacklog",
    "OnError",
    "OptionError",
    "ParameterFacts",
    "ParameterHistory",
    "ParameterInfo",
    "ParameterSizes",
    "Phase",
    "Probe",
    "RecordFacts",
    "Recording",
    "RecordingSource",
    "RunComparison",
    "RunHistograms",
    "RunWriter",
    "RunsPlotOptions",
    "Scale",
    "Scheme",
    "SeriesPlotOptions",
    "ShareOptions",
    "SizeSeries",
    "SlicePlotOptions",
    "SliceSeries",
    "SliceStatistic",
    "SliceTallies",
    "Split",
    "SplitPattern",
    "StepWatcher",
    "SummaryWriterLike",
    "TableOptions",
    "Tallies",
    "ValueAxisOptions",
    "WatchedKind",
    "WriterOptions",
    "compare_runs",
    "probe_module",
    "read_histograms",
    "record",
    "save_golden",
]


def _load(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        module = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRAS:
            raise
        msg = f"{name} needs {library}: pip install 'tb-activation-hist[{library}]'"
        raise ModuleNotFoundError(msg, name=error.name) from error
    value = getattr(module, name)
    globals()[name] = value
    return value


# A type checker that saw it would take every misspelt name for one that is loaded on demand.
if not TYPE_CHECKING:
    __getattr__ = _load


def _load_drawing() -> Drawing[Any]:
    from tb_activation_hist.notebook import plot

    return plot


register_drawing(_load_drawing)


def _load_sharing() -> Sharing:
    from tb_activation_hist.plugin.sharing import shared_runs

    return shared_runs


register_sharing(_load_sharing)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
