"""The built page: small enough, and free of what TensorBoard's policy forbids."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import tb_activation_hist

STATIC = Path(tb_activation_hist.__file__).parent / "static"
BUDGET = 130_600
"""Bytes of scripts and style sheets after gzip."""
FIRST_BUDGET = 75_000
"""Of which the first pictures need so much: the entry, and what it imports at once."""
TEXTS_BUDGET = 3_600
"""The sentences of the parts that are loaded later."""
SHARED_BUDGET = 141_200
"""The script of a shared file: the page in one, and what asks the file instead of a server."""
IMPORT = re.compile(r"""(?:\bfrom|^import|[;}]import)\s*["']\./([^"']+)["']""")


SHARED = STATIC / "shared.js"


def files() -> list[Path]:
    found = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css"}]
    assert STATIC / "index.js" in found
    return found


def test_scripts_and_styles_stay_within_the_budget() -> None:
    page = [path for path in files() if path != SHARED]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in page) <= BUDGET


def test_a_shared_file_has_one_small_script() -> None:
    script = SHARED.read_bytes()
    assert IMPORT.findall(script.decode()) == []
    assert b"import(" not in script
    assert len(gzip.compress(script, 9)) <= SHARED_BUDGET


def test_the_first_pictures_need_one_small_file() -> None:
    entry = (STATIC / "index.js").read_text(encoding="utf-8")
    assert IMPORT.findall(entry) == []
    assert len(gzip.compress(entry.encode(), 9)) <= FIRST_BUDGET
    later = re.findall(r"""import\(["']\./([^"']+)["']\)""", entry)
    assert set(later) <= {path.name for path in files()}
    assert later


def test_sentences_of_later_parts_are_data() -> None:
    script = (STATIC / "later_parts.js").read_text(encoding="utf-8")
    texts = json.loads((STATIC / "later_parts.json").read_text(encoding="utf-8"))
    assert len(set(texts)) == len(texts) > 100
    assert not [text for text in texts if f'"{text}"' in script]
    assert len(gzip.compress(json.dumps(texts).encode(), 9)) <= TEXTS_BUDGET


def test_an_import_at_once_is_found() -> None:
    assert IMPORT.findall('import{a}from"./page.js";import"./css.js";import("./x.js")') == [
        "page.js",
        "css.js",
    ]


def test_no_evaluated_code_and_no_other_host() -> None:
    for path in files():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|\bFunction\(", text), path
        assert "createObjectURL(new Blob" not in text, path
        addresses = set(re.findall(r"https?://[^\s\"'`]+", text))
        assert {address for address in addresses if "www.w3.org" not in address} == set(), path


def test_the_entry_exports_render() -> None:
    assert re.search(r"export\s*\{[^}]*\bas render\b", (STATIC / "index.js").read_text("utf-8"))
