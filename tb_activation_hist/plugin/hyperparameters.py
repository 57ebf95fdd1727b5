"""Hyper-parameters of runs: from their names, and from TensorBoard's HParams."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError
from tensorboard.plugins.hparams.error import HParamsError
from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

from tb_activation_hist.plugin.schema import Hyperparameter

Hyperparameters = dict[str, Hyperparameter]

SEPARATORS: Final = re.compile(r"[/\\,;&|\s]+")
"""Between the parts of a run's name; "_" and "-" may belong to a key or a value."""

NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
KEY: Final = r"[A-Za-z][A-Za-z0-9.]*(?:[_-][A-Za-z][A-Za-z0-9.]*)*"

LAST_KEY: Final = re.compile(r"(?<![A-Za-z0-9.])(?:[A-Za-z.]+[_-])*[A-Za-z][A-Za-z0-9.]*$")
"""The key at the end of a text that may begin with a date or a name with digits, such as
"resnet18_"."""

LAST_NUMBER: Final = re.compile(rf"({NUMBER})_+[A-Za-z].*")
"""A number at the end of a name, and what follows it without being a key."""

BETWEEN: Final = (
    re.compile(rf"(?P<value>{NUMBER})_+(?P<key>{KEY})"),
    re.compile(rf"(?P<value>[^_]+)_+(?P<key>{KEY})"),
    re.compile(rf"(?P<value>{NUMBER})-+(?P<key>{KEY})"),
)
"""What stands between two "=" of one part, the likeliest first: a value and the next key."""


def name_to_hyperparameters(run: str) -> Hyperparameters:
    """The hyper-parameters that a run's name gives as ``key=value``, in their order.

    Parts are separated by "/", "," and blanks, or by "_" and "-" where what follows is a key:
    "lr=0.1,wd=1e-4/seed=3", "lr=0.1_weight_decay=1e-4". The last of equal keys counts.
    """
    found: Hyperparameters = {}
    for part in SEPARATORS.split(run):
        found |= _part_to_hyperparameters(part)
    return found


def _part_to_hyperparameters(part: str) -> Hyperparameters:
    first, *rest = part.split("=")
    last_key = LAST_KEY.search(first)
    key = last_key[0] if last_key else ""
    found: Hyperparameters = {}
    for at, text in enumerate(rest):
        value, next_key = _split_between(text) if at + 1 < len(rest) else (_last_value(text), "")
        if key and value:
            found[key] = text_to_value(value)
        key = next_key
    return found


def _last_value(text: str) -> str:
    number = LAST_NUMBER.fullmatch(text)
    return number[1] if number else text


def _split_between(text: str) -> tuple[str, str]:
    """A value and the key after it; everything is the value if no key is recognised."""
    for pattern in BETWEEN:
        match = pattern.fullmatch(text)
        if match:
            return match["value"], match["key"]
    return text, ""


def text_to_value(text: str) -> Hyperparameter:
    """A number where the text is one; "true" and "false" are bools."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def content_to_hyperparameters(content: bytes) -> Hyperparameters:
    """Those of a session of TensorBoard's HParams; none where the bytes are not of one."""
    try:
        info = parse_session_start_info_plugin_data(content)
    except (DecodeError, HParamsError):
        return {}
    found: Hyperparameters = {}
    for name in sorted(info.hparams):
        value = getattr(info.hparams[name], info.hparams[name].WhichOneof("kind") or "", None)
        if isinstance(value, (bool, str)) or (isinstance(value, float) and math.isfinite(value)):
            found[name] = value
    return found


def hyperparameters_of_runs(
    runs: Iterable[str], contents: Mapping[str, bytes]
) -> dict[str, Hyperparameters]:
    """The hyper-parameters of each run by name.

    contents: of HParams, by the run that they were written to. A run without its own takes those of
    the nearest run above it, or else of a run right below it: ``SummaryWriter.add_hparams`` writes
    to a directory of its own inside that of the run. They count where a name says otherwise.
    """
    written = {run: content_to_hyperparameters(content) for run, content in contents.items()}
    below: dict[str, Hyperparameters] = {}
    for run in sorted(written):
        below.setdefault(run.rpartition("/")[0], written[run])
    return {
        run: _join(name_to_hyperparameters(run), _written_for(run, written, below)) for run in runs
    }


def _join(named: Hyperparameters, written: Hyperparameters) -> Hyperparameters:
    """Both; what was written counts, except that a bool is one where its name has it.

    ``SummaryWriter.add_hparams`` writes a bool as the number 1.0 or 0.0.
    """
    bools = {
        key: value
        for key, value in named.items()
        if isinstance(value, bool) and written.get(key) == value
    }
    return named | written | bools


def _written_for(
    run: str, written: Mapping[str, Hyperparameters], below: Mapping[str, Hyperparameters]
) -> Hyperparameters:
    above = run
    while above:
        if above in written:
            return written[above]
        above = above.rpartition("/")[0]
    return below.get(run, {})
