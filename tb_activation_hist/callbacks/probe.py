"""`probe_module`: look at some layers of a model while it trains, in memory."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex

from tb_activation_hist.callbacks.session import RecordingSession, SessionReaders
from tb_activation_hist.core.call_errors import class_hint, shorten
from tb_activation_hist.core.errors import ActivationHistError, OptionError
from tb_activation_hist.core.share_options import ShareOptions
from tb_activation_hist.recording.options import LoggerOptions
from tb_activation_hist.storage.interactive import HEIGHT_PX, NotebookCell

if TYPE_CHECKING:
    from torch import Tensor, nn
    from typing_extensions import Self, Unpack

    from tb_activation_hist.capture.select import Layers
    from tb_activation_hist.storage.event_file import Logdir


class LearnerLike(Protocol):
    """What tells a fastai ``Learner`` from other objects; fastai itself comes without types."""

    def add_cb(self, cb: Any) -> Any: ...

    def remove_cb(self, cb: Any) -> Any: ...


def probe_module(
    learn_or_model: LearnerLike | nn.Module,
    module: Layers = None,
    *,
    logdir: Logdir | None = None,
    **options: Unpack[LoggerOptions],
) -> Probe:
    """Record the activations of some layers and look at them.

    ``probe = probe_module(learn, learn.model.layer1); learn.fit(3, 1e-2); probe.plot()``

    learn_or_model: a fastai Learner, whose following fits are recorded, or an ``nn.Module``, for
    which ``probe.step()`` is called after each optimizer step.
    module: modules, names or patterns, as ``layers`` of `ActivationHistLogger`; None: all leaf
    modules. logdir: a path, URL or ``SummaryWriter`` for a run that TensorBoard shows; None: the
    records stay in memory. options: ``help(LoggerOptions)`` lists them.

    OptionError for a wrong option or a model of another kind; LayerSelectionError for a layer that
    is not in the model.
    """
    # A Learner can only come from a fastai that is already imported.
    learner = sys.modules.get("fastai.learner")
    if learner is not None and isinstance(learn_or_model, learner.Learner):
        return LearnerProbe(learn_or_model, logdir, {"layers": module, **options})
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(learn_or_model, torch.nn.Module):
        return ModelProbe(learn_or_model, logdir, {"layers": module, **options})
    msg = (
        f"probe_module expects a fastai Learner or a torch.nn.Module, but got "
        f"{shorten(learn_or_model)}.{class_hint(learn_or_model)}"
    )
    raise OptionError(msg)


class Probe(SessionReaders):
    """Recorded layers and their pictures; made by `probe_module`."""

    def interactive(
        self, *, height_px: int = HEIGHT_PX, **options: Unpack[ShareOptions]
    ) -> NotebookCell:
        """The page of what was recorded so far in the cell of a notebook, else a picture.

        options: ``help(ShareOptions)`` lists them. Without columns and size_mb it has as many
        columns, up to 200, as fit into 0.35 MB. height_px: 100 to 5000, default 520. OptionError
        where nothing was recorded yet, or more is asked for than fits.
        """
        return self._session.interactive(height_px, **options)

    def _repr_html_(self) -> str:
        try:
            return self.interactive()._repr_html_()
        except ActivationHistError as err:
            return f"<pre>{escape(repr(self))}</pre><p>{escape(str(err))}</p>"

    def step(self, number: SupportsIndex | None = None, /, **scalars: float | Tensor) -> None:
        """End a step of a plain PyTorch training; a Learner's fits do this themselves.

        number: the step's number, by default one more than the last.
        scalars: written next to the histograms; tensors of one element may stay on their device.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ModelProbe(Probe):
    """Probe of a plain module: hooks from now until `close`."""

    def __init__(self, model: nn.Module, logdir: Logdir | None, options: dict[str, Any]) -> None:
        self._session = RecordingSession(logdir, options)
        self._session.begin(model)

    @property
    def _standing(self) -> str:
        logger = self._session.logger
        return "closed" if logger is None or logger.closed else "open"

    def step(self, number: SupportsIndex | None = None, /, **scalars: float | Tensor) -> None:
        """End a step: call it once after each optimizer step."""
        self._session.step(scalars, number)


class LearnerProbe(Probe):
    """Probe of a Learner: a callback that records its following fits."""

    def __init__(self, learn: Any, logdir: Logdir | None, options: dict[str, Any]) -> None:
        from tb_activation_hist.callbacks.fastai import ActivationHistCallback
        from tb_activation_hist.capture.select import select_layers

        # A name that matches nothing shows here, not at the beginning of a fit.
        select_layers(learn.model, options["layers"])
        self.callback = ActivationHistCallback(logdir, **options)
        self._session = self.callback._session
        self._learn = learn
        learn.add_cb(self.callback)

    @property
    def _standing(self) -> str:
        return "open" if self.callback in self._learn.cbs else "closed"

    def close(self) -> None:
        """Take the callback off the Learner; what was recorded stays."""
        if self.callback in self._learn.cbs:
            self._learn.remove_cb(self.callback)
        self.callback.close()
