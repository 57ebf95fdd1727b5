"""How large the scores of attention are, estimated from the outputs of its projections.

Queries and keys of independent values q and k have scores q · k / sqrt(d) whose root mean square is
that of q times that of k, whatever d is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals

FUSED: Final = frozenset(
    {"qkv", "c_attn", "query_key_value", "in_proj", "to_qkv", "Wqkv", "qkv_proj", "qk"}
)
"""Names of layers that make queries and keys (and values) in one."""

KEY_OF: Final = {
    "q": "k", "query": "key", "queries": "keys", "q_proj": "k_proj", "to_q": "to_k",
    "q_lin": "k_lin", "wq": "wk", "Wq": "Wk", "W_q": "W_k", "w_q": "w_k", "q_norm": "k_norm",
    "query_proj": "key_proj", "linear_q": "linear_k",
}  # fmt: skip
"""Name of the layer of the queries -> that of the keys beside it."""


class Scores(NamedTuple):
    """Attention's scores in the first record: the layer that makes the queries, and their size."""

    queries: Signals
    rms: float


def scores_at_start(run: RunSignals) -> Iterator[Scores]:
    """Those of attention whose projections are layers; normalised queries count as they are."""
    known = {module_name(s.info): s for s in run.outputs if s.whole.any()}
    for name, signals in known.items():
        parent, _, own = name.rpartition(".")
        if own in FUSED:
            yield Scores(signals, signals.first_rms**2)
        keys = known.get(_beside(parent, KEY_OF.get(own, "")))
        if keys is not None and (own == "q_norm" or _beside(parent, "q_norm") not in known):
            yield Scores(signals, signals.first_rms * keys.first_rms)


def _beside(parent: str, name: str) -> str:
    return f"{parent}.{name}" if parent else name
