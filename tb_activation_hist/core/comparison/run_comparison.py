"""`RunComparison`: where two runs first differ, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final

from tb_activation_hist.core.comparison.criterion import CompareMode
from tb_activation_hist.core.errors import MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_VERSION: Final = 1
"""Version of `RunComparison.to_dict`; it rises when a field goes or changes."""

HTML_ROWS: Final = 20
"""Maximum number of differing layers that a notebook lists."""


@dataclass(frozen=True)
class RecordFacts:
    """One record in numbers.

    values: number of values, of which zeros, nans and infs (both signs) are counted apart. mean,
    std, min, max: of the finite values; None if there are none. settings: of the module, as
    print(model) shows them; "" where they are not known.
    """

    step: int
    values: int
    zeros: int
    nans: int
    infs: int
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    type: str
    shape: tuple[int, ...]
    dtype: str
    settings: str = ""

    def works_like(self, other: RecordFacts) -> bool:
        """Whether both modules are of one type and, as far as they are known, have one setting."""
        return self.type == other.type and not self.is_set_otherwise(other)

    def is_set_otherwise(self, other: RecordFacts) -> bool:
        """Whether the settings of both modules are known and differ."""
        return bool(self.settings and other.settings) and self.settings != other.settings


@dataclass(frozen=True)
class LayerComparison:
    """One layer of a kind in two runs.

    layer, other: its keys in the first and in the second run. steps: records compared.
    differing_steps: number of them that differ. first_step: the first of these, counted as in the
    first run; None if none differs. moved: share of the values that must move to another bin there,
    0 to 1. octaves: mean distance by which the values must move there. worst_step, worst_moved:
    where the largest share must move, and how large it is. a, b: both records at `first_step`.
    """

    layer: str
    other: str
    kind: str
    phase: str
    steps: int
    differing_steps: int = 0
    first_step: int | None = None
    moved: float = 0.0
    octaves: float = 0.0
    worst_step: int | None = None
    worst_moved: float = 0.0
    a: RecordFacts | None = None
    b: RecordFacts | None = None

    @property
    def same(self) -> bool:
        """Whether no compared record differs."""
        return self.first_step is None


@dataclass(frozen=True, repr=False)
class RunComparison:
    """What `compare_runs` found.

    a, b: names of the runs. mode, tolerance, offset: as compared. layers: all that were compared,
    those that differ first, in the order in which the difference spreads: by step, then forward
    through the activations, backward through the gradients. only_in_a, only_in_b: keys without a
    partner. not_compared: key and reason. previous: the layer right before the first difference,
    which is equal at that step; None if there is none. notes: sentences about what a reader should
    know. steps: first and last step compared, counted as in the first run. records: how many were
    compared in all layers together. Test `same`, not the truth value.
    """

    a: str
    b: str
    mode: CompareMode
    tolerance: float
    offset: int
    layers: tuple[LayerComparison, ...]
    steps: tuple[int, int]
    records: int
    only_in_a: tuple[str, ...] = ()
    only_in_b: tuple[str, ...] = ()
    not_compared: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether no compared layer differs. Layers that only one run has do not count."""
        return not self.differing

    @property
    def differing(self) -> tuple[LayerComparison, ...]:
        """The layers that differ, in the order in which the difference spreads."""
        return tuple(layer for layer in self.layers if not layer.same)

    @property
    def equal(self) -> tuple[LayerComparison, ...]:
        """The layers that do not differ, in the order in which they ran."""
        return tuple(layer for layer in self.layers if layer.same)

    @property
    def first(self) -> LayerComparison | None:
        """The first difference: the first layer that differs at the first step that does."""
        return next(iter(self.differing), None)

    @property
    def complete(self) -> bool:
        """Whether every layer of either run was compared."""
        return not (self.only_in_a or self.only_in_b or self.not_compared)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the fields of this class, with `version` and `same`."""
        fields = asdict(self)
        layers = [asdict(layer) | {"same": layer.same} for layer in self.layers]
        first = self.first
        return {
            "version": COMPARISON_VERSION,
            "same": self.same,
            "first": None if first is None else asdict(first) | {"same": False},
            **fields,
            "layers": layers,
        }

    def to_dataframe(self) -> pd.DataFrame:
        """A row for each compared layer, in the order of `layers`; needs pandas.

        Columns: layer, other, kind, phase, same, steps, differing_steps, first_step, moved,
        octaves, worst_step, worst_moved. MissingDependencyError without pandas.
        """
        try:
            import pandas as pd
        except ImportError as err:
            msg = "to_dataframe needs pandas: pip install 'tb-activation-hist[pandas]'"
            raise MissingDependencyError(msg) from err
        return pd.DataFrame([_to_row(layer) for layer in self.layers])

    def __str__(self) -> str:
        """One sentence: the runs are the same, or where they first differ."""
        first = self.first
        if first is None:
            return f"{self.a} and {self.b} are the same in {len(self.layers)} layers."
        return (
            f"{self.a} and {self.b} first differ at step {first.first_step} in {first.layer}: "
            f"{len(self.differing)} of {len(self.layers)} layers differ."
        )

    def __repr__(self) -> str:
        return f"<RunComparison: {self}>"

    def _repr_html_(self) -> str:
        """The sentence, and a table of the layers that differ, in notebooks."""
        heads = ("layer", "first step", "moved", "octaves", "steps that differ")
        rows = [
            (each.layer, each.first_step, f"{each.moved:.3%}", f"{each.octaves:.3g}",
             f"{each.differing_steps} of {each.steps}")
            for each in self.differing[:HTML_ROWS]
        ]  # fmt: skip
        lines = [_to_line(heads, "th"), *(_to_line(row, "td") for row in rows)] if rows else []
        more = len(self.differing) - len(rows)
        rest = f"<p>and {more} more layers</p>" if more else ""
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<p>{escape(str(self))}</p><table>{''.join(lines)}</table>{rest}{notes}"


def _to_row(layer: LayerComparison) -> dict[str, Any]:
    fields = {k: v for k, v in asdict(layer).items() if k not in ("a", "b")}
    names = ("layer", "other", "kind", "phase")
    head = {name: fields.pop(name) for name in names}
    return head | {"same": layer.same} | fields


def _to_line(cells: tuple[object, ...], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
