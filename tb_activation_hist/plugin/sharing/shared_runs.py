"""Shared files of runs that lie in event files or in memory, without TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import match_names
from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.plugin.sharing.answers import make_answerers
from tb_activation_hist.plugin.sharing.cell import to_cell
from tb_activation_hist.plugin.sharing.held_runs import (
    HeldRuns,
    hold_memory,
    read_event_files,
)
from tb_activation_hist.plugin.sharing.html import MARK
from tb_activation_hist.plugin.sharing.share import SharedFile, make_file
from tb_activation_hist.storage.event_file_reader import EventFilePath
from tb_activation_hist.storage.memory_writer import MemoryWriter

HEAD_BYTES: Final = 4096
"""The mark of a shared file is within this many bytes."""


def share_files(
    path: str | Path, files: Sequence[EventFilePath], origin: str, choice: ShareChoice
) -> Path:
    """Write a shared file of event files; returns its path. files: sorted by run.

    Raises:
        LogdirError: there is no histogram.
        OptionError: a wrong option, a name that matches nothing, a file of somebody else at `path`,
            or more data than fits.
        OSError: the file cannot be written.
    """
    target = check_target(path)
    write_file(target, make_from_files(files, origin, choice))
    return target


def files_to_cell(
    files: Sequence[EventFilePath], origin: str, choice: ShareChoice, height_px: int, picture: str
) -> str:
    """HTML of a notebook's cell with these runs; the arguments are those of `to_cell`.

    Raises:
        LogdirError, OptionError: as `share_files`.
    """
    make = partial(make_from_files, files, origin)
    return to_cell(make, choice, height_px, picture)


def memory_to_cell(
    memory: MemoryWriter, run: str, choice: ShareChoice, height_px: int, picture: str
) -> str:
    """The same of what a `MemoryWriter` keeps, as a run of this name."""
    held = hold_memory(run, memory.stored_tags(), memory.scalars)
    return to_cell(partial(make_from_held, held, run), choice, height_px, picture)


def make_from_files(files: Sequence[EventFilePath], origin: str, choice: ShareChoice) -> SharedFile:
    """The file of what is chosen; the event files of other runs are not read."""
    known = list(dict.fromkeys(file.run for file in files))
    runs = set(match_names("run", choice.runs, known))
    held = read_event_files([file for file in files if file.run in runs])
    return make_from_held(held, origin, replace(choice, runs=None), len(known))


def make_from_held(
    held: HeldRuns, origin: str, choice: ShareChoice, all_runs: int | None = None
) -> SharedFile:
    """The file of runs that were read. all_runs: how many there are, chosen or not."""
    provider = DataProvider(held, None, "")
    return make_file(make_answerers(), provider, choice, origin, all_runs, held.problems)


def check_target(path: str | Path) -> Path:
    """The path of a file to write; OptionError where another file is there than a shared one.

    A shared file is replaced: it can be made again, and comes from a command that is run again.
    """
    if not isinstance(path, (str, Path)) or not str(path):
        msg = f"The file must be named by a path, such as 'page.html', but got {path!r}."
        raise OptionError(msg)
    target = Path(path).expanduser()
    if "://" in str(path):
        msg = f"The file must be a local path, but got {str(path)!r}. Copy it there afterwards."
        raise OptionError(msg)
    if target.is_dir():
        msg = f"{str(path)!r} is a directory. Name the file, such as {str(target / 'page.html')!r}."
        raise OptionError(msg)
    if target.exists() and not _is_shared_file(target):
        msg = (
            f"{str(path)!r} is there already and is no shared page, so it is not replaced. Name "
            "another file, or remove it."
        )
        raise OptionError(msg)
    return target


def _is_shared_file(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return not head or MARK.encode() in head


def write_file(path: Path, shared: SharedFile) -> None:
    """Write the file beside its place first, so that a full disk leaves no half of it."""
    beside = path.with_name(f".{os.getpid()}.part")
    try:
        beside.write_text(shared.html, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
