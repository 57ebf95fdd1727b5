"""The settings of a module in words, for whoever compares two runs."""

from __future__ import annotations

import re
from typing import Final

from torch import nn

LONGEST: Final = 200
"""Characters of the settings that are kept; those of torch's modules take up to 150."""

_NO_MATTER: Final = re.compile(r"(, )?\binplace(=True|=False)?")
"""Where a result is written does not change it."""


def module_settings(module: nn.Module) -> str:
    """What print(model) shows of a module between parentheses: ``8, eps=1e-05, momentum=0.1``.

    "" for a module that shows nothing, or fails to.
    """
    try:
        text: object = module.extra_repr()
    except Exception:  # noqa: BLE001 - it is the user's code, and only for looking at
        return ""
    if not isinstance(text, str):
        return ""
    line = "".join(each if each.isprintable() else " " for each in text)
    return _NO_MATTER.sub("", line).strip(", ")[:LONGEST]
