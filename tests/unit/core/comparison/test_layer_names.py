"""Which layer of one run is which of another."""

from __future__ import annotations

import re

import pytest

from tb_activation_hist.core.comparison.layer_names import (
    names_to_rules,
    pair_names,
    parse_name_rules,
)
from tb_activation_hist.core.errors import OptionError


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "model.", "transformer.", "model.transformer.", "my_own."]
)
def test_common_prefixes_need_no_mapping(prefix: str) -> None:
    names = ["conv1", "layer1.0.bn", "fc"]
    assert pair_names(names, [prefix + name for name in names]).pairs == {
        name: prefix + name for name in names
    }
    assert pair_names([prefix + name for name in names], names).pairs == {
        prefix + name: name for name in names
    }


def test_different_prefixes_and_wrappers_inside() -> None:
    pairs = pair_names(["module.a._orig_mod.b", "module.c"], ["model.a.b", "model.c"]).pairs
    assert pairs == {"module.a._orig_mod.b": "model.a.b", "module.c": "model.c"}


def test_equal_names_come_before_prefixes() -> None:
    pairs = pair_names(["model.a", "a"], ["a", "b"]).pairs
    assert pairs == {"a": "a"}


def test_globs_and_expressions() -> None:
    rules = names_to_rules({"h.*.ln_1": "blocks.*.norm1", re.compile(r"h\.(\d)\.mlp"): r"ff\1"})
    own, its = ["h.0.ln_1", "h.11.ln_1", "h.3.mlp"], ["blocks.0.norm1", "blocks.11.norm1", "ff3"]
    assert pair_names(own, its, rules).pairs == dict(zip(own, its, strict=True))


def test_rules_hold_for_parameters_calls_and_outputs() -> None:
    rules = names_to_rules({"h.*.ln": "b.*.norm"})
    own = ["h.0.ln.weight", "h.0.ln:1", "h.0.ln/scores", "h.1.ln:0/0"]
    its = ["b.0.norm.weight", "b.0.norm:1", "b.0.norm/scores", "b.1.norm:0/0"]
    assert pair_names(own, its, rules).pairs == dict(zip(own, its, strict=True))


def test_a_dash_leaves_out_and_idle_rules_are_reported() -> None:
    rules = names_to_rules({"*.drop": "-", "nowhere": "a"})
    found = pair_names(["x.drop", "a"], ["x.drop", "a"], rules)
    assert found.pairs == {"a": "a"}
    assert found.ignored == {"x.drop"}
    assert found.idle == ("nowhere",)


def test_a_file_of_rules() -> None:
    text = "# GPT-2\nh.*.ln_1 -> blocks.*.norm1  # norms\n\n/wte|wpe/ -> emb\n*.drop -> -\n"
    rules = parse_name_rules(text)
    assert [rule.source for rule in rules] == ["h.*.ln_1", "wte|wpe", "*.drop"]
    assert pair_names(["h.2.ln_1"], ["blocks.2.norm1"], rules).pairs


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a b", "line 1: 'a b' is not 'NAME -> NAME'"),
        ("\n*.a -> *.b.*", "line 2: names: '*.b.*' has 2 wildcards"),
        ("/(/ -> a", "line 1: missing )"),
        (r"/a/ -> \1", "invalid group reference"),
    ],
)
def test_a_wrong_line_is_named(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        parse_name_rules(text, "map.txt")
