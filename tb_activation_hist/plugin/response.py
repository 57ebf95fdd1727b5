"""TensorBoard's own response, typed."""

from __future__ import annotations

from typing import Any

from tensorboard.backend import http_util
from werkzeug import wrappers


def respond(
    request: wrappers.Request, content: str | bytes, content_type: str, **options: Any
) -> wrappers.Response:
    """``http_util.Respond``, which sets the headers that TensorBoard's security check wants."""
    response: wrappers.Response = http_util.Respond(request, content, content_type, **options)
    return response
