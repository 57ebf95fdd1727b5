"""All schemes that a run can be counted into, by the name that its files hold. numpy only."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.option_fields import refuse
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme

SCHEMES: Final[dict[str, type[Scheme]]] = {"float_bits": FloatBits, "linear": LinearBins}

MAX_SLOTS: Final = 1 << 15


def dict_to_scheme(fields: dict[str, Any]) -> Scheme:
    """Inverse of ``Scheme.to_dict``; FormatError for a scheme this version does not know."""
    try:
        return SCHEMES[fields["scheme"]].from_dict(fields)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        given = f"{fields!r:.200}"
        msg = f"Unknown bin scheme {given}: written by a newer tb_activation_hist? Upgrade it."
        raise FormatError(msg) from error


@lru_cache(maxsize=256)
def bin_limits(scheme: Scheme) -> tuple[int, int]:
    """The first and the last bin of a scheme."""
    largest = np.finfo(np.float64).max
    with np.errstate(all="ignore"):
        first, last = scheme.values_to_bins([-largest, largest]).tolist()
    return first, last


def is_registered(scheme: object) -> bool:
    """Whether a run can be counted into it; histograms of other tools have schemes of their own."""
    return type(scheme) in SCHEMES.values()


def check_scheme(name: str, given: object) -> None:
    """OptionError unless the option `name` is a registered scheme whose bins can be stored."""
    if not is_registered(given):
        refuse(name, given, " or ".join(map(_signature, SCHEMES.values())))
    elif not _is_storable(given):
        refuse(name, given, f"a scheme of at most {MAX_SLOTS} slots whose bins fit in an int16")


def _signature(scheme: type[Scheme]) -> str:
    """How a scheme is made: ``LinearBins(count, lo, hi)``."""
    return f"{scheme.__name__}({', '.join(inspect.signature(scheme).parameters)})"


def _is_storable(scheme: Any) -> bool:
    if scheme.slots > MAX_SLOTS:
        return False
    bins = scheme.slots_to_bins(np.arange(scheme.slots))
    limits = np.iinfo(np.int16)
    return bool(limits.min <= bins.min() and bins.max() <= limits.max)
