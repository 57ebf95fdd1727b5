"""The `compare` command: where two runs first differ, or a golden file of one run."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tb_activation_hist.cli.compare_text import print_comparison
from tb_activation_hist.cli.early_end import may_end_early
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.comparison.run_comparison import RunComparison
from tb_activation_hist.core.errors import ActivationHistWarning, OptionError
from tb_activation_hist.storage.comparisons import compare_opened, save_opened
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.recordings import open_recording


def run_compare(given: argparse.Namespace) -> int:
    """Compare and print: 0 same, 1 different."""
    with _told_afterwards():
        if given.save is not None:
            return _save(given)
        a, b = _open_both(given.a, given.b, given.run or [])
        comparison = compare_opened(
            a,
            b,
            mode=given.mode,
            tolerance=given.tolerance,
            names=given.map,
            offset=given.offset,
            last_step=given.last_step,
            layers=given.layer,
        )
    with may_end_early():
        if given.json:
            print(json.dumps(comparison.to_dict(), indent=1, allow_nan=False))
        else:
            print_comparison(comparison)
    return int(_differs(comparison, strict=given.strict))


@contextmanager
def _told_afterwards() -> Iterator[None]:
    """Print what is left out of a run as the other commands do."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ActivationHistWarning)
        yield
    for warning in caught:
        print(f"tb-activation-hist: {warning.message}", file=sys.stderr)


def _save(given: argparse.Namespace) -> int:
    """Keep one run as a golden file."""
    if given.b is not None:
        msg = f"--save keeps one run, so give only A, but got {given.a!r} and {given.b!r}."
        raise OptionError(msg)
    run = given.run[0] if given.run else None
    recording = open_recording(given.a, run)
    save_opened(recording, given.save, layers=given.layer, last_step=given.last_step)
    size = Path(given.save).expanduser().stat().st_size
    print(f"{given.save}: {size:,} bytes, {recording.name}")
    return 0


def _differs(comparison: RunComparison, *, strict: bool) -> bool:
    return not comparison.same or (strict and not comparison.complete)


def _open_both(a: str, b: str | None, runs: Sequence[str]) -> tuple[Recording, Recording]:
    """Both sides; of a log directory, the run that --run names.

    One --run names the run of every log directory with several; two name those of A and B in turn.
    """
    if len(runs) > 2:
        msg = f"--run names at most two runs, one for A and one for B, but got {len(runs)}."
        raise OptionError(msg)
    if b is None:
        return _open_two_of(a, runs)
    if len(runs) == 1:
        return _open_named(a, runs[0]), _open_named(b, runs[0])
    first, second = runs or (None, None)
    return open_recording(a, first), open_recording(b, second)


def _open_two_of(logdir: str, runs: Sequence[str]) -> tuple[Recording, Recording]:
    found = list(read_histograms(logdir))
    chosen = list(runs) or found
    if len(chosen) != 2:
        msg = (
            f"{logdir!r} holds {len(found)} runs: {', '.join(found[:10])}. Name the two to "
            "compare with --run NAME --run NAME, or give a second directory or golden file."
        )
        if len(found) == 1:
            msg = f"{logdir!r} holds one run. Give a second directory or golden file."
        raise OptionError(msg)
    return open_recording(logdir, chosen[0]), open_recording(logdir, chosen[1])


def _open_named(source: str, run: str) -> Recording:
    """The run of this name, where the source has several to choose from."""
    recording = _open_single(source)
    return open_recording(source, run) if recording is None else recording


def _open_single(source: str) -> Recording | None:
    try:
        return open_recording(source)
    except OptionError:
        return None
