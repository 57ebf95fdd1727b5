"""Activation histograms of a training, as heatmaps in TensorBoard.

Importing this package imports neither torch, tensorboard nor fastai; each public name is loaded
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tb_activation_hist.core.drawing import register_drawing

if TYPE_CHECKING:
    from tb_activation_hist.callbacks.fastai import ActivationHistCallback
    from tb_activation_hist.callbacks.probe import Probe, probe_module
    from tb_activation_hist.capture.schedule import Between, Every, LogSpaced
    from tb_activation_hist.core.errors import (
        ActivationHistError,
        ActivationHistWarning,
        FormatError,
        LayerSelectionError,
        LogdirError,
        OptionError,
    )
    from tb_activation_hist.core.histogram import HistogramSeries
    from tb_activation_hist.core.schemes.float_bits import FloatBits
    from tb_activation_hist.core.schemes.linear_bins import LinearBins
    from tb_activation_hist.recording.logger import ActivationHistLogger
    from tb_activation_hist.storage.logdir_histograms import read_histograms

__version__ = "0.1.0"

_HOMES: Final = {
    "ActivationHistCallback": "callbacks.fastai",
    "ActivationHistError": "core.errors",
    "ActivationHistLogger": "recording.logger",
    "ActivationHistWarning": "core.errors",
    "Between": "capture.schedule",
    "Every": "capture.schedule",
    "FloatBits": "core.schemes.float_bits",
    "FormatError": "core.errors",
    "HistogramSeries": "core.histogram",
    "LayerSelectionError": "core.errors",
    "LinearBins": "core.schemes.linear_bins",
    "LogSpaced": "capture.schedule",
    "LogdirError": "core.errors",
    "OptionError": "core.errors",
    "Probe": "callbacks.probe",
    "probe_module": "callbacks.probe",
    "read_histograms": "storage.logdir_histograms",
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


register_drawing(lambda: import_module(f"{__name__}.notebook.plot"))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
