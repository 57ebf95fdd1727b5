"""Number formats with fewer bits than float32, and the values that a cast to them changes.

Sources: IEEE 754-2019 sections 3.6 and 4.3.1 (binary16; to the nearest, ties to even); OCP 8-bit
Floating Point Specification (OFP8) revision 1.0, sections 5.1 and 5.2 (E4M3, E5M2, conversion);
PyTorch's dtypes float16, bfloat16, float8_e4m3fn and float8_e5m2, whose casts the tests hold these
limits against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import no_such

NumberFormat: TypeAlias = Literal["fp16", "bf16", "e4m3", "e5m2"]
"""A number format: IEEE half precision, bfloat16, and the two 8-bit formats of the OCP."""

NUMBER_FORMATS: Final[tuple[NumberFormat, ...]] = get_args(NumberFormat)

SCALE_EXPONENTS: Final = (-126, 127)
"""Exponents of the powers of two that float32 holds as normal numbers."""


@dataclass(frozen=True)
class FormatLimits:
    """The sizes |x| at which a cast to a format, to the nearest and ties to even, changes its kind.

    dtype: PyTorch's name. mantissa_bits: stored ones. exponent: that of the smallest normal number.
    largest: the largest finite number. overflow_result: what a larger one becomes in a cast that
    does not saturate.
    """

    dtype: str
    mantissa_bits: int
    exponent: int
    largest: float
    overflow_result: str

    @property
    def smallest_normal(self) -> float:
        """Smaller numbers are subnormal: they have fewer digits."""
        return math.ldexp(1.0, self.exponent)

    @property
    def smallest(self) -> float:
        """The smallest number above 0."""
        return math.ldexp(1.0, self.exponent - self.mantissa_bits)

    @property
    def zero_up_to(self) -> float:
        """Sizes up to this one, itself included, become 0: the tie goes to the even neighbour."""
        return self.smallest / 2

    @property
    def normal_from(self) -> float:
        """Sizes from this one on, itself included, become normal numbers."""
        return self.smallest_normal - self.smallest / 2

    @property
    def overflow_limit(self) -> float:
        """Half way from the largest number to the next one, had the format one bit more."""
        return self.largest + math.ldexp(1.0, math.frexp(self.largest)[1] - 2 - self.mantissa_bits)

    @property
    def overflow_at_limit(self) -> bool:
        """Whether `overflow_limit` itself overflows: where the largest number is odd."""
        spacing = math.ldexp(1.0, math.frexp(self.largest)[1] - 1 - self.mantissa_bits)
        return (self.largest / spacing) % 2 == 1


FORMAT_LIMITS: Final[dict[NumberFormat, FormatLimits]] = {
    "fp16": FormatLimits("float16", 10, -14, 65504.0, "±∞"),
    "bf16": FormatLimits("bfloat16", 7, -126, math.ldexp(255, 120), "±∞"),
    "e4m3": FormatLimits("float8_e4m3fn", 3, -6, 448.0, "NaN"),
    "e5m2": FormatLimits("float8_e5m2", 2, -14, 57344.0, "±∞"),
}


def find_limits(number_format: str) -> FormatLimits:
    """The limits of a format; OptionError, with the nearest names, for one that there is not."""
    for name, limits in FORMAT_LIMITS.items():
        if name == number_format:
            return limits
    raise OptionError(no_such("number format", number_format, NUMBER_FORMATS))


def check_scale(scale: float) -> float:
    """The scale as a float; OptionError unless it is a power of two that float32 holds."""
    number = float(scale)
    mantissa, exponent = math.frexp(number)
    least, most = SCALE_EXPONENTS
    if mantissa != 0.5 or not least <= exponent - 1 <= most:
        msg = (
            f"scale must be a power of two from 2**{least} to 2**{most}, such as 0.5 or 1024, but "
            f"got {scale!r}."
        )
        if math.isfinite(number) and least <= exponent - 1 < most and number > 0:
            msg += f" Nearest: {math.ldexp(1, exponent - 1):g}, {math.ldexp(1, exponent):g}."
        raise OptionError(msg)
    return number
