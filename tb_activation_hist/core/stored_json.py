"""JSON as it lies in event files: read with bounds, and refused in words."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from tb_activation_hist.core.errors import FormatError

MAX_TEXT_BYTES: Final = 4 * 2**20
"""Longest text that is read. A run of 20,000 silent modules needs a third of it."""

LARGEST: Final = 2**53
"""Whole numbers beyond this one are not exact on the page."""


def read_json_object(text: bytes, what: str) -> dict[str, Any]:
    """The fields of a stored JSON object; FormatError, which names `what` it is, for anything else.

    Nesting without end and characters that are not in UTF-8 are refused too. A number that is not
    finite is read as None: Python writes NaN and Infinity, which are not JSON.
    """
    if len(text) > MAX_TEXT_BYTES:
        msg = f"The {what} has {len(text):,} bytes; at most {MAX_TEXT_BYTES:,} are read."
        raise FormatError(msg)
    try:
        fields = json.loads(text, parse_constant=lambda _: None, parse_float=_to_finite)
        # An escaped half of a surrogate pair is JSON, but no text.
        json.dumps(fields, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as err:
        raise damaged(what, text) from err
    if not isinstance(fields, dict):
        raise damaged(what, text)
    return fields


def damaged(what: str, text: bytes) -> FormatError:
    """The error for a text that is not what was written."""
    return FormatError(f"The {what} is damaged: {text[:80]!r}.")


def is_whole(value: object) -> bool:
    """Whether a JSON value is a whole number that every program reads alike."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_text(value: object) -> bool:
    return isinstance(value, str)


def are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def are_wholes(value: object) -> bool:
    return isinstance(value, list) and all(map(is_whole, value))


def _to_finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
