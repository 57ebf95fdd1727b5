"""Where a run parts from a healthy one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tb_activation_hist.findings import (
    find_difference_findings,
)
from tests.unit.findings.trainings import (
    Layers,
    after,
    make_layer,
    make_run,
    only,
)


def test_run_difference_names_where_runs_part() -> None:
    one, other = make_run(), make_run({"linear1": after(64, lambda v: v * 5)})
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert (finding.kind, finding.run, finding.layers) == ("run_difference", "b", ("linear1",))
    assert finding.figures["baseline"] == "a"
    assert abs(finding.first_step - 65) <= 4


def test_a_relu_that_falls_silent_parts_from_one_that_does_not() -> None:
    one, other = make_run(), make_run({"relu1": after(64, lambda v: v * 0)})
    for runs in ({"a": one, "b": other}, {"b": other, "a": one}):
        finding = only(find_difference_findings(runs))
        assert finding.layers == ("relu1",)
        assert abs(finding.first_step - 65) <= 4
        assert finding.figures["zeros_apart"] > 0.4


def add_gradients(run: Layers, change: Callable[[np.ndarray], np.ndarray]) -> Layers:
    names = [info.layer for info, _ in run.values()]
    gradients = [
        make_layer(name, "Linear", order, after(64, change), stream="gradients", drift=0.5)
        for order, name in enumerate(names)
    ]
    return run | {info.tag: (info, series) for info, series in gradients}


def test_of_gradients_that_part_together_the_last_layer_is_the_first() -> None:
    one, other = (add_gradients(make_run(), lambda v, by=by: v * by) for by in (1, 6))
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert finding.layers[0] == "head"
    assert finding.layers[-1] == "linear0"
    assert finding.title.startswith("head (gradients) and 6 more layers: ")


def test_the_forward_pass_comes_before_the_backward_pass() -> None:
    one = add_gradients(make_run(), lambda v: v)
    planted = {"relu1": after(64, lambda v: v * 5), "linear2": after(64, lambda v: v * 5)}
    other = add_gradients(make_run(planted), lambda v: v * 6)
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert finding.tags[:3] == ("activations/relu1", "activations/linear2", "gradients/head")


def test_equal_runs_do_not_differ() -> None:
    assert find_difference_findings({"a": make_run(), "b": make_run()}) == []
