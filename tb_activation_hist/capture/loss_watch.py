"""Looks, now and then, at a model's outputs and at the gradients that the loss gives them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from tb_activation_hist.capture.count import is_captured
from tb_activation_hist.capture.countable import plain_values
from tb_activation_hist.capture.loss_forms import LossForm, find_form
from tb_activation_hist.capture.loss_pulls import (
    find_pull,
    has_targets_beyond,
    is_linear,
    is_of_chosen,
    pulls_below_zero,
    pulls_beyond_range,
)
from tb_activation_hist.capture.model_hooks import Hook
from tb_activation_hist.capture.output_graph import GraphWatch, is_sigmoid
from tb_activation_hist.capture.output_sample import OutputSample, to_matrix
from tb_activation_hist.capture.outputs import floating_tensors
from tb_activation_hist.capture.overlap_losses import SeenOverlaps
from tb_activation_hist.capture.seen_classes import SeenClasses
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.softmax_axes import (
    are_shares_of_samples,
    is_over_positions,
    pulls_over_samples,
)
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.torch_internals import in_backward, inline_or_skip, is_tracing
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.loss_form_names import NEGATIVE_LIKELIHOOD
from tb_activation_hist.core.setup_facts import (
    GRADIENT_NORM,
    GRADIENTS_USED,
    OUTPUT_SIZE,
    LossGradients,
)

EARLY: Final = 16
BETWEEN: Final = (11, 17, 23, 13, 19)
"""Looks follow after 1, 2, 4, 8 and 16 records, and then so many apart: not evenly, for else some
batches of an epoch that always has the same order would be seen again and again."""

PLACES_AND_CLASSES: Final = (-1, 1)
"""Dimensions of outputs with more than two that classes may lie along."""

MOST_OUTPUTS: Final = 4
MOST_CALLS: Final = 6
MOST_LEVELS: Final = 64

Fail: TypeAlias = Callable[[str, BaseException], None]
_Pair: TypeAlias = tuple[FloatArray, FloatArray]

_is_compiling = torch.compiler.is_compiling


class LossWatch:
    """The looks at all outputs of a logger's models."""

    def __init__(self) -> None:
        self.on = False
        """Whether the step under way is looked at."""
        self._due = self._looks = 0
        self._calls: dict[str, list[_Call]] = {}
        self._waiting: deque[tuple[int, dict[str, list[_Call]]]] = deque()
        self._known: dict[str, _Known] = {}

    def begin_step(self, recorded: bool, records: int) -> None:
        """A step begins; recorded: whether it makes a record. records: how many there are."""
        self.on = recorded and records >= self._due
        if self.on:
            self._looks += 1
            between = records if records < EARLY else BETWEEN[self._looks % len(BETWEEN)]
            self._due = records + max(between, 1)

    def note(self, name: str, output: Any, fail: Fail) -> None:
        """A model has given this output in training. fail: takes what goes wrong later."""
        for path, tensor in floating_tensors(output)[:MOST_OUTPUTS]:
            values = plain_values(tensor) if tensor.requires_grad and tensor.dim() else None
            if values is None or tensor.is_leaf or is_captured(values):
                continue
            calls = self._calls.setdefault(f"{name}/{path}" if path else name, [])
            if len(calls) < MOST_CALLS and values.numel():
                calls.append(_Call(values, name, fail, is_sigmoid=is_sigmoid(tensor)))
                tensor.register_hook(calls[-1])

    def end_record(self, step: int) -> bool:
        """A record ends; whether there is anything new."""
        if self._calls:
            self._waiting.append((step, self._calls))
            self._calls = {}
        found = False
        while self._waiting and all(c.arrived for own in self._waiting[0][1].values() for c in own):
            then, looked = self._waiting.popleft()
            for name, calls in looked.items():
                found |= self._take(name, then, calls)
        return found

    def _take(self, name: str, step: int, calls: list[_Call]) -> bool:
        try:
            return bool(calls) and self._known.setdefault(name, _Known(name)).add(step, calls)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            calls[0].fail(err)
            return False

    @property
    def facts(self) -> list[LossGradients]:
        return [own.fact for own in self._known.values() if own.looks]


