"""What is counted, and when: the options of the capture."""

# ruff: noqa: RUF009 - `option` returns dataclasses.field, with the documentation attached.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tb_activation_hist.core.names import KINDS, PHASES, Kind, Phase
from tb_activation_hist.core.option_fields import (
    ON_ERROR,
    OnError,
    check_callable,
    check_flag,
    check_share,
    check_whole,
    check_word,
    option,
    refuse,
    set_names,
)
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.registry import check_scheme
from tb_activation_hist.core.schemes.scheme import Scheme

if TYPE_CHECKING:
    from torch.amp import GradScaler

    from tb_activation_hist.capture.select import Layers
    from tb_activation_hist.capture.split import Split

DEFAULT_BUDGET: Final = 0.05
"""Share of the step time that recording may add when the user says nothing."""


@dataclass(frozen=True, kw_only=True)
class CaptureOptions:
    """What is counted, and when. Each field's meaning is in its metadata."""

    layers: Layers = option(
        None,
        "Which modules: None (all leaf modules, and all parameters), names, glob patterns, "
        "`re.compile(...)`, module types, module objects, a predicate `(name, module) -> bool`, "
        "or a list of these.",
    )
    every: int = option(
        1, "Record steps k, 2k, 3k ...; the first step is always recorded.", "steps"
    )
    kinds: Kind | Sequence[Kind] = option(
        ("activations",),
        "What is recorded: any of `activations`, `gradients` (of the activations), `weights`, "
        "`weight_gradients`, `updates` (relative to the weights' root mean square; with FSDP, that "
        "of the rank's shard), `inputs` (of the layers), `optimizer_state` (Adam's moments and the "
        "like, of each parameter). A single name needs no list.",
    )
    phases: Phase | Sequence[Phase] = option(
        ("train",),
        "Which forward passes are recorded: those in `train` mode, in `eval` mode, or both, kept "
        "separate.",
    )
    bins: Scheme = option(
        FloatBits(),
        "The bins: `FloatBits()` (1/16 octave, any range) or "
        "`LinearBins(count, lo, hi)` (the bins of torch.histc).",
    )
    per_call: bool = option(
        False,
        "Record each call of a module within a step (in evaluation: within a forward pass) as a "
        "layer of its own, `name:0`, `name:1` ... in the order of the calls, instead of all calls "
        "together.",
    )
    split: Split | None = option(
        None,
        'A dict from patterns, as in `layers`, to dimensions: `{"*.relu": 1, "*/scores": 1}` also '
        "records every channel, unit, head or expert along that dimension, see docs/channels.md.",
    )
    split_bins: bool = option(
        False,
        "Also record the bins of every slice of what is split into at most 64, each as a layer of "
        "its own (`attn/scores/3`).",
    )
    accumulate: bool = option(
        False, "Merge the steps between two records into the later record instead of skipping them."
    )
    thin_after: int | None = option(
        4000,
        "After this many records, record only every second step, and halve the rate again each "
        "time the number of steps doubles. None: never thin.",
        "records",
    )
    schedule: Callable[[int], bool] | None = option(
        None,
        "A function `step -> bool` that decides whether a step (counted from 1) is recorded, in "
        "place of `every` and `thin_after`; for example `LogSpaced(per_decade=100)`.",
    )
    overhead_budget: float | None = option(
        DEFAULT_BUDGET,
        "Largest share of the step time that recording may add, on the host and on the device. "
        "Above it, after the first seconds of a training, only every 2nd, 4th, 8th ... step is "
        "recorded, and a warning says so. Does not apply to `schedule`. None: record at any cost.",
        "share of the step time",
    )
    sizes_every: int | None = option(
        16,
        "In every n-th record, in some before it (the first, second, third, fifth, ninth ...) and "
        "in the last, measure the sizes of all parameters, of their gradients and of their "
        "updates, and whether weights changed at all. These sizes have no panels. None: never.",
        "records",
    )
    model_inputs: bool = option(
        True,
        "Also record what goes into the model itself, as the kind `inputs` under the model's name: "
        "floats, whole numbers, each column of a table, and whether it is the same as before.",
    )
    scaler: GradScaler | None = option(
        None, "`GradScaler` in use; activation gradients are divided by its scale."
    )
    on_error: OnError = option(
        "warn",
        "What an error inside the logger does: `warn` once and let the training go on, or `raise` "
        "(for tests).",
    )

    def __post_init__(self) -> None:
        check_whole("every", self.every, 1)
        set_names(self, "kinds", KINDS)
        set_names(self, "phases", PHASES)
        check_scheme("bins", self.bins)
        check_split(self.split)
        for name in ("per_call", "split_bins", "accumulate", "model_inputs"):
            check_flag(name, getattr(self, name))
        if self.thin_after is not None:
            check_whole("thin_after", self.thin_after, 2)
        if self.sizes_every is not None:
            check_whole("sizes_every", self.sizes_every, 1)
        self._check_cadence()
        check_word("on_error", self.on_error, ON_ERROR)

    def _check_cadence(self) -> None:
        check_callable("schedule", self.schedule)
        if self.schedule is not None and self.every != 1:
            refuse("every", self.every, "1 when schedule is given, since schedule decides alone")
        if self.overhead_budget is not None:
            check_share("overhead_budget", self.overhead_budget)
            if self.schedule is not None and self.overhead_budget != DEFAULT_BUDGET:
                allowed = "left out when schedule is given, since schedule decides alone"
                refuse("overhead_budget", self.overhead_budget, allowed)


def check_split(given: Any) -> None:
    """OptionError unless this is None or a mapping to dimensions."""
    known = given is None or isinstance(given, Mapping)
    dims = given.values() if known and given else ()
    if not known or any(isinstance(dim, bool) or not isinstance(dim, int) for dim in dims):
        example = '{"*.relu": 1, "*/scores": -1}'
        refuse("split", given, f"a dict from patterns to dimensions, such as {example}")
