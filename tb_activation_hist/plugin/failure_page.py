"""The text of the tab when the plugin or its page cannot be loaded.

Imports nothing that may fail itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_activation_hist.plugin.response import respond

ES_MODULE_PATH = "/static/index.js"

_SCRIPT = """\
export function render() {
  const text = %s;
  const box = document.createElement("main");
  box.setAttribute("role", "alert");
  box.style.cssText = "font:14px/1.5 Roboto,Arial,sans-serif;max-width:60em;margin:48px auto;" +
    "padding:0 24px;color:#3c4043";
  let dark = false;
  try {
    dark = window.parent.document.body.classList.contains("dark-mode");
  } catch {
    dark = false;
  }
  if (dark) box.style.color = "#e8eaed";
  const heading = document.createElement("h1");
  heading.style.cssText = "font-size:20px;font-weight:500";
  heading.textContent = text.title;
  box.append(heading);
  for (const line of text.lines) {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    box.append(paragraph);
  }
  if (text.detail) {
    const detail = document.createElement("pre");
    detail.style.cssText = "white-space:pre-wrap;font-size:12px";
    detail.textContent = text.detail;
    box.append(detail);
  }
  document.body.append(box);
}
"""


def failure_script(title: str, lines: list[str], detail: str = "") -> bytes:
    """A script whose ``render()`` shows the text; all characters are allowed."""
    text = json.dumps({"title": title, "lines": lines, "detail": detail})
    return (_SCRIPT % text).encode()


class FailedPlugin(base_plugin.TBPlugin):
    """Stands in for a plugin that could not be loaded, so that its tab says why."""

    plugin_name = "activation_hist"

    def __init__(self, context: Any, error: BaseException, detail: str) -> None:
        super().__init__(context)
        self._script = failure_script(
            "The Activations tab could not be loaded",
            [
                f"{type(error).__name__}: {error}",
                (
                    "Reinstall the package in this TensorBoard's environment and restart "
                    "TensorBoard: pip install --force-reinstall tb_activation_hist"
                ),
            ],
            detail,
        )

    def get_plugin_apps(self) -> Mapping[str, Any]:
        return {ES_MODULE_PATH: wrappers.Request.application(self._serve)}

    def is_active(self) -> bool:
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        return base_plugin.FrontendMetadata(es_module_path=ES_MODULE_PATH, tab_name="Activations")

    def _serve(self, request: wrappers.Request) -> wrappers.Response:
        return respond(request, self._script, "text/javascript")
