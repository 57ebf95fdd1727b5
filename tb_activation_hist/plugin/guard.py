"""What cannot be read or worked out becomes one sentence, beside what can."""

from __future__ import annotations

import logging

from tb_activation_hist.core.errors import FormatError

logger = logging.getLogger(__name__)


def explain_failure(error: Exception, what: str) -> str:
    """A sentence about an error that `what` ran into; one that nobody foresaw is logged too."""
    if isinstance(error, FormatError):
        return str(error)
    logger.error("The activation_hist plugin failed at %s.", what, exc_info=error)
    return f"The plugin failed with {type(error).__name__}: {error}. See TensorBoard's log."
