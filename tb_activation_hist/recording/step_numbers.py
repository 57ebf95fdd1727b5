"""What `step` was given as the step's number: a number, or one clear warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tb_activation_hist.core.call_errors import shorten
from tb_activation_hist.core.option_fields import index_to_int
from tb_activation_hist.storage.blocks import MAX_STEP

NUMBER_WORDS: Final = ("step", "number")
"""Names of scalars that were most likely meant as the step's number."""

ENDED_TWICE: Final = (
    "step() was called after optimizer=... had ended this step, so each training step counts as "
    "two, the second without histograms. Leave out optimizer=... to call step() yourself, "
    "for example with loss=loss, or leave out step()."
)
"""Warning of a logger that has two ways to end a step."""

AFTER_CLOSE: Final = (
    "step() was called after the logger was closed: this step and later ones are not recorded. "
    "Call close(), or leave the with block, after the training's last step."
)
"""Warning of a logger that is closed before the training ends."""

WarnOnce = Callable[[str, str], None]
"""Takes a text and what it is about; warns once about each thing."""


def check_number(number: Any, scalars: Mapping[str, Any], warn_once: WarnOnce) -> int | None:
    """The step that a number stands for; None, after a warning, where it stands for none."""
    for name in NUMBER_WORDS:
        if name in scalars:
            warn_once(
                f"step({name}=...) writes a scalar named {name!r}. Pass the step's own number "
                "first and without a name: step(3, loss=loss).",
                f"step({name}=)",
            )
    if number is None:
        return None
    step = to_step(number)
    if step is None:
        warn_once(
            "The first argument of step() must be the number of the step, a whole number, but got "
            f"{shorten(number)}. To write a scalar, name it: step(loss=loss). The step is "
            "recorded as one more than the last.",
            "step(number)",
        )
    return step


def check_order(step: int | None, last: int, records: int, warn_once: WarnOnce) -> None:
    """Warn where a given number does not grow: the record takes the place of earlier ones.

    last: the step before. records: how many there are.
    """
    if step is not None and records and step <= last:
        warn_once(
            f"step({step}) was called after step {last}: a record replaces earlier records of its "
            "step and above. Pass increasing numbers, such as the number of optimizer steps "
            "rather than that of the epoch.",
            "step order",
        )


def to_step(number: Any) -> int | None:
    """Anything that ``operator.index`` takes, except booleans; None for all else."""
    step = index_to_int(number)
    return step if type(step) is int and abs(step) <= MAX_STEP else None
