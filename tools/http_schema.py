"""Writes the page's types and the tables of http_api.md from tb_activation_hist/plugin/schema/.

`--check` writes nothing, and fails when one of the two files is stale.
"""

from __future__ import annotations

import ast
import inspect
import json
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, replace
from dataclasses import fields as dataclass_fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.tile_layout import TILE_ARRAYS

ROOT: Final = Path(__file__).resolve().parent.parent
TYPES: Final = ROOT / "frontend" / "src" / "series" / "types.ts"
DOCUMENT: Final = ROOT / "tb_activation_hist" / "plugin" / "http_api.md"

CONSTANTS: Final = ("API_VERSION", "TILES_VERSION", "DEFAULT_ROWS")
"""Constants that the page needs too."""

TABLE: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
LINE_WIDTH: Final = 110
TYPES_HEAD: Final = """\
/**
 * What the server sends and takes (plugin/http_api.md).
 *
 * Made from tb_activation_hist/plugin/schema/ by tools/http_schema.py: edit its files instead.
 */
"""


@dataclass(frozen=True)
class Field:
    """A field of a type; default: as JSON, None if there is none."""

    name: str
    type: Any
    optional: bool
    default: str | None
    doc: str


def read_texts() -> dict[str, dict[str, str]]:
    """The text below each field, by class; those of constants and other names are in ""."""
    parts = pkgutil.iter_modules(schema.__path__, f"{schema.__name__}.")
    texts: dict[str, dict[str, str]] = {"": {}}
    for module in (schema, *(import_module(part.name) for part in parts)):
        tree = ast.parse(inspect.getsource(module))
        texts[""] |= dict(_texts_below(tree.body))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                texts[node.name] = _texts_of_class(node, texts)
    return texts


