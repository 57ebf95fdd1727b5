"""Layers that grow while the logged loss rises: less growth is trouble then than otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import Finding, RunFacts, find_run_findings
from tests.unit.findings.trainings import RECORDS, make_layer, make_run

LOOKED_AT = LossGradients("Net", looks=6, calls=1, first=1, seen=40)


def find(
    growth: float,
    rise: float,
    *looks: LossGradients,
    begin: float = 1.0,
    order: int = 1,
    learnt: float = 1.0,
) -> list[Finding]:
    """A layer that grows from record 10 to 30, and a loss that rises from record 20 to 40.

    looks: at the outputs' gradients, by default at those of one. begin: scale of the layer at the
    beginning. order: its place. learnt: share of the loss that is left meanwhile, before it rises
    from record 40 on.
    """
    ramp = begin * growth ** np.clip((np.arange(RECORDS) - 10) / 20, 0, 1)
    layer = make_layer("a", "Linear", order, lambda v, i: v * np.float32(ramp[i]), drift=0.0)
    later = np.clip((np.arange(60) - 20) / 20, 0, 1)
    means = 1 + (rise - 1) * later if learnt == 1 else np.where(later < 1, learnt, rise)
    means[:8] = 1
    loss = LossHistory("loss", tuple(range(1, 61)), tuple(means), 1, 0)
    facts = RunFacts(setup=looks or (LOOKED_AT,), losses=(loss,))
    run = {**make_run(), "a": layer}
    return [f for f in find_run_findings("run", run, facts=facts) if f.kind == "exploding"]


def test_growth_with_a_loss_that_rises_is_reported_from_where_both_do() -> None:
    (finding,) = find(18.0, 3.0)
    assert (finding.layers, finding.severity) == (("a",), "warning")
    assert 20 <= finding.first_step <= 26  # the loss is a median of 8 records
    assert finding.figures["growth"] == pytest.approx(18, rel=0.1)
    assert finding.figures["loss_growth"] == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(("growth", "rise"), [(18.0, 1.0), (18.0, 0.2), (8.0, 3.0)])
def test_either_alone_is_in_order(growth: float, rise: float) -> None:
    assert find(growth, rise) == []


def test_growth_in_which_something_was_learnt_is_no_reason_for_a_loss_that_jumps_later() -> None:
    assert find(18.0, 3.0, learnt=0.1) == []


def test_values_of_actions_may_grow_with_their_loss() -> None:
    chosen = LossGradients("Net", looks=6, calls=1, first=1, seen=40, chosen=6)
    assert find(18.0, 3.0, chosen) == []


def test_what_starts_next_to_0_has_to_grow() -> None:
    """As adapters do, whose second matrix starts at 0."""
    assert find(18.0, 3.0, begin=0.01) == []


def test_of_several_outputs_the_heads_become_as_large_as_their_targets() -> None:
    """As that of a value does where the returns grow, with which its loss rises."""
    value = LossGradients("Net/1", looks=6, calls=1, first=1, seen=40)
    assert find(18.0, 3.0, LOOKED_AT, value, order=99) == []
    assert len(find(18.0, 3.0, LOOKED_AT, order=99)) == 1
    assert len(find(18.0, 3.0, LOOKED_AT, value)) == 1
