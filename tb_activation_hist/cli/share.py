"""The `share` command: one HTML file with the page and the data in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from tb_activation_hist.core.share_options import make_choice
from tb_activation_hist.plugin.sharing.shared_runs import check_target, make_from_files, write_file
from tb_activation_hist.storage.event_file_reader import find_event_files


def run_share(given: argparse.Namespace) -> int:
    """Write the file, and print what it holds."""
    choice = make_choice(
        given.run,
        layers=given.layer,
        kinds=given.kind,
        columns=given.columns,
        size_mb=given.size,
        exact=given.exact,
    )
    target = check_target(given.output)
    origin = Path(given.logdir).name or given.logdir
    shared = make_from_files(find_event_files(given.logdir), origin, choice)
    write_file(target, shared)
    print(f"{given.output}: {target.stat().st_size / 1e6:.1f} MB")
    for text in shared.summary:
        print(f"  {text}")
    return 0