def _texts_of_class(node: ast.ClassDef, texts: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """Those of its bases first; a base stands before it in the same module."""
    found: dict[str, str] = {}
    for base in node.bases:
        found |= texts.get(ast.unparse(base), {})
    return found | dict(_texts_below(node.body))


def _texts_below(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, below in pairwise(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        text = getattr(getattr(below, "value", None), "value", None)
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(text, str):
            yield target.id, " ".join(text.split()).format_map(vars(schema))


TEXTS: Final = read_texts()
CLASSES: Final = {name: getattr(schema, name) for name in TEXTS if name}
BASES: Final = {"SeriesName", "SplitSeries", "TileDescription", "CellPicture"}
"""Only what other classes have in common; nothing that is sent by itself."""

ALIASES: Final = {
    getattr(schema, name): name
    for name in TEXTS[""]
    if get_origin(getattr(schema, name)) in (Literal, Union, UnionType)
}


def list_fields(name: str) -> list[Field]:
    """The fields of a class of the schema, in their order."""
    cls = CLASSES[name]
    optional = getattr(cls, "__optional_keys__", ())
    defaults: Mapping[str, Any] = {}
    if hasattr(cls, "__dataclass_fields__"):
        defaults = {f.name: f.default for f in dataclass_fields(cls) if f.default is not MISSING}
    return [
        Field(
            field,
            kind,
            field in optional or field in defaults,
            json.dumps(defaults[field]) if defaults.get(field) is not None else None,
            TEXTS[name][field],
        )
        for field, kind in get_type_hints(cls).items()
    ]


@dataclass(frozen=True)
class Notation:
    """How types are written: names of types, and what is made of lists, tuples and mappings."""

    names: Mapping[Any, str]
    generics: Mapping[Any, Callable[[list[str]], str]]
    either: str

    def write(self, kind: Any) -> str:
        if kind in self.names:
            return self.names[kind]
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            return self.either.join(map(json.dumps, arguments))
        parts = [self.write(argument) for argument in arguments]
        if origin in (Union, UnionType):
            return self.either.join(parts)
        return self.generics[origin](parts)


def _bracket(text: str) -> str:
    return f"({text})" if " " in text else text


TYPESCRIPT: Final = Notation(
    names={
        str: "string",
        int: "number",
        bool: "boolean",
        float: "number",
        NoneType: "null",
        Any: "unknown",
        **ALIASES,
        **{cls: name for name, cls in CLASSES.items()},
    },
    generics={
        list: lambda parts: f"readonly {_bracket(parts[0])}[]",
        tuple: lambda parts: f"readonly [{', '.join(parts)}]",
        dict: lambda parts: f"Readonly<Record<string, {parts[1]}>>",
    },
    either=" | ",
)

MARKDOWN: Final = Notation(
    names={
        str: "string",
        int: "integer",
        bool: "boolean",
        float: "number",
        NoneType: "null",
        Any: "any",
        **{cls: f"`{name}`" for name, cls in CLASSES.items()},
    },
    generics={
        list: lambda parts: f"{_bracket(parts[0])}[]",
        tuple: lambda parts: f"[{', '.join(parts)}]",
        dict: lambda _: "object",
    },
    either=" or ",
)


def typescript() -> str:
    """The page's types."""
    parts = [TYPES_HEAD.rstrip()]
    parts += [_constant(name) for name in CONSTANTS]
    parts += [_alias(kind, name) for kind, name in ALIASES.items()]
    parts += [_interface(name) for name in CLASSES if name not in BASES]
    parts.append(_array_names())
    return "\n\n".join(parts) + "\n"


def _constant(name: str) -> str:
    return f"{_comment(TEXTS[''][name])}\nexport const {name} = {getattr(schema, name)};"


def _alias(kind: Any, name: str) -> str:
    unnamed = replace(TYPESCRIPT, names={k: v for k, v in TYPESCRIPT.names.items() if k != kind})
    return f"{_comment(TEXTS[''][name])}\nexport type {name} = {unnamed.write(kind)};"


def _interface(name: str) -> str:
    lines = [_comment(_summary(name)), f"export interface {name} {{"]
    for field in list_fields(name):
        mark = "?" if field.optional else ""
        kind = TYPESCRIPT.write(field.type)
        if field.optional:
            # What may be left out is never sent as null.
            kind = kind.removesuffix(" | null")
        lines.append(_comment(field.doc, "  "))
        lines.append(f"  readonly {field.name}{mark}: {kind};")
    return "\n".join([*lines, "}"])


def _array_names() -> str:
    names = "".join(f"  {json.dumps(spec.name)},\n" for spec in TILE_ARRAYS)
    text = _comment("Names of the arrays that every tile has.")
    return f"{text}\nexport const TILE_ARRAYS = [\n{names}] as const;"


def _summary(name: str) -> str:
    return " ".join((CLASSES[name].__doc__ or "").split())


def _comment(text: str, indent: str = "") -> str:
    line = f"{indent}/** {text} */"
    if len(line) <= LINE_WIDTH:
        return line
    prefix = f"{indent} * "
    wrapped = textwrap.fill(
        text, LINE_WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )
    return f"{indent}/**\n{wrapped}\n{indent} */"


def field_table(name: str) -> str:
    """The fields of a class as a table in Markdown."""
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for field in list_fields(name):
        kind = MARKDOWN.write(field.type)
        if field.optional:
            kind += ", optional" if field.default is None else f", default {field.default}"
        lines.append(f"| {field.name} | {kind} | {field.doc} |")
    return "\n".join(lines) + "\n"


def array_table() -> str:
    """The arrays of a tile as a table in Markdown."""
    lines = ["| array | dtype | shape | meaning |", "|---|---|---|---|"]
    lines += [
        f"| {spec.name} | {spec.dtype} | {' × '.join(spec.shape)} | {spec.doc} |"
        for spec in TILE_ARRAYS
    ]
    return "\n".join(lines) + "\n"


def with_tables(document: str) -> str:
    """The document with a fresh table between each pair of marks."""

    def renew(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        return begin + (array_table() if name == "arrays" else field_table(name)) + end

    return TABLE.sub(renew, document)


def main(arguments: list[str]) -> int:
    """Renew both files, or with `--check` report whether they are fresh."""
    document = DOCUMENT.read_text(encoding="utf-8")
    fresh = {TYPES: typescript(), DOCUMENT: with_tables(document)}
    if "--check" in arguments:
        stale = [path for path, text in fresh.items() if path.read_text(encoding="utf-8") != text]
        for path in stale:
            print(f"{path.name} is stale; run: .venv/bin/python -m tools.http_schema")
        return int(bool(stale))
    for path, text in fresh.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
