"""The settings of modules as they are stored."""

from __future__ import annotations

import pytest
from torch import nn

from tb_activation_hist.capture.module_settings import LONGEST, module_settings
from tb_activation_hist.capture.optimizer_settings import list_norms_around


class Shows(nn.Module):
    def __init__(self, shown: object) -> None:
        super().__init__()
        self.shown = shown

    def extra_repr(self) -> str:
        if isinstance(self.shown, Exception):
            raise self.shown
        return self.shown  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        (nn.Linear(8, 4), "in_features=8, out_features=4, bias=True"),
        (nn.ReLU(inplace=True), ""),
        (nn.Dropout(0.1), "p=0.1"),
        (nn.ELU(0.9, inplace=True), "alpha=0.9"),
        (Shows(ValueError("not yet")), ""),
        (Shows(None), ""),
        (Shows("a\nb\ud800"), "a b"),
        (Shows("x" * 999), "x" * LONGEST),
    ],
)
def test_settings_are_what_print_shows_without_what_changes_no_value(
    module: nn.Module, settings: str
) -> None:
    assert module_settings(module) == settings


def test_norms_with_an_activation_inside_have_settings_too() -> None:
    """As timm's BatchNormAct2d has; of these, the modules inside are the layers."""

    class BatchNormAct2d(nn.BatchNorm2d):
        def __init__(self) -> None:
            super().__init__(4)
            self.act = nn.ReLU()

    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(BatchNormAct2d()), nn.BatchNorm2d(4))
    layers = [("0", model[0]), ("1.0.act", model[1][0].act), ("2", model[2])]
    assert list(list_norms_around(layers, model)) == [("1.0", model[1][0])]
