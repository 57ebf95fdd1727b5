"""Parses and checks requests. A refusal is one sentence: what was given, what is allowed."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any, Final, TypeVar, get_args

from tb_activation_hist.plugin.schema import (
    DEFAULT_CELL_COLUMNS,
    DEFAULT_COLUMNS,
    DEFAULT_ROWS,
    DEFAULT_SHARED_COLUMNS,
    MAX_BODY_BYTES,
    MAX_CELL_COLUMNS,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHARED_COLUMNS,
    MAX_TILES,
    MAX_UNIT,
    MIN_CELL_COLUMNS,
    MIN_ROWS,
    MIN_SHARED_COLUMNS,
    BoardRequest,
    BoardSeries,
    ExportFormat,
    ExportRequest,
    SeriesSource,
    ShareRequest,
    TileRequest,
)

Word = TypeVar("Word", bound=str)

UNREADABLE_STATUS: Final = 422
"""HTTP status for what is stored, but cannot be read: the request is right, its subject is not."""


class RequestError(Exception):
    """A request that is refused with a sentence for the user and an HTTP status."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


def require_allowed_size(body_bytes: int) -> None:
    """Refuse a body of more than `MAX_BODY_BYTES`."""
    if body_bytes > MAX_BODY_BYTES:
        raise RequestError(
            f"The body has {body_bytes:,} bytes, but at most {MAX_BODY_BYTES:,} are allowed."
        )


def _parse_body(body: bytes) -> Any:
    require_allowed_size(len(body))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as err:
        raise RequestError(f"The body must be JSON, but cannot be read: {err}.") from err


def _list_in(fields: Any, name: str) -> list[Any]:
    found = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(found, list):
        raise RequestError(f'The body must be a JSON object with a list "{name}".')
    return found


def parse_board_request(body: bytes) -> BoardRequest:
    """Parse the body of the board route."""
    fields = _parse_body(body)
    runs, series = _list_in(fields, "runs"), _list_in(fields, "series")
    _require_known_fields(fields, BoardRequest, "board")
    if len(runs) * len(series) > MAX_CELLS:
        raise RequestError(
            f"At most {MAX_CELLS:,} cells can be requested at once, not "
            f"{len(runs):,} runs x {len(series):,} series."
        )
    columns = _whole(
        fields, "columns", "board", MIN_CELL_COLUMNS, MAX_CELL_COLUMNS, DEFAULT_CELL_COLUMNS
    )
    return BoardRequest(
        _parse_runs(runs), _parse_all_series(series), columns or DEFAULT_CELL_COLUMNS
    )


def parse_share_request(body: bytes) -> ShareRequest:
    """Parse the body of the share route."""
    fields = _parse_body(body)
    runs, series = _list_in(fields, "runs"), _list_in(fields, "series")
    _require_known_fields(fields, ShareRequest, "share")
    default = DEFAULT_SHARED_COLUMNS
    columns = _whole(fields, "columns", "share", MIN_SHARED_COLUMNS, MAX_SHARED_COLUMNS, default)
    return ShareRequest(_parse_runs(runs), _parse_all_series(series), columns or default)


def _parse_runs(runs: Sequence[Any]) -> list[str]:
    return [_text({"run": run}, "run", f"runs[{i}]") for i, run in enumerate(runs)]


def _parse_all_series(series: Sequence[Any]) -> list[BoardSeries]:
    return [_parse_board_series(each, i) for i, each in enumerate(series)]


def _parse_board_series(fields: Any, number: int) -> BoardSeries:
    where = f"series[{number}]"
    _require_object(fields, where)
    _require_known_fields(fields, BoardSeries, where)
    source = _source(fields.get("source", BoardSeries.source), where)
    return BoardSeries(_text(fields, "tag", where), source)


def parse_tile_requests(body: bytes) -> list[TileRequest]:
    """Parse the body of the tiles route."""
    tiles = _list_in(_parse_body(body), "tiles")
    if len(tiles) > MAX_TILES:
        raise RequestError(f"At most {MAX_TILES} tiles can be requested at once, not {len(tiles)}.")
    return [_parse_tile(tile, i) for i, tile in enumerate(tiles)]


