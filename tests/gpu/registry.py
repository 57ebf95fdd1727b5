"""The list of checks, and what they share."""

from __future__ import annotations

from collections.abc import Callable

import torch

STEPS = 5

Check = Callable[[str], None]


CHECKS: dict[str, Check] = {}


ANYWHERE: set[str] = set()


def check(*, anywhere: bool = False) -> Callable[[Check], Check]:
    """Put a check into the list; anywhere: it holds on the CPU too."""

    def add(function: Check) -> Check:
        CHECKS[function.__name__] = function
        if anywhere:
            ANYWHERE.add(function.__name__)
        return function

    return add


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
