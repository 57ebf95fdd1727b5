"""Answers as TensorBoard sends them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from tensorboard.backend import http_util
from werkzeug import wrappers

DIGITS: Final = 4
"""Significant digits of figures that are only drawn."""


def respond(
    request: wrappers.Request, content: str | bytes, content_type: str, **options: Any
) -> wrappers.Response:
    """Respond with the headers that TensorBoard's security check wants."""
    response: wrappers.Response = http_util.Respond(request, content, content_type, **options)
    return response


def respond_json(request: wrappers.Request, answer: Mapping[str, object]) -> wrappers.Response:
    return respond(request, to_json(answer), "application/json")


def to_json(answer: Mapping[str, object]) -> str:
    """Compact JSON; ValueError for NaN and infinity, which a browser cannot read."""
    return json.dumps(answer, separators=(",", ":"), allow_nan=False)


def finite_or_none(value: float) -> float | None:
    """A number as JSON can have it."""
    return value if math.isfinite(value) else None


def round_or_none(value: float) -> float | None:
    """The same with `DIGITS` digits."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
