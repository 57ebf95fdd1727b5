"""Access: what axe-core finds wrong in our tab."""

from __future__ import annotations

import json
from pathlib import Path

from tests.browser.tab import Tab

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"


def assert_accessible(tab: Tab) -> None:
    if not tab.frame.evaluate("'axe' in window"):
        tab.frame.evaluate(AXE.read_text())
    tab.wait_still()
    found = tab.frame.evaluate(
        "async () => (await axe.run({rules: {'label-content-name-mismatch': {enabled: true}}}))"
        ".violations.map(v => [v.id, v.nodes.map(n => n.html)])"
    )
    assert found == [], json.dumps(found, indent=1)[:3000]
