"""Every refusal is a sentence that says what was given and what is allowed."""

from __future__ import annotations

import json

import pytest

from tb_activation_hist.plugin.query import (
    MAX_TILES,
    RequestError,
    TileRequest,
    parse_export_request,
    parse_tile_requests,
)

GOOD = {"run": "r", "tag": "t"}


def parse(**fields: object) -> TileRequest:
    return parse_tile_requests(json.dumps({"tiles": [GOOD | fields]}).encode())[0]


def test_defaults() -> None:
    assert parse() == TileRequest("r", "t", "blocks", None, 512, 256, None, None)
    assert parse(steps=None, unit=None, rows=None, columns=None, since=None) == parse()


def test_everything_given() -> None:
    asked = parse(source="histograms", steps=[0, 9.5], columns=1, rows=0, unit=-7, since=5)
    assert asked == TileRequest("r", "t", "histograms", (0.0, 9.5), 1, 0, -7, 5)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"run": 5}, "tiles[0]: run must be a string, not 5."),
        ({"tag": None}, "tag must be a string, not None."),
        ({"source": "x"}, "source must be 'blocks' or 'histograms', not 'x'."),
        ({"source": ["blocks"]}, "source must be"),
        ({"columns": 0}, "columns must be a whole number from 1 to 8,192, not 0."),
        ({"columns": 8193}, "from 1 to 8,192, not 8193."),
        ({"columns": 2.5}, "not 2.5."),
        ({"columns": True}, "not True."),
        ({"rows": 7}, "rows must be 0 (no merging) or 8 to 4096, not 7."),
        ({"rows": 4097}, "rows must be a whole number from 0 to 4,096, not 4097."),
        ({"unit": 161}, "unit must be a whole number from -160 to 160"),
        ({"since": -1}, "since must be a whole number from 0"),
        ({"steps": [5, 1]}, "the first not above the second, not [5, 1]."),
        ({"steps": [1]}, "steps must be two numbers"),
        ({"steps": "ab"}, "steps must be two numbers"),
        ({"steps": [True, 2]}, "steps must be two numbers"),
        ({"steps": [0, 2**70]}, "steps must be two numbers"),
        ({"colums": 5}, "unknown field 'colums'; allowed are run, tag, source, steps, columns"),
    ],
)
def test_bad_tile(fields: dict, sentence: str) -> None:
    with pytest.raises(RequestError) as err:
        parse(**fields)
    assert sentence in err.value.sentence
    assert err.value.status == 400


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body must be JSON"),
        (b"{", "The body must be JSON"),
        (b"\xff", "The body must be JSON"),
        (b"[]", 'a JSON object with a list "tiles"'),
        (b'{"tiles": 5}', 'a JSON object with a list "tiles"'),
        (b'{"tiles": [5]}', "tiles[0] must be a JSON object, not 5."),
        (b'{"tiles": [{"run":"r","tag":"t","steps":[NaN,1]}]}', "steps must be two numbers"),
        (b'{"tiles": [{"run":"r","tag":"t","steps":[0,Infinity]}]}', "steps must be two numbers"),
        (b"[" * 100_000, "The body must be JSON"),
        (b" " * (4 * 2**20 + 1), "at most 4,194,304 are allowed"),
    ],
)
def test_bad_body(body: bytes, sentence: str) -> None:
    with pytest.raises(RequestError) as err:
        parse_tile_requests(body)
    assert sentence in err.value.sentence


def test_too_many_tiles() -> None:
    body = json.dumps({"tiles": [GOOD] * (MAX_TILES + 1)}).encode()
    with pytest.raises(RequestError, match="At most 256 tiles can be requested at once, not 257"):
        parse_tile_requests(body)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"tag": "t"}, "The parameter 'run' is missing."),
        ({"run": "r"}, "The parameter 'tag' is missing."),
        (GOOD | {"format": "xml"}, "format must be 'csv' or 'json', not 'xml'."),
        (GOOD | {"source": "x"}, "source must be 'blocks' or 'histograms', not 'x'."),
        (GOOD | {"steps": "5"}, "steps must be two numbers"),
        (GOOD | {"steps": "a,b"}, "steps must be two numbers, as in 0,2000, not 'a,b'."),
        (GOOD | {"steps": "nan,1"}, "steps must be two numbers"),
    ],
)
def test_bad_export(query: dict, sentence: str) -> None:
    with pytest.raises(RequestError) as err:
        parse_export_request(query)
    assert sentence in err.value.sentence


def test_export_defaults() -> None:
    asked = parse_export_request({"run": "", "tag": "t", "steps": "1,1e3"})
    assert (asked.run, asked.source, asked.format) == ("", "blocks", "csv")
    assert asked.steps == (1.0, 1000.0)
    assert parse_export_request(GOOD | {"steps": ""}).steps is None
