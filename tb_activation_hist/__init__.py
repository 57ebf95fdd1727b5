"""Activation histograms of a training, as heatmaps in TensorBoard.

Importing this package imports neither torch, tensorboard nor fastai; each public name is loaded
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tb_activation_hist.callbacks.fastai import ActivationHistCallback
    from tb_activation_hist.capture.schedule import Between, Every, LogSpaced
    from tb_activation_hist.errors import (
        ActivationHistError,
        ActivationHistWarning,
        FormatError,
        LayerSelectionError,
        LogdirError,
        OptionError,
    )
    from tb_activation_hist.grid import FloatBits, LinearBins
    from tb_activation_hist.histogram import HistogramSeries
    from tb_activation_hist.logger import ActivationHistLogger
    from tb_activation_hist.probe import Probe, probe_module
    from tb_activation_hist.reader import read_histograms

__version__ = "0.1.0"

_HOMES: Final = {
    "ActivationHistCallback": "callbacks.fastai",
    "ActivationHistError": "errors",
    "ActivationHistLogger": "logger",
    "ActivationHistWarning": "errors",
    "Between": "capture.schedule",
    "Every": "capture.schedule",
    "FloatBits": "grid",
    "FormatError": "errors",
    "HistogramSeries": "histogram",
    "LayerSelectionError": "errors",
    "LinearBins": "grid",
    "LogSpaced": "capture.schedule",
    "LogdirError": "errors",
    "OptionError": "errors",
    "Probe": "probe",
    "probe_module": "probe",
    "read_histograms": "reader",
}

# Libraries that are installed on demand: the extra has the library's name.
_EXTRAS: Final = ("torch", "fastai")

__all__ = [
    "ActivationHistCallback",
    "ActivationHistError",
    "ActivationHistLogger",
    "ActivationHistWarning",
    "Between",
    "Every",
    "FloatBits",
    "FormatError",
    "HistogramSeries",
    "LayerSelectionError",
    "LinearBins",
    "LogSpaced",
    "LogdirError",
    "OptionError",
    "Probe",
    "probe_module",
    "read_histograms",
]


def __getattr__(name: str) -> Any:
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


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