def _parse_tile(fields: Any, number: int) -> TileRequest:
    where = f"tiles[{number}]"
    _require_object(fields, where)
    _require_known_fields(fields, TileRequest, where)
    rows = _whole(fields, "rows", where, 0, MAX_ROWS, DEFAULT_ROWS)
    if rows is not None and 0 < rows < MIN_ROWS:
        raise RequestError(
            f"{where}: rows must be 0 (no merging) or {MIN_ROWS} to {MAX_ROWS}, not {rows}."
        )
    return TileRequest(
        run=_text(fields, "run", where),
        tag=_text(fields, "tag", where),
        source=_source(fields.get("source", TileRequest.source), where),
        steps=_steps(fields.get("steps"), where),
        columns=_whole(fields, "columns", where, 1, MAX_COLUMNS, DEFAULT_COLUMNS) or 0,
        rows=rows or 0,
        unit=_whole(fields, "unit", where, -MAX_UNIT, MAX_UNIT, None),
        since=_whole(fields, "since", where, 0, 2**53, None),
    )


def _require_object(fields: Any, where: str) -> None:
    if not isinstance(fields, dict):
        raise RequestError(f"{where} must be a JSON object, not {_short(fields)}.")


def _require_known_fields(fields: Mapping[str, Any], kind: Any, where: str) -> None:
    allowed = [field.name for field in dataclass_fields(kind)]
    unknown = sorted(fields.keys() - set(allowed))
    if unknown:
        raise RequestError(
            f"{where} has the unknown field {_short(unknown[0])}; allowed are {', '.join(allowed)}."
        )


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise RequestError(f"{where}: {name} must be a string, not {_short(value)}.")
    if not _is_utf8(value):
        raise RequestError(f"{where}: {name} must be text in UTF-8, not {_short(value)}.")
    return value


def _is_utf8(text: str) -> bool:
    """JSON may escape half of a surrogate pair, which no name in TensorBoard has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 120


def _short(value: object) -> str:
    """A value as a refusal quotes it, whatever its length and depth."""
    return _SHORT.repr(value)


def _source(value: Any, where: str) -> SeriesSource:
    sources: tuple[SeriesSource, ...] = get_args(SeriesSource)
    for source in sources:
        if source == value:
            return source
    allowed = " or ".join(map(repr, sources))
    raise RequestError(f"{where}: source must be {allowed}, not {_short(value)}.")


def _steps(value: Any, where: str) -> tuple[float, float] | None:
    if value is None:
        return None
    numbers = value if isinstance(value, list) else []
    good = len(numbers) == 2 and all(_is_finite_number(x) for x in numbers)
    if not good or numbers[0] > numbers[1]:
        raise RequestError(
            f"{where}: steps must be two numbers, the first not above the second, "
            f"not {_short(value)}."
        )
    return float(numbers[0]), float(numbers[1])


def _is_finite_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return whole or (isinstance(value, float) and math.isfinite(value))


def _whole(
    fields: Mapping[str, Any], name: str, where: str, lo: int, hi: int, default: int | None
) -> int | None:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not lo <= value <= hi:
        raise RequestError(
            f"{where}: {name} must be a whole number from {lo:,} to {hi:,}, not {_short(value)}."
        )
    return value


def parse_export_request(query: Mapping[str, str]) -> ExportRequest:
    """Parse the query of the export route."""
    run, tag = required(query, "run"), required(query, "tag")
    form = _format(query.get("format", ExportRequest.format))
    source = _source(query.get("source", ExportRequest.source), "export")
    return ExportRequest(run, tag, source, form, parse_step_range(query.get("steps"), "export"))


def _format(value: str) -> ExportFormat:
    formats: tuple[ExportFormat, ...] = get_args(ExportFormat)
    for form in formats:
        if form == value:
            return form
    raise RequestError(f"format must be {' or '.join(map(repr, formats))}, not {_short(value)}.")


def parse_step_range(text: str | None, where: str) -> tuple[float, float] | None:
    """Parse the first and last step; None if all are meant. where: for the refusal."""
    if text is None or text == "":
        return None
    try:
        return _steps([float(part) for part in text.split(",")], where)
    except ValueError:
        given = _short(text)
        raise RequestError(f"steps must be two numbers, as in 0,2000, not {given}.") from None


def required(query: Mapping[str, str], name: str) -> str:
    """Get a parameter that must be given, though it may be empty."""
    value = query.get(name)
    if value is None:
        raise RequestError(f"The parameter {name!r} is missing.")
    return value


def one_of(query: Mapping[str, str], name: str, allowed: Sequence[Word], default: Word) -> Word:
    """Get a parameter that is one of some words."""
    given = query.get(name, default)
    for word in allowed:
        if word == given:
            return word
    raise RequestError(f"{name} must be one of {', '.join(allowed)}, not {given[:80]!r}.")
