"""Runs the checks without pytest, each reported as one line of JSON as soon as it has ended.

Run: ``python -m tests.gpu [cuda|cpu] [NAME ...]``. Exit 1 when one fails, 2 without the device.
"""

from __future__ import annotations

import json
import sys
import time
import traceback

import torch

from tests.gpu.checks import ANYWHERE, CHECKS


def main(device: str = "cuda", *names: str) -> int:
    """Run these checks, by default all that the device allows."""
    if device == "cuda" and not torch.cuda.is_available():
        print("torch.cuda.is_available() is False: there is no CUDA device to check.")
        return 2
    allowed = [name for name in CHECKS if device == "cuda" or name in ANYWHERE]
    failed = 0
    for name in names or allowed:
        began, error = time.perf_counter(), ""
        try:
            CHECKS[name](device)
        except BaseException:
            error = traceback.format_exc()[-2000:]
            failed += 1
        seconds = round(time.perf_counter() - began, 2)
        line = {"check": name, "ok": not error, "seconds": seconds, "error": error}
        print(json.dumps(line), flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
