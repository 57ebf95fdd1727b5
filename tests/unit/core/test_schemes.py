"""The protocol of bin schemes: who may ask which scheme it is, and what a new one needs."""

from __future__ import annotations

import ast
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

import tb_activation_hist
from tb_activation_hist.capture import count_kernels
from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.core.errors import FormatError, OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.registry import SCHEMES, check_scheme, dict_to_scheme
from tb_activation_hist.core.schemes.scheme import Scheme

PACKAGE = Path(__file__).resolve().parents[3] / "tb_activation_hist"
TESTS = ("isinstance", "issubclass", "type")
CLASSES = {"FloatBits", "LinearBins", "ExplicitBins", "Scheme", "AnyScheme"}


def names_in(node: ast.AST) -> set[str]:
    inner = list(ast.walk(node))
    names = {each.id for each in inner if isinstance(each, ast.Name)}
    return names | {each.attr for each in inner if isinstance(each, ast.Attribute)}


def asks_for_the_scheme(source: str) -> list[int]:
    """Lines that tell schemes apart by their type: isinstance, issubclass, type, match, ``is``."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in TESTS:
            suspects = {*CLASSES, "scheme"}
        elif isinstance(node, (ast.MatchClass, ast.Compare)):
            suspects = CLASSES
        else:
            continue
        if names_in(node) & suspects:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "schemes"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nobody_asks_which_scheme_it_is(path: Path) -> None:
    assert asks_for_the_scheme(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(scheme, FloatBits)",
        "isinstance(self.scheme, (A, schemes.LinearBins))",
        "isinstance(self.scheme, Anything)",
        "type(scheme)",
        "type(given) is ExplicitBins",
        "match given:\n    case LinearBins(count=3): pass",
    ],
)
def test_the_check_can_fail(source: str) -> None:
    assert asks_for_the_scheme(source)


# --- a third scheme -------------------------------------------------------------------------------


@dataclass(frozen=True)
class SquareBins(Scheme):
    """Edges -k**2 ... -4, -1, 0, 1, 4 ... k**2: narrow around zero. Bin -1 ends at 0."""

    k: int

    @property
    def slots(self) -> int:
        return 2 * self.k + 2

    @property
    def _edges(self) -> FloatArray:
        root = np.arange(-self.k, self.k + 1, dtype=np.float64)
        return root * np.abs(root)

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        return np.asarray(slots, np.int64) - self.k - 1

    def values_to_bins(self, values: npt.ArrayLike) -> IntArray:
        place = np.searchsorted(self._edges, np.asarray(values, np.float64), side="right")
        return place.astype(np.int64) - self.k - 1

    def lower_edges(self, bins: npt.ArrayLike) -> FloatArray:
        return np.array([-np.inf, *self._edges])[np.asarray(bins) + self.k + 1]

    def upper_edges(self, bins: npt.ArrayLike) -> FloatArray:
        return np.array([*self._edges, np.inf])[np.asarray(bins) + self.k + 1]

    def to_dict(self) -> dict[str, Any]:
        return {"scheme": "squares", "k": self.k}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> SquareBins:
        return cls(fields["k"])


SQUARES = SquareBins(3)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEMES, "squares", SquareBins)


class Tapped(nn.Module):
    """A layer whose outputs can be seen afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 50)
        self.seen: list[npt.NDArray[np.float64]] = []

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(values)
        if not torch.compiler.is_compiling():
            self.seen.append(out.detach().double().numpy().ravel())
        return out


def numpy_counts(values: npt.NDArray[np.float64], scheme: SquareBins) -> list[int]:
    """By slot: with numpy, from the edges alone."""
    edges = np.array([-np.inf, *scheme._edges, np.inf])
    above = edges[:-1, None] <= values
    return [int(n) for n in (above & (values < edges[1:, None])).sum(axis=1)]


