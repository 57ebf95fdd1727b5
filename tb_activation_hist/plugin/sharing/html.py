"""The HTML file: the page's script and the data, packed, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from typing import Final

from tb_activation_hist.core.errors import MissingDependencyError
from tb_activation_hist.plugin.sharing.tile_pack import compress
from tb_activation_hist.plugin.static_files import read_static_file

PAGE_SCRIPT: Final = "shared.js"

MARK: Final = '<meta name="generator" content="tb_activation_hist share">'
"""By which a shared file is known."""

UNPACK: Final = """\
(async () => {
  const say = (text) => { document.getElementById("say").textContent = text; };
  try {
    const text = document.getElementById("part-page").textContent;
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
    const { readable, writable } = new DecompressionStream("gzip");
    const writer = writable.getWriter();
    const written = writer.write(bytes).then(() => writer.close());
    const script = document.createElement("script");
    [script.textContent] = await Promise.all([new Response(readable).text(), written]);
    document.body.append(script);
    say("");
  } catch (error) {
    say(`This page could not be opened (${error.message}). ` +
      "It needs Chromium 80, Firefox 113 or Safari 16.4, or newer.");
  }
})();
"""
"""Runs the page's script out of its part."""

STYLE: Final = """\
#say:empty { display: none; }
#say { margin: 2em; font: 14px/1.5 system-ui, sans-serif; }
"""


def make_html(title: str, parts: Mapping[str, bytes]) -> str:
    """The file. parts: compressed, by name, the ones that the page reads first come first.

    The page's script comes before them, so that it starts while the rest is still being read.
    Names and data are in base64, so nothing of them is read as HTML; the title alone is escaped.
    Only the two scripts run, by their digests, and nothing can be fetched.
    """
    script = read_page_script()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_digest(UNPACK.encode())}' '{_digest(script)}'",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    scripts = "\n".join(_to_element(name, data) for name, data in parts.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
{MARK}
<title>{escape(title.replace(chr(0), " "))}</title>
<style>{STYLE}</style>
</head>
<body>
<p id="say"></p>
{_to_element("page", compress(script))}
<script>{UNPACK}</script>
{scripts}
</body>
</html>
"""


def _to_element(name: str, data: bytes) -> str:
    """A part as the page finds it; the browser does not run scripts of this type."""
    return f'<script type="application/gzip" id="part-{name}">{_to_base64(data)}</script>'


def read_page_script() -> bytes:
    """The script of a page without a server; MissingDependencyError where it is not built."""
    script = read_static_file(PAGE_SCRIPT)
    if not script:
        msg = (
            "The page's script is missing from the installed package. From a checkout, build it "
            "with: make page. Otherwise reinstall tb-activation-hist."
        )
        raise MissingDependencyError(msg)
    return script


def _digest(script: bytes) -> str:
    """As a policy names a script."""
    return f"sha256-{_to_base64(hashlib.sha256(script).digest())}"


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def pack_json(answer: object) -> bytes:
    """JSON as a part of the file."""
    return compress(json.dumps(answer, separators=(",", ":"), allow_nan=False).encode())
