"""The command line: `tb-activation-hist report | show | export | doctor`.

Not public: may change without notice.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tb_activation_hist.cli.arguments import parse_arguments
from tb_activation_hist.core.errors import ActivationHistError

__all__ = ["main"]

UNUSABLE = 2
"""Exit status for what cannot be done: wrong usage, nothing to read, a library is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status: 0 fine, 1 --fail-on found something, 2 not done."""
    given = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        status: int = given.command(given)
    except ActivationHistError as err:
        print(f"tb-activation-hist: {err}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        # The reader, such as head, has seen enough; Python would complain when it flushes.
        sys.stdout = None
        return 0
    return status
