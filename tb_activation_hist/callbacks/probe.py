"""`probe_module`: look at some layers of a model while it trains, in memory."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tb_activation_hist.callbacks.session import RecordingSession
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.findings import Finding
from tb_activation_hist.notebook.activation_stats import ActivationStatsReaders

if TYPE_CHECKING:
    from typing_extensions import Self


def probe_module(
    learn_or_model: Any, module: Any = None, *, logdir: Any = None, **options: Any
) -> Probe:
    """Record the activations of some layers and look at them.

    learn_or_model: a fastai Learner, whose following fits are recorded, or a plain ``nn.Module``;
    then call ``probe.step()`` after each optimizer step. module: modules, names or patterns, as
    ``layers`` of `ActivationHistLogger`; None: all leaf modules. logdir: also write a run directory
    for TensorBoard. options: those of `ActivationHistLogger`.

    ``probe = probe_module(learn, learn.model.layer1); learn.fit(3, 1e-2); probe.plot()``
    """
    # A Learner can only come from a fastai that is already imported.
    learner = sys.modules.get("fastai.learner")
    if learner is not None and isinstance(learn_or_model, learner.Learner):
        return LearnerProbe(learn_or_model, logdir, {"layers": module, **options})
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(learn_or_model, torch.nn.Module):
        return ModelProbe(learn_or_model, logdir, {"layers": module, **options})
    msg = f"probe_module takes a fastai Learner or a torch.nn.Module, but got {learn_or_model!r}."
    raise OptionError(msg)


class Probe(ActivationStatsReaders):
    """Recorded layers and their pictures; made by `probe_module`."""

    def plot(self, **options: Any) -> Any:
        """One panel for each layer: x the step, y the value, colour the count (logarithmic).

        options: those of `plot.plot_layers`: columns, lo, hi, scale, rows. Returns the axes.
        """
        from tb_activation_hist.notebook.plot import plot_layers

        return plot_layers(self.histograms, **options)

    @abstractmethod
    def findings(self) -> list[Finding]:
        """What is wrong in what was recorded so far, the gravest first; [] when nothing is."""

    def step(self, **scalars: Any) -> None:
        """End a step of a plain PyTorch training; a Learner's fits do that themselves."""

    def close(self) -> None:
        """Stop recording and take the hooks off; what was recorded stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ModelProbe(Probe):
    """Probe of a plain module: hooks from now until `close`."""

    def __init__(self, model: Any, logdir: Any, options: dict[str, Any]) -> None:
        self._session = RecordingSession(logdir, options)
        self._session.begin(model)

    @property
    def histograms(self) -> Mapping[str, HistogramSeries]:
        """What was recorded so far, by layer, in model order."""
        return self._session.histograms

    def findings(self) -> list[Finding]:
        """What is wrong in what was recorded so far, the gravest first; [] when nothing is."""
        return self._session.findings()

    def step(self, **scalars: Any) -> None:
        """End a step: call it once after each optimizer step."""
        self._session.step(scalars)

    def close(self) -> None:
        """Stop recording and take the hooks off; what was recorded stays."""
        self._session.close()


class LearnerProbe(Probe):
    """Probe of a Learner: a callback that records its following fits."""

    def __init__(self, learn: Any, logdir: Any, options: dict[str, Any]) -> None:
        from tb_activation_hist.callbacks.fastai import ActivationHistCallback
        from tb_activation_hist.capture.select import select_layers

        # A name that matches nothing shows here, not at the beginning of a fit.
        select_layers(learn.model, options["layers"])
        self.callback = ActivationHistCallback(logdir, **options)
        self._learn = learn
        learn.add_cb(self.callback)

    @property
    def histograms(self) -> Mapping[str, HistogramSeries]:
        """What was recorded so far, by layer, in model order."""
        return self.callback.histograms

    def findings(self) -> list[Finding]:
        """What is wrong in what was recorded so far, the gravest first; [] when nothing is."""
        return self.callback.findings()

    def close(self) -> None:
        """Take the callback off the Learner; what was recorded stays."""
        if self.callback in self._learn.cbs:
            self._learn.remove_cb(self.callback)
        self.callback.close()
