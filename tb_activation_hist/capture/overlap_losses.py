"""Losses of the overlap of masks (Dice, Jaccard, Tversky), alone or with a binary cross entropy.

The gradient of an overlap is one number for all values within a mask of a sample, and one of the
other sign for all values outside of it: times s (1 - s) where the values are sigmoids s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray

MOST_SAMPLES: Final = 16
"""Samples of a batch that are looked at; each has two numbers of its own."""

LEAST_EACH: Final = 4
"""Values within and outside of masks, at least."""

SAME: Final = 1e-3
"""Deviation of gradients from such numbers that is rounding."""

UNEVEN: Final = 0.05
"""How much the two numbers differ in size, at least; those of an absolute error are alike."""

BEYOND: Final = 0.1
"""How far beyond 0 to 1 outputs are, at least, that are no probabilities."""

MOST_TARGET: Final = 1.1
"""Value of masks in a cross entropy above which they are not those of 0 to 1."""

LOWERED: Final = 3.0
"""How many times the number within masks is at most that outside, where an overlap is raised: it is
never smaller with Dice and Jaccard, and 2.3 times smaller with a Tversky of 0.7."""

LEAST_RATIOS: Final = 3
NEW_RATIO: Final = 0.03
"""Ratios of an overlap's numbers, at least, and how much each differs from all others; weights of
an absolute error, or of a quantile, always have one ratio."""

MOST_RATIOS: Final = 64


@dataclass
class SeenOverlaps:
    """What the looks at one output have shown of a loss of the overlap with masks."""

    _ratios: list[float] = field(default_factory=list)
    _of_logits: int = 0
    _lowered: int = 0

    def add(self, outputs: FloatArray, gradients: FloatArray) -> bool:
        """Take in a look; whether masks have values beyond 0 to 1, beside such a loss."""
        found = find_overlap(outputs, gradients)
        if found is None:
            return False
        new = all(abs(found.ratio / each - 1) > NEW_RATIO for each in self._ratios)
        if new and len(self._ratios) < MOST_RATIOS:
            self._ratios.append(found.ratio)
        self._of_logits += found.of_logits
        self._lowered += found.lowered
        return found.off_targets

    @property
    def of_logits(self) -> int:
        """Looks at such a loss of values beyond 0 to 1 themselves; 0 before it is sure."""
        return self._of_logits * self._is_sure

    @property
    def lowered(self) -> int:
        """Looks at one that makes the overlap smaller; 0 before it is sure."""
        return self._lowered * self._is_sure

    @property
    def _is_sure(self) -> bool:
        return len(self._ratios) >= LEAST_RATIOS


@dataclass(frozen=True)
class Overlap:
    """What masks are held against.

    of_logits: values beyond 0 to 1 themselves, not their sigmoids. ratio: of the two numbers, of
    the first sample that has both. lowered: whether the overlap is made smaller. off_targets:
    whether masks have values beyond 0 to 1.
    """

    of_logits: bool
    ratio: float
    lowered: bool = False
    off_targets: bool = False


def find_overlap(outputs: FloatArray, gradients: FloatArray) -> Overlap | None:
    """The overlap that a loss is of; None if it is of none. Both are (N, values of a sample)."""
    outputs, pulls = outputs[:MOST_SAMPLES], gradients[:MOST_SAMPLES]
    if pulls.shape[1] < 2 * LEAST_EACH or not pulls.all():
        return None
    with np.errstate(all="ignore"):  # outputs and gradients may have any size
        return _find_of_logits(outputs, pulls) or _find_of_sigmoids(outputs, pulls)


def _find_of_logits(outputs: FloatArray, pulls: FloatArray) -> Overlap | None:
    """Two numbers for each sample, of other sizes, whatever its outputs are.

    Outputs below 0 may add up to any number, so that either may have either sign.
    """
    numbers = [_two_numbers(own) for own in pulls]
    known = [each for each in numbers if each and each[0] != each[1]]
    beyond = outputs.min() < -BEYOND or outputs.max() > 1 + BEYOND
    if not known or not all(numbers) or not beyond:
        return None
    low, high = known[0]
    return None if abs(abs(low) / abs(high) - 1) < UNEVEN else Overlap(True, low / high)


def _two_numbers(values: FloatArray) -> tuple[float, float] | None:
    """The two that all values (V,) are, or one twice; None if there are more."""
    ordered = np.sort(values)
    at = int(np.diff(ordered).argmax()) + 1
    low, high = ordered[:at], ordered[at:]
    largest = np.abs(ordered).max()
    if max(np.ptp(low), np.ptp(high)) > SAME * largest:
        return None
    same = np.ptp(ordered) <= SAME * largest
    return float(low.mean()), float(low.mean() if same else high.mean())


def _find_of_sigmoids(outputs: FloatArray, pulls: FloatArray) -> Overlap | None:
    """Numbers times s (1 - s), plus those of a cross entropy: (s - target) times a weight."""
    up = pulls < 0
    if min(up.sum(), (~up).sum()) < LEAST_EACH:
        return None
    chances = 1 / (1 + np.exp(-outputs.clip(-60, 60)))
    slopes = chances * (1 - chances)
    samples = len(outputs)
    own = np.repeat(np.arange(samples), outputs.shape[1])
    flat, raised = chances.ravel(), up.ravel()
    columns = np.zeros((flat.size, 3 + 2 * samples))
    columns[:, 0], columns[:, 1], columns[:, 2] = flat * ~raised, flat * raised, raised
    columns[np.arange(flat.size), 3 + own + samples * raised] = slopes.ravel()
    size = float(np.abs(pulls).max())
    found, _, rank, _ = np.linalg.lstsq(columns, pulls.ravel() / size, rcond=1e-9)
    off = np.abs(columns @ found - pulls.ravel() / size)
    if not np.isfinite(found).all() or off.max() > SAME or flat.size < 2 * rank:
        return None
    both = up.any(axis=1) & (~up).any(axis=1)
    outside, within = found[3 : 3 + samples][both], found[3 + samples :][both]
    crossed = bool((np.abs(found[:2]) > SAME).all())
    uneven = np.abs(np.abs(outside / within) - 1) >= UNEVEN
    if not (crossed or uneven.any()):
        return None
    ratios = np.abs(outside / within)
    lowers = not crossed and bool((within < 0).all() and (outside > 0).all())
    return Overlap(
        of_logits=False,
        ratio=float(1 / ratios[0]),
        lowered=lowers and bool(np.median(ratios) >= LOWERED),
        off_targets=crossed
        and bool((found[:2] > 0).all() and (outside >= -SAME).all() and (within <= SAME).all())
        and bool(-found[2] / found[1] > MOST_TARGET),
    )
