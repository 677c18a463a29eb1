"""JSON of any door: what `json` reads, less what does harm."""

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.envelope import MAX_DEPTH, MAX_VALUES, envelope_of, json_object
from avatar_rtc.errors import BadMessage

MIB = 2**20
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SCALARS = (
    TEXT
    | st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(-(2**62), 2**62, allow_nan=False)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=40)


@settings(max_examples=50)
@given(st.dictionaries(TEXT, VALUES), st.booleans(), st.booleans())
def test_ordinary_objects_are_read_as_by_json(data, ascii_only, as_bytes):
    text = json.dumps(data, ensure_ascii=ascii_only)
    assert json_object(text.encode() if as_bytes else text) == json.loads(text)


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_anything_else_is_refused_with_a_sentence(text):
    try:
        assert isinstance(json_object(text), dict)
    except BadMessage as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 60_000, "values|JSON"),
        ('{"a":' * 2_000 + "1" + "}" * 2_000, "deep|JSON"),
        (json.dumps({"a": 1}).replace("1", "[" * MAX_DEPTH + "]" * MAX_DEPTH), "levels deep"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' is there twice"),
        ('{"x": [{"a": 1, "a": 1}]}', "twice"),
        ('{"a": 1e999}', "too large"),
        ('{"a": -1e999}', "too large"),
        ('{"a": %s}' % ("9" * 40_000), "JSON"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "no number"),
        ('{"a": "\\ud800"}', "surrogates"),
        ('{"\\udfff": 1}', "surrogates"),
        ('{"a": ["x\\u0000y"]}', "NUL"),
        ('{"a": "\ud800"}', "surrogates"),
        ('{"a": "\x00"}', "JSON"),
        (b'{"a": "\xff"}', "JSON"),
        ('{"a": 1}'.encode("utf-16"), "JSON"),
        ("[]", "object"),
        ("", "JSON"),
    ],
)
def test_bombs_are_refused(text, says):
    with pytest.raises(BadMessage, match=says):
        json_object(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"id": 7, "a": NaN}', 7),
        ('{"id": "b", "a": 1, "a": 2}', "b"),
        ('{"id": "\\ud800"}', None),
        ('{"id": [1]}', None),
        ('{"id": "\\u0000"}', None),
        ('{"id": 7, "a": [%s0]}' % ("0," * MAX_VALUES), 7),
        ('{"id": 7, "a": %s}' % ("[" * MAX_DEPTH + "]" * MAX_DEPTH), 7),
        ('{"id": ' + "9" * 4_000 + "}", int("9" * 4_000)),
        ("[]", None),
        ("3", None),
        ("[" * 60_000, None),
        ("{", None),
    ],
)
def test_errors_find_home(text, found):
    assert envelope_of(text).id == found


def test_pairs_of_surrogates_are_a_character():
    assert json_object('{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [' + "[]," * (MIB // 4) + "[]]}",
        '{"a": [' + "[]," * (MAX_VALUES // 2 - 5) + "[]]}",
        "{" + ",".join(f'"{number}": {{}}' for number in range(MAX_VALUES // 2 - 5)) + "}",
        "{" + ",".join(f'"{number // 2}": 0' for number in range(MAX_VALUES - 5)) + "}",
        '{"a": "' + "\\u0041" * (MIB // 7) + '"}',
        '{"a": "' + "\u00e9" * (MIB // 2 - 20) + '"}',
        '{"a": ' + "1" * 4_000 + "}",
    ],
    ids=["lists", "fewer lists", "objects", "twice", "escapes", "letters", "digits"],
)
def test_no_text_of_a_mebibyte_takes_long(text):
    took = []
    for _ in range(3):
        started = time.thread_time()
        with contextlib.suppress(BadMessage):
            json_object(text, MIB)
        took.append(time.thread_time() - started)
    assert min(took) < 0.05
