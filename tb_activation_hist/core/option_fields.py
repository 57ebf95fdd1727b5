"""One option: its default, unit, documentation and check."""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from dataclasses import field
from typing import Any, Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import near_names

OnError: TypeAlias = Literal["warn", "raise"]
ON_ERROR: Final[tuple[OnError, ...]] = get_args(OnError)


def option(default: Any, doc: str, unit: str = "") -> Any:
    """A dataclass field that carries its documentation and unit in its metadata."""
    return field(default=default, metadata={"doc": doc, "unit": unit})


def refuse(name: str, given: object, allowed: str, hint: str = "") -> None:
    msg = f"{name} must be {allowed}, but got {given!r}.{hint}"
    raise OptionError(msg)


def check_whole(name: str, given: object, low: int, high: int = sys.maxsize) -> None:
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
        limits = f"from {low} up" if high == sys.maxsize else f"from {low} to {high}"
        refuse(name, given, f"a whole number {limits}")


def check_callable(name: str, given: object, signature: str = "step -> bool") -> None:
    if given is not None and not callable(given):
        refuse(name, given, f"None or a function {signature}")


def check_web_address(name: str, given: object) -> None:
    web = isinstance(given, str) and given.startswith(("http://", "https://"))
    if given is not None and not web:
        refuse(name, given, "None or an address that starts with http:// or https://")


def check_share(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < 1:
        refuse(name, given, "None or a number between 0 and 1, such as 0.02")


def check_positive(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        refuse(name, given, "a number of seconds above 0")


def check_flag(name: str, given: object) -> None:
    if not isinstance(given, bool):
        refuse(name, given, "True or False")


def check_word(name: str, given: object, allowed: Sequence[str]) -> None:
    if given not in allowed:
        refuse(name, given, " or ".join(repr(word) for word in allowed))


def set_names(options: Any, name: str, allowed: Sequence[str], least: int = 1) -> None:
    """Check an option that holds names, and keep it as a tuple; one name may stand by itself."""
    given = getattr(options, name)
    words = (given,) if isinstance(given, str) else given
    known = isinstance(words, Sequence) and all(word in allowed for word in words)
    if not known or len(words) < least:
        amount = "one or more" if least else "any"
        refuse(name, given, f"{amount} of {', '.join(allowed)}", _hint_at_names(words, allowed))
    object.__setattr__(options, name, tuple(words))


def _hint_at_names(words: Any, allowed: Sequence[str]) -> str:
    """The known names that the unknown ones may stand for; empty if none is near."""
    unknown = [word for word in words if word not in allowed] if isinstance(words, Sequence) else []
    near = [found for word in unknown for found in near_names(str(word), allowed, 1)]
    return f" Did you mean {' and '.join(map(repr, near))}?" if near else ""


def index_to_int(given: Any) -> Any:
    """An integer of any kind (numpy's, a tensor's) as int; what is none, or a boolean, as it is."""
    if isinstance(given, bool) or "bool" in str(getattr(given, "dtype", "")):
        return given
    try:
        return operator.index(given)
    # An index can be anyone's method; whatever it raises, this is no integer.
    except Exception:  # noqa: BLE001
        return given
