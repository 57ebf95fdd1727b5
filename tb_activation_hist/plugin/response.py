"""Answers as TensorBoard sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tensorboard.backend import http_util
from werkzeug import wrappers


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
