"""The entry point: whatever fails behind it, TensorBoard starts and the tab says what is wrong."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from argparse import Namespace
from types import SimpleNamespace

import pytest
from tensorboard.plugins import base_plugin
from werkzeug.test import Client

from tb_activation_hist.core import names
from tb_activation_hist.plugin import loader
from tb_activation_hist.plugin.failure_page import failure_script
from tb_activation_hist.plugin.loader import ActivationHistLoader
from tests.plugin.fake_provider import FakeDataProvider

CONTEXT = SimpleNamespace(data_provider=FakeDataProvider())


def test_the_entry_point_names_the_loader() -> None:
    (entry,) = importlib.metadata.entry_points(group="tensorboard_plugins", name="activation_hist")
    assert entry.load() is ActivationHistLoader
    assert issubclass(ActivationHistLoader, base_plugin.TBLoader)
    assert loader.PLUGIN_NAME == names.PLUGIN_NAME
    assert loader.SLICES_PLUGIN == names.SLICES_PLUGIN
    assert loader.SIZES_PLUGIN == names.SIZES_PLUGIN


def test_all_blocks_are_kept_unless_the_user_says_otherwise() -> None:
    flags = Namespace(samples_per_plugin={"images": 3})
    ActivationHistLoader().fix_flags(flags)
    assert flags.samples_per_plugin == {
        "images": 3,
        "activation_hist": 0,
        "activation_hist_slices": 0,
        "activation_hist_sizes": 0,
    }
    flags = Namespace(
        samples_per_plugin={
            "activation_hist": 50,
            "activation_hist_slices": 9,
            "activation_hist_sizes": 7,
        }
    )
    ActivationHistLoader().fix_flags(flags)
    assert flags.samples_per_plugin == {
        "activation_hist": 50,
        "activation_hist_slices": 9,
        "activation_hist_sizes": 7,
    }
    for odd in (Namespace(), Namespace(samples_per_plugin=None)):
        ActivationHistLoader().fix_flags(odd)


def test_load_gives_the_plugin() -> None:
    plugin = ActivationHistLoader().load(CONTEXT)
    assert plugin.plugin_name == names.PLUGIN_NAME
    assert "/tiles" in plugin.get_plugin_apps()


def test_an_import_error_becomes_a_tab_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tb_activation_hist.plugin.routes", None)
    plugin = ActivationHistLoader().load(CONTEXT)
    assert plugin.plugin_name == names.PLUGIN_NAME
    assert plugin.is_active() is False
    metadata = plugin.frontend_metadata()
    assert metadata.tab_name == names.TAB_NAME
    answer = Client(plugin.get_plugin_apps()[metadata.es_module_path]).get("/static/index.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "ModuleNotFoundError" in answer.text
    assert "Reinstall the package" in answer.text


def test_any_error_becomes_a_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ActivationHistLoader().load(SimpleNamespace())
    assert type(plugin).__name__ == "FailedPlugin"


def test_the_stand_in_shows_any_text_as_text() -> None:
    title = "</script><b>\"'\\ \u2028 `${x}` %s"
    script = failure_script(title, ["100 %"], "Traceback\n  line").decode()
    text = re.search(r"const text = (.*);\n", script).group(1)
    assert json.loads(text) == {"title": title, "lines": ["100 %"], "detail": "Traceback\n  line"}
    assert "innerHTML" not in script
    assert "\u2028" not in script
