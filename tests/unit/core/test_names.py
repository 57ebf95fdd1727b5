"""What lies in a tag's metadata and in a run's information is checked field by field."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.names import LayerInfo, content_to_layer_info, text_to_run_info
from tb_activation_hist.core.stored_json import MAX_TEXT_BYTES

INFO = LayerInfo("conv1", order=3, type="Conv2d", shape=(8, 16), settings="8, eps=1e-05")


def edited(**changes: Any) -> bytes:
    return json.dumps(json.loads(INFO.to_content()) | changes).encode()


def test_metadata_survives_the_round_trip() -> None:
    assert content_to_layer_info(INFO.to_content()) == INFO
    plain = replace(INFO, settings="")
    assert b"settings" not in plain.to_content()
    assert content_to_layer_info(plain.to_content()) == plain


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 200_000,
        b'{"version":1}',
        INFO.to_content().replace(b'"order":3', b'"order":1e999'),
        INFO.to_content().replace(b'"order":3', b'"order":NaN'),
        INFO.to_content().replace(b'"order":3', b'"order":' + b"9" * 5000),
        INFO.to_content().replace(b'"conv1"', b'"\\ud800"'),
        edited(order=None),
        edited(order=2**60),
        edited(version=None),
        edited(version=0),
        edited(shape=[None]),
        edited(shape=[1] * 65),
        edited(layer=None),
        edited(settings=[1]),
        edited(kind={}),
        edited(bins=None),
        edited(bins={"scheme": "linear", "count": 0, "lo": 0, "hi": 1}),
        edited(bins={"scheme": "linear", "count": 8190, "lo": 1, "hi": 1 + 1e-15}),
        edited(bins={"scheme": "linear", "count": 8, "lo": -1e308, "hi": 1e308}),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_damaged_metadata_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        content_to_layer_info(content)


def test_run_information_keeps_fields_of_later_versions() -> None:
    info = {"version": 2, "silent": ["a"], "notes": ["b"], "speed": 1.5, "skipped": None}
    assert text_to_run_info(json.dumps(info).encode()) == (info, "")
    assert text_to_run_info(b'{"skipped":NaN,"lost":1e999}') == (
        {"skipped": None, "lost": None},
        "",
    )


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b"\xff",
        b'{"a":' * 100_000,
        b'{"silent":null}',
        b'{"silent":"conv1"}',
        b'{"errors":[1]}',
        b'{"skipped":"many"}',
        b'{"cadence":[]}',
        b'{"cadence":"\\ud800"}',
        b'{"other":{"deep":1}}',
        b'{"a":"' + b"x" * MAX_TEXT_BYTES + b'"}',
    ],
    ids=lambda text: repr(text[:40]),
)
def test_damaged_run_information_is_left_out_with_a_sentence(text: bytes) -> None:
    fields, sentence = text_to_run_info(text)
    assert fields == {}
    assert sentence.startswith("The information about the run ")


def test_one_damaged_field_leaves_the_others() -> None:
    fields, sentence = text_to_run_info(b'{"silent":null,"cadence":"every step"}')
    assert fields == {"cadence": "every step"}
    assert "'silent'" in sentence
