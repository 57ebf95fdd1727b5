"""The page behind a reverse proxy: every address it asks for is relative to where it was opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.tab import open_tab
from tests.plugin.proxy import running_proxy
from tests.plugin.tensorboard_process import TensorBoard

TENSORBOARDS_OWN = "/font-roboto/"
"""TensorBoard's style sheet asks for its fonts at the root of the host."""


@pytest.mark.parametrize(
    ("path", "server"),
    [("/tools/board/", "two_runs"), ("/some/where/", "many_layers")],
    ids=["prefix stripped", "--path_prefix"],
)
def test_heatmaps_are_drawn_behind_a_proxy(
    path: str, server: str, open_page: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    target: TensorBoard = request.getfixturevalue(server)
    with running_proxy(path, target.root) as (address, strays):
        page = open_page()
        tab = open_tab(page, address)
        assert tab.frame.locator("canvas").count() > 0
        page.close()
    assert [path for path in strays if TENSORBOARDS_OWN not in path] == []
    assert [text for text in tab.problems if TENSORBOARDS_OWN not in text] == []
