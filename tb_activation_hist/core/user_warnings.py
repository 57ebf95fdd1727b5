"""Warnings that point at the user's own line, however deep inside a library they arise."""

from __future__ import annotations

import sys
import warnings
from typing import Final

from tb_activation_hist.core.errors import ActivationHistWarning

PASSED_OVER: Final = frozenset(
    {
        "tb_activation_hist",
        "torch",
        "fastai",
        "fastcore",
        "lightning",
        "pytorch_lightning",
        "transformers",
        "accelerate",
        "peft",
        "contextlib",
        "weakref",
    }
)
"""Packages whose code calls ours on the way from the user's line."""


Place = tuple[str, int]
"""A file and the number of a line."""


def warn_user(text: str, otherwise: Place | None = None) -> None:
    """Warn at the innermost line that is not of this package or of a training library.

    otherwise: where to warn when there is none, as at the end of the interpreter.
    """
    frame, level = sys._getframe(1), 2
    while _is_passed_over(frame.f_globals.get("__name__", "")) and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    if otherwise is not None and _is_passed_over(frame.f_globals.get("__name__", "")):
        warnings.warn_explicit(text, ActivationHistWarning, *otherwise)
    else:
        warnings.warn(text, ActivationHistWarning, stacklevel=level)


def find_user_line() -> Place:
    """The innermost line that is not of this package or of a training library."""
    frame = sys._getframe(1)
    while _is_passed_over(frame.f_globals.get("__name__", "")) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _is_passed_over(module: str) -> bool:
    return module.partition(".")[0] in PASSED_OVER
