"""docs/number_formats.md: its example, run as it stands, and its figures."""

import re
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.core.number_formats import FORMAT_LIMITS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "number_formats.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−·", "-0123456789-*")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    pytest.importorskip("pandas")
    plt = pytest.importorskip("matplotlib.pyplot")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("document"))
        found = {}
        exec(compile(CODE, DOCUMENT, "exec"), found)
        yield found
        plt.close("all")


def told(code):
    """What a comment says that a line gives."""
    (comment,) = re.findall(rf"^{re.escape(code)}  # ([\d.*]+)", CODE, re.MULTILINE)
    return float(eval(comment))


def test_the_example_gives_what_it_says(names):
    for code in (
        'run["1"].format_loss("e4m3").lost.max()',
        "loss.underflow.min()",
        "loss.overflow.max()",
        'gradients.format_loss("e4m3", scale).lost.max()',
    ):
        assert eval(code, names) == pytest.approx(told(code), abs=1e-3)
    stated = told('scale = gradients.best_scale("e4m3")')
    assert abs(np.log2(names["scale"]) - np.log2(stated)) <= 1
    assert list(names["worst"].columns) == ["e4m3_underflow", "fp16_underflow"]
    assert names["worst"].loc["gradients/2", "e4m3_underflow"] == 1


@pytest.mark.parametrize("name", FORMAT_LIMITS)
def test_the_table_has_the_limits(name):
    limits = FORMAT_LIMITS[name]
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", TEXT, re.MULTILINE)
    dtype, zero, normal, largest, over = (cell.strip(" `") for cell in row.split("|"))
    assert dtype == limits.dtype
    assert value(zero.partition("≈")[0]) == limits.zero_up_to
    assert value(normal) == limits.normal_from
    assert value(largest) == pytest.approx(limits.largest, rel=2e-3)
    assert over.startswith("above") != limits.overflow_at_limit
    assert value(re.sub("above|from|on", "", over)) == limits.overflow_limit


def value(text):
    """A number as the table writes it: 65,504 or 2⁻¹⁴ − 2⁻²⁵."""
    powers = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"**({found[0]})", text.replace(",", ""))
    return float(eval(powers.translate(SUPERSCRIPTS)))