class OutputHook(Hook):
    """After a model's forward pass of a step that is looked at."""

    def __init__(
        self, layer: Layer, watch: LossWatch, graphs: Sequence[GraphWatch], state: CaptureState
    ) -> None:
        self._name = layer.name
        self._watch = watch
        self._graphs = graphs
        self._state = state

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        """Never changes the output; raises only with ``on_error="raise"``."""
        if _is_compiling() or not (self._watch.on and self._state.train and module.training):
            return
        try:
            if not (is_tracing() or in_backward()):
                with torch.no_grad(), self._state.clock:
                    self._watch.note(self._name, output, self._state.fail)
                    for graph in self._graphs:
                        graph.note(self._name, module, args, output, self._state.step)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            self._state.fail(_place(self._name), err)


class _Call:
    """An output of one call and its gradient, which backward gives it later.

    is_sigmoid: whether the values are a sigmoid's. penalised: whether a gradient was computed to be
    differentiated itself, as for a penalty.
    """

    __torch_unserializable__ = True

    def __init__(self, values: Tensor, name: str, fail: Fail, *, is_sigmoid: bool) -> None:
        self.is_sigmoid = is_sigmoid
        self._name = name
        self._fail = fail
        self.values = OutputSample(values)
        self.count = values.numel()
        self._gradient: OutputSample | None = None
        self.eps = 0.0
        self.penalised = False

    def __call__(self, gradient: Tensor | None) -> None:
        """Keep a sample; never changes the gradient."""
        if gradient is None:
            return  # a compiled model that has computed its loss itself gives none to its output
        if torch.is_grad_enabled():
            self.penalised = True
            return
        try:
            values = plain_values(gradient)
            if values is not None:
                self._gradient = OutputSample(values)
                self.eps = float(torch.finfo(values.dtype).eps)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            self.fail(err)

    def fail(self, error: Exception) -> None:
        """Say what went wrong with it."""
        self._fail(_place(self._name), error)

    @property
    def arrived(self) -> bool:
        late = (self.values, self._gradient)
        return all(each.arrived for each in late if each is not None)

    def read(self) -> list[_Pair] | None:
        """Outputs and gradients of each part; None without a gradient, or where some are not
        finite."""
        if self._gradient is None:
            return None
        outputs, gradients = self.values.read(), self._gradient.read()
        pairs = list(zip(outputs, gradients, strict=False))
        fit = all(one.shape == other.shape for one, other in pairs)
        if not fit or not all(np.isfinite(each).all() for pair in pairs for each in pair):
            return None
        return pairs


def _place(name: str) -> str:
    return f"the loss of {name}"


inline_or_skip(OutputHook.__call__, _Call.__call__)


