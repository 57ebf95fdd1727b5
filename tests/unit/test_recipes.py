"""The recipes of docs/recipes run as they stand, and say what their documents promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tb_activation_hist import read_histograms

RECIPES = Path(__file__).resolve().parent.parent.parent / "docs" / "recipes"

LAYERS = {
    "attention": [f"blocks.0.attn/{name}" for name in ("q", "k", "v", "scores", "max_logit")]
    + ["gradients/blocks.1.attn/q", "blocks.0.mlp.0"],
    "experts": [f"layers.1/{name}" for name in ("logits", "load", "weights")],
    "residual_stream": [
        f"3/{name}" for name in ("resid_in", "attn_out", "resid_mid", "mlp_out", "resid_out")
    ],
    "optimizer": [
        "inputs/0",
        "updates/0.weight",
        "optimizer_state/0.weight/exp_avg",
        "optimizer_state/2.bias/m_over_sqrt_v",
    ],
}


def test_each_recipe_has_a_test():
    assert set(LAYERS) == {path.stem for path in RECIPES.glob("*.py")}
    text = RECIPES.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"recipes/{name}.py" in text for name in LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_a_recipe_runs_and_records_its_layers(name, tmp_path, capsys):
    program = runpy.run_path(str(RECIPES / f"{name}.py"))
    program["main"](str(tmp_path), 3)
    assert capsys.readouterr().out
    run = next(iter(read_histograms(tmp_path).values()))
    assert set(LAYERS[name]) <= set(run)
    assert all(run[layer].steps.tolist() == [1, 2, 3] for layer in LAYERS[name])
