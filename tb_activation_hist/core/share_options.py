"""What `share` and the command of the same name take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import name_hint

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULT_COLUMNS: Final = 500
MIN_COLUMNS, MAX_COLUMNS = 8, 8192
SMALL_MB: Final = 3.0
LARGE_MB: Final = 25.0
"""Sizes of a file: of up to `MANY` heatmaps, and at most; what goes into an issue or a mail."""
MANY: Final = 100


class ShareOptions(TypedDict, total=False):
    """Options of ``share``; ``help(ShareOptions)`` lists them.

    layers: names, or patterns such as ``"layer1.*"``, of the layers to share; default: all.
    kinds: kinds of values, such as ``["activations"]``; default: all that were recorded.
    columns: most columns of each heatmap, 8 to 8192, default 500; more records are pooled.
    size_mb: the file is kept below this many million bytes: bins are merged and counts rounded as
    little as that allows. None, the default: 3 for each 100 heatmaps, at least 3, at most 25.
    exact: never round counts, default False; bins are merged more instead.
    """

    layers: str | Sequence[str] | None
    kinds: str | Sequence[str] | None
    columns: int
    size_mb: float | None
    exact: bool


@dataclass(frozen=True)
class ShareChoice:
    """What goes into a shared file; None stands for all. The fields are those of `ShareOptions`."""

    runs: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    columns: int = DEFAULT_COLUMNS
    size_mb: float | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        whole = isinstance(self.columns, int) and not isinstance(self.columns, bool)
        if not whole or not MIN_COLUMNS <= self.columns <= MAX_COLUMNS:
            msg = (
                f"columns must be a whole number from {MIN_COLUMNS} to {MAX_COLUMNS:,}, "
                f"but got {self.columns!r}."
            )
            raise OptionError(msg)
        size = 1.0 if self.size_mb is None else self.size_mb
        if not isinstance(size, (int, float)) or not 0 < size < 1e6:
            msg = f"size_mb must be a number of megabytes above 0, but got {self.size_mb!r}."
            raise OptionError(msg)

    def size_for(self, heatmaps: int) -> float:
        """Maximum megabytes of a file with this number of heatmaps."""
        if self.size_mb is not None:
            return self.size_mb
        return min(max(heatmaps / MANY, 1.0) * SMALL_MB, LARGE_MB)


def make_choice(
    runs: str | Sequence[str] | None = None, **options: Unpack[ShareOptions]
) -> ShareChoice:
    """The choice that these options make. OptionError for a wrong one."""
    unknown = sorted(options.keys() - ShareOptions.__annotations__.keys())
    if unknown:
        known = list(ShareOptions.__annotations__)
        msg = f"share takes no {unknown[0]!r}. {name_hint(unknown[0], known, 'options')}"
        raise OptionError(msg)
    return ShareChoice(
        _to_names("runs", runs),
        _to_names("layers", options.get("layers")),
        _to_names("kinds", options.get("kinds")),
        options.get("columns", DEFAULT_COLUMNS),
        options.get("size_mb"),
        options.get("exact", False),
    )


def _to_names(option: str, given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """One name or several as a tuple; None stays None."""
    if given is None:
        return None
    names = (given,) if isinstance(given, str) else tuple(given)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong or not names:
        msg = f"{option} must be names or patterns, such as 'layer1.*', but got {given!r}."
        raise OptionError(msg)
    return names
