"""The full names of tensors, and the number of a call in them."""

import pytest

from tb_activation_hist.capture.tensor_names import without_call


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("attn:0", "attn"),
        ("attn:12/scores", "attn/scores"),
        ("attn/scores", "attn/scores"),
        ("heads/loss:1", "heads/loss:1"),
        ("heads:0/loss:1", "heads/loss:1"),
    ],
)
def test_a_number_behind_a_slash_is_no_call(name: str, without: str) -> None:
    """A module may put out a dictionary with the key "loss:1"."""
    assert without_call(name) == without
