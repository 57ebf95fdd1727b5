"""States that a single record shows: non-finite values, a collapsed layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import (
    Hit,
    group_episodes,
    hit_layers,
    hits_to_finding,
    name_layers,
)
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import (
    Signals,
    last_relapse,
    sustained_stretch,
    train_activations,
)
from tb_activation_hist.findings.texts import ADVICE, MASK_ADVICE, SOURCES


def find_non_finite(run: str, layers: Sequence[Signals], _options: FindingOptions) -> list[Finding]:
    """NaN and infinities: one finding per kind of series, the first layer in its own direction."""
    findings = []
    for stream in sorted({(s.info.kind, s.info.phase) for s in layers}):
        hits = [_non_finite_hit(s) for s in layers if (s.info.kind, s.info.phase) == stream]
        found = [hit for hit in hits if hit is not None]
        masked = [hit for hit in found if _is_mask(hit)]
        broken = [hit for hit in found if not _is_mask(hit)]
        findings += [
            _non_finite_finding(run, group, stream[0]) for group in (broken, masked) if group
        ]
    return findings


def _non_finite_hit(signals: Signals) -> Hit | None:
    bad = np.flatnonzero(signals.non_finite)
    if bad.size == 0:
        return None
    tallies = signals.series.tallies.take(bad[0])
    figures = {"nans": int(tallies.nans), "pos_infs": int(tallies.pos_infs)}
    figures |= {"neg_infs": int(tallies.neg_infs), "n": int(tallies.n), "records": int(bad.size)}
    return Hit(signals, int(bad[0]), int(bad[-1]), figures)


def _is_mask(hit: Hit) -> bool:
    """Only -inf, from the first record to the last: put there on purpose."""
    series = hit.signals.series
    bad = hit.signals.non_finite
    return bool(np.all(series.neg_infs == bad) and np.all(bad > 0) and np.all(bad < series.n))


def _non_finite_finding(run: str, hits: Sequence[Hit], kind: str) -> Finding:
    # Gradients flow from the last layer to the first, so there the cause lies at the far end.
    direction = -1 if "gradients" in kind else 1
    ordered = sorted(hits, key=lambda hit: (hit.first_step, direction * hit.order))
    cause = ordered[0]
    figures = cause.figures
    words = {"nans": "NaN", "pos_infs": "+inf", "neg_infs": "-inf"}
    what = " and ".join(word for name, word in words.items() if figures[name])
    masked = _is_mask(cause)
    return Finding(
        kind="non_finite",
        run=run,
        **hit_layers(ordered),
        first_step=cause.first_step,
        last_step=max(hit.last_step for hit in ordered),
        severity="info" if masked else "error" if _lasts(cause) else "warning",
        title=f"{name_layers(ordered)}: {what} from step {cause.first_step}",
        advice=MASK_ADVICE if masked else ADVICE["non_finite"],
        figures=figures,
        threshold={"values": 1},
        source=SOURCES["non_finite"],
    )


def _lasts(hit: Hit) -> bool:
    """Gradients of a GradScaler overflow now and then on purpose; then they are finite again."""
    if "gradients" not in hit.signals.info.kind:
        return True
    return hit.last == len(hit.signals.series) - 1


def find_collapsed(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """Layers whose values are all zero, or tiny beside what they were."""
    found = [_collapsed_hit(signals, options) for signals in train_activations(layers)]
    hits = [hit for hit in found if hit]
    return [
        hits_to_finding(
            "collapsed",
            run,
            group,
            severity="error",
            title=f"{name_layers(group)}: collapsed to zero at step {group[0].first_step}"
            f" ({group[0].figures['idle_share']:.1%} of the values)",
            threshold={"collapsed_share": options.collapsed_share},
        )
        for group in group_episodes(hits)
    ]


def _collapsed_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    state = signals.idle_share >= options.collapsed_share
    stretch = sustained_stretch(signals, state)
    if stretch is None:
        return None
    first = stretch[0]
    last = last_relapse(signals, state, first)
    before = signals.idle_share[max(first - 1, 0)]
    figures = {
        "idle_share": float(signals.idle_share[first : last + 1].mean()),
        "idle_share_before": float(before),
        "records": last - first + 1,
    }
    return Hit(signals, first, last, figures)
