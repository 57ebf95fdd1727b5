"""The command line: `tb-activation-hist report | compare | show | export | share | doctor`.

Not public: may change without notice.
"""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence

from tb_activation_hist.cli.arguments import parse_arguments
from tb_activation_hist.cli.early_end import may_end_early
from tb_activation_hist.core.errors import ActivationHistError

__all__ = ["main"]

UNUSABLE = 2
"""Exit status for what cannot be done: wrong usage, nothing to read, a library is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status: 0 fine, 1 --fail-on found something, 2 not done."""
    if sys.stdout is None:
        # Started with a closed output, as by cron: the exit status still counts.
        sys.stdout = io.StringIO()
    given = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        status: int = 0
        with may_end_early():
            status = given.command(given)
    except ActivationHistError as err:
        print(f"tb-activation-hist: {err}", file=sys.stderr)
        return UNUSABLE
    except OSError as err:
        # A full disk, mostly: the interpreter would try to write once more when it ends.
        sys.stdout = None
        print(f"tb-activation-hist: the output cannot be written: {err}.", file=sys.stderr)
        return UNUSABLE
    except Exception:  # noqa: BLE001 - the interpreter would end with 1, which means findings
        traceback.print_exc()
        return UNUSABLE
    return status
