"""What must hold on a GPU. Each check takes a device; those in `ANYWHERE` hold on the CPU too.

Without pytest, so that a bare machine can run them: ``python -m tests.gpu [cuda|cpu]``.
"""

from __future__ import annotations

from tests.gpu import exactness, waiting
from tests.gpu.registry import ANYWHERE, CHECKS

__all__ = ["ANYWHERE", "CHECKS", "exactness", "waiting"]
