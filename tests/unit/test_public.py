"""The public names."""

import pytest

import tb_activation_hist


@pytest.mark.parametrize("name", tb_activation_hist.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    if name == "ActivationHistCallback":
        pytest.importorskip("fastai", reason="fastai is an extra")
    assert getattr(tb_activation_hist, name).__doc__


def test_names_are_listed_and_sorted():
    assert tb_activation_hist.__all__ == sorted(tb_activation_hist.__all__)
    assert set(tb_activation_hist.__all__) <= set(dir(tb_activation_hist))
    assert set(tb_activation_hist._HOMES) == set(tb_activation_hist.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ActivationHist'"):
        tb_activation_hist.ActivationHist  # noqa: B018