@pytest.mark.usefixtures("registered")
def test_a_new_scheme_is_recorded_stored_read_and_drawn(tmp_path: Path) -> None:
    mpl.use("Agg")
    torch.manual_seed(0)
    model = Tapped()
    logger = tb_activation_hist.ActivationHistLogger(
        model, tmp_path, bins=SQUARES, on_error="raise"
    )
    for _ in range(3):
        model(torch.randn(20, 6) * 5)
        logger.step()
    logger.close()

    series = tb_activation_hist.read_histograms(tmp_path)["."]["layer"]
    assert series.scheme == SQUARES
    for record, values in zip(series.bin_counts, model.seen, strict=True):
        counts = np.zeros(SQUARES.slots, np.int64)
        counts[series.bins + SQUARES.k + 1] = record
        assert counts.tolist() == numpy_counts(values, SQUARES)
    png = io.BytesIO()
    series.plot().figure.savefig(png)
    assert png.getvalue().startswith(b"\x89PNG")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("kernel", ["", "torch"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_new_scheme_counts_values_on_its_edges(
    monkeypatch: pytest.MonkeyPatch, kernel: str, dtype: torch.dtype
) -> None:
    monkeypatch.setenv(count_kernels.KERNEL_VARIABLE, kernel)
    count_kernels.c_extension.cache_clear()
    edges = torch.tensor(SQUARES._edges).to(dtype)
    odd = torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0, 1e-7, -1e-7, 9e4, -9e4]).to(dtype)
    values = torch.cat([edges, torch.nextafter(edges.float(), -torch.ones(())).to(dtype), odd])
    buffer = CountBuffer(2, SQUARES)
    buffer.switch.on = True
    count_(buffer, 1, values)
    host = buffer.to_host()
    exact = values.double().numpy()
    finite = exact[np.isfinite(exact)]
    assert host.counts[1].tolist() == numpy_counts(finite, SQUARES)
    assert host.tallies[1, 2:].tolist() == [
        int(n) for n in (np.isnan(exact).sum(), (exact == np.inf).sum(), (exact == -np.inf).sum())
    ]
    assert not host.counts[0].any()
    count_kernels.c_extension.cache_clear()


@pytest.mark.usefixtures("registered")
def test_a_compiled_graph_counts_into_a_new_scheme() -> None:
    torch._dynamo.reset()
    buffer = CountBuffer(1, SQUARES)
    buffer.switch.on = True

    @torch.compile(fullgraph=True, backend="aot_eager")
    def double(given: torch.Tensor) -> torch.Tensor:
        count_(buffer, 0, given)
        return given * 2

    values = torch.randn(30, 40) * 5
    double(values)
    found = buffer.to_host().counts[0].tolist()
    assert found == numpy_counts(values.double().numpy().ravel(), SQUARES)


@pytest.mark.usefixtures("registered")
def test_a_scheme_whose_bins_cannot_be_stored_is_refused() -> None:
    with pytest.raises(OptionError, match="bins must be a scheme of at most 32768 slots"):
        check_scheme("bins", SquareBins(20_000))


def test_a_scheme_that_is_not_registered_is_refused_with_the_names_of_those_that_are() -> None:
    with pytest.raises(OptionError, match=r"FloatBits\(\) or LinearBins\(count, lo, hi\)"):
        check_scheme("bins", SQUARES)
    with pytest.raises(FormatError, match="Upgrade"):
        dict_to_scheme(SQUARES.to_dict())


@pytest.mark.parametrize("scheme", [FloatBits(), LinearBins(3, 0, 1)], ids=str)
def test_a_scheme_is_registered_under_the_name_that_it_stores(scheme: Scheme) -> None:
    assert SCHEMES[scheme.to_dict()["scheme"]] is type(scheme)


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"scheme": "linear"},
        {"scheme": "float_bits", "mantissa_bits": 5},
        {"scheme": ["linear"]},
    ],
    ids=str,
)
def test_damaged_schemes_are_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="Unknown bin scheme"):
        dict_to_scheme(damaged)
