"""`HistogramWriter`: histograms of arrays that no torch model makes. Imports no torch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from tb_activation_hist.capture.count_arrays import count_array, is_countable_dtype
from tb_activation_hist.core.bin_counts import BinCounts, bin_counts_to_record, find_scheme
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.names import KINDS, PHASES, Kind, LayerInfo, Phase
from tb_activation_hist.core.option_fields import OnError, check_word
from tb_activation_hist.core.record_counts import RecordCounts, join_counts
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.registry import check_scheme
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.user_warnings import warn_user
from tb_activation_hist.recording.step_numbers import to_step
from tb_activation_hist.storage.event_file import Logdir
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.run_histograms import index_run
from tb_activation_hist.storage.writer import Record, RecordWriter, RunWriter

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

LayerValues: TypeAlias = "npt.ArrayLike | BinCounts | Mapping[str, LayerValues]"
"""What one layer is given: values, counts, or layers of its own, whose names follow after a dot."""


class HistogramWriter:
    """Writes histograms of any arrays, from JAX, Keras 3 or a simulation. Needs numpy, not torch.

    logdir: a path, a URL that TensorBoard can open, a ``SummaryWriter``, whose file is then shared,
    or a `RunWriter` or `MemoryWriter`, which stays open when this one closes.
    bins: the bins that values are counted in, `FloatBits()` (the default) or `LinearBins`.
    on_error: "warn" warns once about each problem and goes on, "raise" raises it; by default that
    of `options`, which is "warn". options: `WriterOptions`, for a logdir.

    Use it as a context manager, or call `close`. The constructor raises `OptionError` for a wrong
    option and `LogdirError` for a logdir that cannot be written. An array gives the same stored
    bytes as `ActivationHistLogger` gives for the same tensor on the CPU. With more than 4 million
    values, or without the C extension, the sums behind mean and std may differ in their last
    digits.
    """

    def __init__(
        self,
        logdir: Logdir | RunWriter | MemoryWriter,
        *,
        bins: Scheme = FLOAT_BITS,
        on_error: OnError | None = None,
        options: WriterOptions | None = None,
    ) -> None:
        check_scheme("bins", bins)
        options = options or WriterOptions()
        if on_error is not None:
            options = replace(options, on_error=on_error)
        self._owned = not isinstance(logdir, RecordWriter)
        self.writer = (
            logdir if isinstance(logdir, RecordWriter) else RunWriter(logdir, options=options)
        )
        self._raises = (on_error or self.writer.options.on_error) == "raise"
        self._bins = bins
        self._process = os.getpid()
        self._closed = False
        self._step = 0
        self._infos: dict[str, LayerInfo] = {}
        self._orders: dict[str, int] = {}
        self._warned: set[str] = set()
        # A tag keeps its first description: other bins would be read as if they were those.
        self._schemes: dict[str, Scheme] = {}
        if isinstance(self.writer, RunWriter):
            self._schemes.update(index_run(self.writer.logdir).schemes())

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def add(
        self,
        step: SupportsIndex,
        layers: Mapping[str, LayerValues],
        *,
        kind: Kind = "activations",
        phase: Phase = "train",
        scalars: Mapping[str, SupportsFloat] | None = None,
    ) -> None:
        """Record one step of some layers. The arrays are read before this returns.

        step: any integer. One that is not above the last starts again: earlier records from there
        on are hidden. Anything else counts as one more than the last, with one warning.
        layers: by name; layers are shown in the order in which their names first appear. A value is
        an array of any shape and floating-point dtype up to 64 bits (ml_dtypes' too; what numpy can
        read of a jax.Array, a CPU tensor, nested lists), `BinCounts` for values that are already
        counted, or another mapping: ``{"Dense_0": {"kernel": w}}`` is the layer "Dense_0.kernel".
        An empty array leaves no record.
        kind: "activations", "gradients", "weights", "weight_gradients", "updates", "inputs" or
        "optimizer_state". phase: "train" or "eval".
        scalars: numbers, written under their names next to the histograms.

        What cannot be recorded (integers, complex numbers, counts in other bins than before, a
        wrong kind) is left out with one warning, or raised as OptionError with on_error="raise";
        the other layers are recorded first.
        """
        if self._closed or os.getpid() != self._process:
            return
        failures: list[Exception] = []
        with _noting(failures):
            check_word("kind", kind, KINDS)
            check_word("phase", phase, PHASES)
            number = self._to_number(step, failures)
            parts = self._count(_to_named(layers), kind, phase, failures)
            self._write(number, parts, scalars or {})
        self._report(failures)

    def _to_number(self, step: object, failures: list[Exception]) -> int:
        number = to_step(step)
        if number is None:
            msg = (
                "The first argument of add() must be the number of the step, a whole number, but "
                f"got {step!r:.60}. "
                "The step is recorded as one more than the last."
            )
            failures.append(OptionError(msg))
            number = self._step + 1
        self._step = number
        return number

    def _count(
        self, layers: Mapping[str, Any], kind: Kind, phase: Phase, failures: list[Exception]
    ) -> list[tuple[LayerInfo, RecordCounts]]:
        parts = []
        for name, given in layers.items():
            with _noting(failures):
                parts.append(self._count_layer(LayerInfo(name, kind, phase), given))
        return parts

    def _count_layer(self, info: LayerInfo, given: Any) -> tuple[LayerInfo, RecordCounts]:
        known = self._schemes.get(info.tag)
        if isinstance(given, BinCounts):
            counts = bin_counts_to_record(given, known or find_scheme(given))
            return self._describe(info, (), "float64", counts.scheme), counts
        values = _to_array(info.layer, given)
        if known not in (None, self._bins):
            msg = (
                f"The layer {info.layer!r} was started with bins={known}, but got "
                f"bins={self._bins}. Use the same bins, or record under another name or into "
                "another directory."
            )
            raise OptionError(msg)
        counts = count_array(values, self._bins)
        return self._describe(info, values.shape, values.dtype.name, self._bins), counts

    def _describe(
        self, info: LayerInfo, shape: tuple[int, ...], dtype: str, scheme: Scheme
    ) -> LayerInfo:
        """What is stored about the layer: as it was when it first came."""
        if info.tag not in self._infos:
            order = self._orders.setdefault(info.layer, len(self._orders))
            self._infos[info.tag] = replace(
                info, order=order, shape=shape, dtype=dtype, scheme=scheme
            )
            self._schemes[info.tag] = scheme
        return self._infos[info.tag]

    def _write(
        self,
        step: int,
        parts: list[tuple[LayerInfo, RecordCounts]],
        scalars: Mapping[str, SupportsFloat],
    ) -> None:
        """Queue one record for each scheme; the first has the scalars."""
        wall_time = time.time()
        numbers: dict[str, Any] = {name: _to_scalar(value) for name, value in scalars.items()}
        for scheme in dict.fromkeys(counts.scheme for _, counts in parts):
            infos = [info for info, counts in parts if counts.scheme == scheme]
            rows = [counts for _, counts in parts if counts.scheme == scheme]
            joined = join_counts(scheme, [((row,), each) for row, each in enumerate(rows)])
            self.writer.write(Record(step, wall_time, infos, joined, numbers))
            numbers = {}
        if numbers:
            self.writer.write(Record(step, wall_time, scalars=numbers))

    def _report(self, failures: list[Exception]) -> None:
        if failures and self._raises:
            raise failures[0]
        for failure in failures:
            text = str(failure)
            if not isinstance(failure, OptionError):
                text = f"Activation histograms: {type(failure).__name__}: {text}. It is left out."
            if text not in self._warned:
                self._warned.add(text)
                warn_user(text)

    def flush(self) -> None:
        """Wait until everything added is on disk, at most ``close_timeout_s``."""
        self.writer.flush()

    def close(self) -> None:
        """Write what is left and close the writer. Calling it again, or `add` after it, does
        nothing."""
        if self._closed:
            return
        self._closed = True
        if self._owned:
            self.writer.close()
        else:
            self.writer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _noting(failures: list[Exception]) -> Iterator[None]:
    """Note what goes wrong instead of raising it."""
    try:
        yield
    # Anything can fail in a foreign array; whatever it is, the training must go on.
    except Exception as err:  # noqa: BLE001
        failures.append(err)


def _to_named(layers: Any, prefix: str = "") -> dict[str, Any]:
    """Layers by their full names, those of nested mappings joined by dots."""
    if not isinstance(layers, Mapping):
        given = type(layers).__name__
        msg = f'add() expects a dict of layers, {{"layer": array}}, but got {given}.'
        raise OptionError(msg)
    named: dict[str, Any] = {}
    for name, given in layers.items():
        if not isinstance(name, str) or not name:
            msg = f"A layer's name must be a non-empty string, but got {name!r:.60}."
            raise OptionError(msg)
        full = f"{prefix}{name}"
        named |= _to_named(given, f"{full}.") if isinstance(given, Mapping) else {full: given}
    return named


def _to_array(layer: str, given: Any) -> npt.NDArray[Any]:
    values = np.asarray(given)
    if not is_countable_dtype(values.dtype):
        msg = (
            f"The layer {layer!r} must be floating-point values of at most 64 bits, but got "
            f"{values.dtype} of shape {values.shape}. Convert them, for example with "
            ".astype(np.float32); for counts, pass BinCounts(counts, edges)."
        )
        raise OptionError(msg)
    return values


def _to_scalar(value: Any) -> Any:
    """The number as it is now; what is none is left to the writer, which warns of it."""
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError, OverflowError):
        return value
