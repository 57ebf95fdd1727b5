"""A few weights of a training's begin and end: whether the next one in the run goes on with them.

A training may be started again in the same directory, or resumed without its checkpoint. Its steps
follow those of the one before, and what changes between the two is not what a layer did.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray

WEIGHTS_FIELD: Final = "weights"
"""Field of a run's information: `marks_to_texts`."""

OTHER_WEIGHTS_FIELD: Final = "other_weights_from"
"""Field of a run's information: first step of a training whose weights are not those before it."""

MARKED: Final = 32
"""Values of a parameter that are kept."""

ALIKE: Final = 0.5
"""Correlation of a parameter's values at two times from which on they belong to one training: it is
about 0 where weights are initialised anew, 1 where they are clipped, decayed or averaged."""


@dataclass(frozen=True, eq=False)
class WeightMark:
    """Values of one parameter, (`MARKED`,) or less, as float32: at the first step, and at last."""

    name: str
    first: FloatArray
    last: FloatArray


def marks_to_texts(marks: Iterable[WeightMark]) -> list[str]:
    """One text each: the values in base64 and the name, for the run's information."""
    return [f"{_encode(mark.first)} {_encode(mark.last)} {mark.name}" for mark in marks]


def info_to_marks(info: Mapping[str, Any]) -> list[WeightMark]:
    """The marks in a run's information; what is none is left out."""
    texts = info.get(WEIGHTS_FIELD)
    marks = map(_text_to_mark, texts if isinstance(texts, list) else ())
    return [mark for mark in marks if mark is not None]


def are_other_weights(earlier: Sequence[WeightMark], now: Mapping[str, FloatArray]) -> bool:
    """Whether a training begins with other weights than those that the one before ended with.

    They are others where they have next to nothing to do with them, where they are those that it
    began with, as after the same seed, and where no parameter is in both. Parameters that did not
    change, as frozen ones do not, and that are the same now tell nothing.

    now: values at the begin of the later training, by name. False if nothing is known of one.
    """
    if not earlier or not now:
        return False
    shared = [mark for mark in earlier if len(now.get(mark.name, ())) == len(mark.last)]
    telling = [mark for mark in shared if not _is_kept(mark, now[mark.name])]
    return bool(telling or not shared) and all(_is_other(m, now[m.name]) for m in telling)


def describe_other_weights(step: int) -> str:
    """What to say of a training that begins at a step with other weights than the one before."""
    return (
        f"The weights at step {step} are not those that the training before it in this run ended "
        "with, so findings are about this training alone. To continue a training, load its "
        "checkpoint before the first step; give a new training its own directory."
    )


def are_alike(values: FloatArray, before: FloatArray) -> bool:
    """Whether values have something to do with those before; True if all of one are the same."""
    off, off_before = values - values.mean(), before - before.mean()
    sizes = float(np.sqrt((off**2).sum() * (off_before**2).sum()))
    return not (sizes > 0 and float((off * off_before).sum()) < ALIKE * sizes)


def _is_kept(mark: WeightMark, now: FloatArray) -> bool:
    return np.array_equal(mark.first, mark.last) and np.array_equal(now, mark.last)


def _is_other(mark: WeightMark, now: FloatArray) -> bool:
    if np.array_equal(now, mark.last):
        return False
    return np.array_equal(now, mark.first) or not are_alike(now, mark.last)


def _encode(values: FloatArray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _decode(text: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)


def _text_to_mark(text: str) -> WeightMark | None:
    parts = text.split(" ", 2)
    try:
        first, last = _decode(parts[0]), _decode(parts[1])
    except (IndexError, binascii.Error, ValueError):
        return None
    fits = len(parts) == 3 and 0 < len(first) == len(last)
    return WeightMark(parts[2], first, last) if fits else None
