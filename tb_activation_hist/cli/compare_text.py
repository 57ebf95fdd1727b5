"""A comparison as text: the first difference on top, then what follows from it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Final

from tb_activation_hist.cli.show import colour_mode
from tb_activation_hist.cli.terminal_page import Page
from tb_activation_hist.core.comparison.run_comparison import (
    LayerComparison,
    RecordFacts,
    RunComparison,
)
from tb_activation_hist.core.nearest import list_names

LISTED_LAYERS: Final = 12
"""Layers that are listed behind the first difference, and names of layers in any other list."""

FACTS: Final = ("type", "shape", "dtype", "values", "mean", "std", "min", "max", "zeros")
"""Figures of the two records where runs first differ; non-finite values only if there are any."""


def print_comparison(comparison: RunComparison) -> None:
    """Print it; colours only where the output is a terminal."""
    page = Page(
        width=shutil.get_terminal_size().columns,
        colours=colour_mode(os.environ, sys.stdout.isatty()) != "plain",
    )
    first = comparison.first
    if first is None:
        print(page.paint(_tell_same(comparison), "good"))
    else:
        _print_first(page, comparison, first)
        _print_following(page, comparison)
    for line in (*_tell_missing(comparison), *comparison.notes):
        print(page.paint(line, "dim"))


def _tell_same(comparison: RunComparison) -> str:
    return (
        f"Same: {_count(len(comparison.layers), 'layer')}, {_count(comparison.records, 'record')}, "
        f"{_span(comparison)}, {_criterion(comparison)}."
    )


def _print_first(page: Page, comparison: RunComparison, first: LayerComparison) -> None:
    name = _name(first)
    print(page.paint(f"The runs first differ at step {first.first_step} in {name}", "title"))
    print(f"  A {comparison.a}\n  B {comparison.b}")
    print(f"  {_measures(first)}")
    for line in _facts_table(first):
        print(f"  {line}")
    for line in _settings(first):
        print(f"  {line}")
    if comparison.previous:
        print(f"  {comparison.previous}, right before it, is equal at this step.")
    print(f"  {_hint(first)}")


def _name(layer: LayerComparison) -> str:
    return layer.layer if layer.layer == layer.other else f"{layer.layer} (B: {layer.other})"


def _measures(layer: LayerComparison) -> str:
    return (
        f"{_moved(layer)}; {layer.differing_steps} of {_count(layer.steps, 'record')} differ, at "
        f"most {_share(layer.worst_moved)} of the values (step {layer.worst_step})."
    )


def _moved(layer: LayerComparison) -> str:
    if layer.moved == 0:
        return "values differ within their bins"
    return f"{_share(layer.moved)} of the values moved, {layer.octaves:.2g} octaves on average"


def _share(share: float) -> str:
    return f"{share:.2%}" if share >= 0.0001 or share == 0 else f"{share:.1e}"


def _facts_table(layer: LayerComparison) -> list[str]:
    """A line for A and one for B, with the numbers that differ marked by a star."""
    if layer.a is None or layer.b is None:
        return []
    names = [
        *FACTS,
        *(n for n in ("nans", "infs") if _fact(layer.a, n) + _fact(layer.b, n) != "00"),
    ]
    rows = [["", *names]]
    for label, facts, other in (("A", layer.a, layer.b), ("B", layer.b, layer.a)):
        cells = [
            _fact(facts, name) + ("*" if getattr(facts, name) != getattr(other, name) else "")
            for name in names
        ]
        rows.append([label, *cells])
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip()
        for row in rows
    ]


def _settings(layer: LayerComparison) -> list[str]:
    """The settings of both modules, where these differ."""
    a, b = layer.a, layer.b
    if a is None or b is None or not a.is_set_otherwise(b):
        return []
    return [f"Settings in A: {a.settings}", f"Settings in B: {b.settings}"]


def _fact(facts: RecordFacts, name: str) -> str:
    value = getattr(facts, name)
    if isinstance(value, tuple):
        return "x".join(map(str, value)) or "-"
    if value is None or value == "":
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


HINTS: Final = {
    "inputs": "what feeds this layer",
    "activations": "this layer's settings and weights, and what is computed right before it",
    "gradients": "the backward pass of what follows this layer, and the loss",
    "weight_gradients": "this layer's own backward pass, and clipping",
    "optimizer_state": "the optimizer and its settings",
    "updates": "the optimizer, its settings and the learning rate",
    "weights": "the optimizer and, at the first step, the initialisation",
}
"""Kind -> where the cause lies when a layer of this kind is the first that differs."""


def _hint(layer: LayerComparison) -> str:
    return f"Look at {HINTS.get(layer.kind, 'this layer')}."


def _print_following(page: Page, comparison: RunComparison) -> None:
    following = comparison.differing[1:]
    if following:
        print(
            page.paint(
                f"{_count(len(following), 'more layer')} differ from there on, in this order:",
                "title",
            )
        )
    shown = following[:LISTED_LAYERS]
    size = max((len(_name(layer)) for layer in shown), default=0)
    for layer in shown:
        print(f"  step {layer.first_step}  {_name(layer):<{size}}  {_moved(layer)}")
    if len(following) > len(shown):
        print(f"  and {_count(len(following) - len(shown), 'more layer')}")
    print(
        f"Equal: {len(comparison.equal)} of {_count(len(comparison.layers), 'layer')}, "
        f"{_span(comparison)}, {_criterion(comparison)}."
    )


def _tell_missing(comparison: RunComparison) -> Iterator[str]:
    for label, keys in (("A", comparison.only_in_a), ("B", comparison.only_in_b)):
        if keys:
            yield f"Only in {label}: {list_names(keys, LISTED_LAYERS)}."
    for key, reason in list(comparison.not_compared.items())[:LISTED_LAYERS]:
        yield f"Not compared: {key} ({reason})."


def _span(comparison: RunComparison) -> str:
    first, last = comparison.steps
    steps = f"steps {first} to {last}" if last > first else f"step {first}"
    return f"{steps} (B: {comparison.offset:+d})" if comparison.offset else steps


def _criterion(comparison: RunComparison) -> str:
    return {
        "exact": "equal counts",
        "mass": f"at most {comparison.tolerance:.3g} of the values moved",
        "octaves": f"moved by at most {comparison.tolerance:.3g} octaves",
    }[comparison.mode]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