@dataclass
class _Known:
    """What the looks at one output have shown so far."""

    name: str
    looks: int = 0
    _calls: int = 0
    _first: int = 0
    _last: int = 0
    _since: int = 0
    _width: int = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _forms: Counter[str] = field(default_factory=Counter)
    _normalised: Counter[str] = field(default_factory=Counter)
    _levels: list[float] = field(default_factory=list)
    _start: dict[str, float] = field(default_factory=dict)
    _classes: SeenClasses = field(default_factory=SeenClasses)
    _overlaps: SeenOverlaps = field(default_factory=SeenOverlaps)

    def add(self, step: int, calls: list[_Call]) -> bool:
        """Take in the calls of a look; whether they had gradients."""
        known = [(call, pair) for call in calls if (pair := call.read()) is not None]
        if not known:
            return False
        first, ((outputs, gradients), *rows) = known[0]
        self.looks += 1
        self._calls = max(self._calls, len(calls))
        self._first, self._last = self._first or step, step
        self._counts["sigmoids"] += first.is_sigmoid
        self._counts["penalised"] += any(call.penalised for call in calls)
        self._counts["linear"] += is_linear([own[0][1] for _, own in known])
        if self.looks == 1 == len(calls):
            self._start = _sizes_of(outputs, gradients, first.count)
        eps = next(call.eps for call in calls if call.eps)
        matrices = rows if outputs.ndim > 2 else [(outputs, gradients)]
        has_places = outputs.ndim > 2
        if first.values.whole:
            shares = are_shares_of_samples(outputs, eps)
            self._counts["batch_shares"] += shares
            self._counts["over_batch"] += shares or pulls_over_samples(gradients, eps)
        if len(rows) == len(PLACES_AND_CLASSES):
            last, second = (own[1] for own in rows)
            self._counts["over_places"] += is_over_positions(
                second, last, eps
            ) or is_over_positions(last, second, eps)
        outputs, gradients = (each.reshape(len(each), -1) for each in (outputs, gradients))
        if np.ptp(gradients) > 0:
            self._take_pull(outputs, gradients, eps)
            self._take_ends(step, outputs, gradients)
            if not self._take_form(matrices) and has_places:
                self._counts["off_targets"] += self._overlaps.add(outputs, gradients)
        return True

    def _take_pull(self, outputs: FloatArray, gradients: FloatArray, eps: float) -> None:
        pull = find_pull(outputs, gradients, eps)
        self._counts["judged"] += pull.shared is not None
        self._counts["shared"] += bool(pull.shared)
        new = all(abs(pull.level - level) > pull.tolerance for level in self._levels)
        if pull.shared and new and len(self._levels) < MOST_LEVELS:
            self._levels.append(pull.level)

    def _take_ends(self, step: int, outputs: FloatArray, gradients: FloatArray) -> None:
        below = pulls_below_zero(outputs, gradients)
        beyond = pulls_beyond_range(outputs, gradients)
        self._counts["below_zero"] += below
        self._counts["beyond_range"] += beyond
        if below or beyond:
            self._since = self._since or step
        self._counts["after"] += self._since > 0

    def _take_form(self, parts: list[_Pair]) -> bool:
        """Of the first part whose rows go into such a loss; those of the others are no classes.

        Returns whether there is one.
        """
        seen: Counter[str] = Counter()
        for rows, pulls in parts:
            (outputs, samples), (gradients, _) = to_matrix(rows), to_matrix(pulls)
            form = find_form(outputs, gradients)
            if form is not None:
                self._take_known(form, outputs.shape[1], samples)
                return True
            other = find_form(outputs, -gradients)
            seen["ascended"] |= other is not None and other.name != NEGATIVE_LIKELIHOOD
            seen["chosen"] |= is_of_chosen(gradients)
            seen["off_targets"] |= has_targets_beyond(outputs.ravel(), gradients.ravel())
        self._counts.update(seen)
        return seen.total() > 0

    def _take_known(self, form: LossForm, width: int, samples: IntArray) -> None:
        self._forms[form.name] += 1
        self._width = width
        self._normalised[form.name] += form.normalised
        if len(form.labels):
            self._classes.add(form.labels, samples[form.rows])

    @property
    def fact(self) -> LossGradients:
        form, formed = max(self._forms.items(), key=lambda each: each[1], default=("", 0))
        return LossGradients(
            self.name,
            self.looks,
            self._calls,
            self._first,
            self._last,
            levels=len(self._levels),
            form=form,
            formed=formed,
            normalised=int(self._normalised[form]),
            since=self._since,
            labels=self._classes.looks,
            classes=self._width if form else 0,
            likeness=self._classes.likeness,
            start=self._start,
            **{name: int(self._counts[name]) for name in COUNTED},
            raw_overlap=self._overlaps.of_logits,
            lowered_overlap=self._overlaps.lowered,
        )


COUNTED: Final = (
    "judged",
    "shared",
    "ascended",
    "below_zero",
    "beyond_range",
    "after",
    "linear",
    "penalised",
    "chosen",
    "over_batch",
    "over_places",
    "off_targets",
    "sigmoids",
    "batch_shares",
)


def _sizes_of(outputs: FloatArray, gradients: FloatArray, count: int) -> dict[str, float]:
    """Sizes of all outputs of a call and their gradients, to four digits, as processors differ in
    the last ones. count: of how many these are a part."""
    share = gradients.size / count
    sizes = {
        GRADIENT_NORM: np.sqrt((gradients**2).sum() / share),
        GRADIENTS_USED: (gradients != 0).sum() / share,
        OUTPUT_SIZE: np.sqrt((outputs**2).mean()),
    }
    return {name: float(f"{size:.4g}") for name, size in sizes.items()}
