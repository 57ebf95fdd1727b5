"""Incidents as text: what is seen, how sure, what followed, causes, what to try, how to check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from tb_activation_hist.cli.logdir import Run
from tb_activation_hist.cli.terminal_page import INDENT, Page
from tb_activation_hist.core.input_facts import INPUTS_FIELD
from tb_activation_hist.core.names import KINDS
from tb_activation_hist.core.nearest import list_names
from tb_activation_hist.core.parameter_sizes import SIZED_KINDS
from tb_activation_hist.findings import SEVERITIES, Finding

LISTED_LAYERS: Final = 12
LISTED_FINDINGS: Final = 3

CONFIDENCE_WORDS: Final = ((0.95, "nearly certain"), (0.85, "likely"), (0.6, "probable"))
"""Minimum confidence for each word; below all of them it is "uncertain"."""

JUDGED_BY: Final[Mapping[str, str]] = {
    "gradients": "whether gradients vanish or explode",
    "weights": "whether each parameter changes",
    "updates": "how large the steps are",
    "inputs": "the data that goes in",
}
"""Kinds that a run may lack, and what cannot be judged without them."""


def to_groups(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of a run by incident, in their order; comparisons stand alone."""
    numbered = (f for f in findings if f.incident)
    groups = [list(group) for _, group in groupby(numbered, key=lambda f: f.incident)]
    return groups + [[f] for f in findings if not f.incident]


def print_incident(page: Page, incident: Sequence[Finding]) -> None:
    """One paragraph: the cause in full, and what followed in a line."""
    cause, *followed = incident
    worst = min((f.severity for f in incident), key=SEVERITIES.index)
    page.print_beside_margin(cause.title, "title", margin=worst)
    steps = f"steps {cause.first_step} to {cause.last_step}"
    page.print_beside_margin(f"{cause.kind}, {steps}, {describe_confidence(cause.confidence)}")
    if followed:
        page.print_beside_margin(f"Followed by {_list_titles(followed)}.")
    for line in _apart(cause):
        page.print_beside_margin(line)
    page.print_beside_margin(cause.advice, "dim")
    if cause.code:
        page.print_beside_margin("Try first:", "dim")
        for line in cause.code.splitlines():
            print(page.paint(f"{'':<{INDENT + 2}}{line}", "dim"))
    if cause.check:
        page.print_beside_margin(f"To check: {cause.check}", "dim")


def print_details(page: Page, finding: Finding) -> None:
    """A finding with each figure and its threshold."""
    steps = f"steps {finding.first_step} to {finding.last_step}"
    page.print_beside_margin(f"- {finding.title} ({finding.kind}, {finding.severity}, {steps})")
    for each in finding.evidence:
        limit = f" (threshold: {each.limit})" if each.limit else ""
        page.print_beside_margin(f"  {each.label}: {each.value}{limit}")


def describe_confidence(confidence: float) -> str:
    """In words and as the share of such findings that are right."""
    word = next((word for least, word in CONFIDENCE_WORDS if confidence >= least), "uncertain")
    return f"{word}: {confidence:.0%} of such findings are right"


def describe_coverage(run: Run) -> Iterator[str]:
    """What was looked at, and what could not be judged."""
    infos = [info for info, series in run.layers.values() if len(series)]
    kinds = [kind for kind in KINDS if any(info.kind == kind for info in infos)]
    steps = [int(step) for _, own in run.layers.values() if len(own) for step in own.steps[[0, -1]]]
    if not steps:
        yield "Nothing could be judged: no layer has a record."
    else:
        records = max(len(series) for _, series in run.layers.values())
        layers = len({info.layer for info in infos if info.kind != "inputs"})
        sizes = f" and the sizes of {len(run.sizes)} parameters" if run.sizes else ""
        yield (
            f"Checked {', '.join(kinds)} of {layers} layer{'s' * (layers != 1)}{sizes}, "
            f"{records} record{'s' * (records != 1)}, steps {min(steps)} to {max(steps)}."
        )
        known = {*kinds, *(SIZED_KINDS if run.sizes else ())}
        missing = [f"{what} (no {kind})" for kind, what in JUDGED_BY.items() if kind not in known]
        if missing:
            yield f"Not judged, because it was not recorded: {', '.join(missing)}."
        if "inputs" in kinds and not run.info.get(INPUTS_FIELD):
            yield "Not judged: whether batches repeat, since a compiled graph counts the input."
    yield from _describe_silence(run)


def _describe_silence(run: Run) -> Iterator[str]:
    """Layers that never ran while they were recorded, as far as the run says."""
    noted = run.info.get("silent")
    silent = [name for name in noted if isinstance(name, str)] if isinstance(noted, list) else []
    if not silent:
        return
    ran = any(
        info.phase == "train" and info.kind == "activations" for info, _ in run.layers.values()
    )
    if not ran:
        yield (
            f"No layer ran in training ({len(silent)} did not run): call model.train(), or record "
            'phases=("train", "eval").'
        )
    else:
        plural = len(silent) != 1
        yield (
            f"{len(silent)} layer{'s' * plural} did not run and {'were' if plural else 'was'} not "
            f"checked: {list_names(silent, LISTED_LAYERS)}."
        )


def _list_titles(findings: Sequence[Finding]) -> str:
    more = len(findings) - LISTED_FINDINGS
    titles = "; ".join(finding.title for finding in findings[:LISTED_FINDINGS])
    return f"{titles}; and {more} more" if more > 0 else titles


def _apart(finding: Finding) -> list[str]:
    """A line per layer with step and distance, when the finding compares two runs."""
    parts = [finding.figures.get(name, ()) for name in ("first_steps", "distances")]
    lines = [
        f"{layer}: from step {step}, distance {distance:.3g}"
        for layer, step, distance in zip(finding.layers, *parts, strict=False)
    ]
    more = len(lines) - LISTED_LAYERS
    return lines if more <= 1 else [*lines[:LISTED_LAYERS], f"and {more} more layers"]
