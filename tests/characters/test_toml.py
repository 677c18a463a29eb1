"""TOML of strangers: the sane is read as tomllib reads it; nothing takes long, or ends in another error."""

import contextlib
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.characters.toml import MAX_PARTS, MAX_TOML_BYTES, read_toml
from avatar_rtc.errors import InputError, TooLarge

SANE = """
display_name = "A. B. C. D."  # a.b.c
author = 'a.b'
[crop]
left = 0.25
[own_emotions."my.own".pose]
mouth_aaa = 1.0
numbers = [1.5, 2.5, 3.5]
text = '''
a.b.c
'''
"""
ROOM = MAX_TOML_BYTES - 64
PARTS = ("a.", '"a b".', "'='.", '"\\"".', "a . ", '"#".', "'['.")
LONG = {
    **{f"key {part}": part * (ROOM // len(part)) + "z = 1" for part in PARTS},
    **{f"table {part}": f"[{part * (ROOM // len(part))}z]" for part in PARTS},
    **{f"inline {part}": f"x = {{{part * (ROOM // len(part))}z = 1}}" for part in PARTS},
    "digits": "a = " + "9" * ROOM,
    "nested": "a = " + "[" * ROOM,
    "tables in tables": "a={" + "b={" * (ROOM // 3),
    "quotes": '"' * ROOM,
    "open string": '"' + '\\"' * (ROOM // 2),
    "open text": '"""' + '"' * 2 + "\\\\" * (ROOM // 2),
    "blanks": "a" + " " * ROOM,
    "dots": "." * ROOM,
    "many lines": "\n".join(f"a.b{i} = 1" for i in range(18_000)),
}


def test_what_is_sane_is_read_as_it_stands() -> None:
    assert read_toml(SANE.encode()) == tomllib.loads(SANE)
    assert read_toml(b"") == {}
    text = "author = '" + "a." * 1000 + "'"  # no key
    assert read_toml(text.encode()) == tomllib.loads(text)
    assert read_toml((".".join("a" * MAX_PARTS) + " = 1").encode())
    with pytest.raises(InputError, match="32 parts"):
        read_toml((".".join("a" * (MAX_PARTS + 1)) + " = 1").encode())


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_nothing_takes_long(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(InputError):
        read_toml(text.encode())
    assert time.process_time() - started < 5  # tomllib alone: minutes for the keys


def test_too_much_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="256"):
        read_toml(b"#" * (MAX_TOML_BYTES + 1))


@given(st.one_of(st.binary(max_size=200), st.text("a.=[]{}\"'#\n \\0123:-e,", max_size=80).map(str.encode)))
def test_anything_else_is_an_input_error(data: bytes) -> None:
    try:
        known = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        with pytest.raises(InputError):
            read_toml(data)
    else:
        try:
            assert read_toml(data) == known
        except InputError as error:
            assert "parts" in str(error) and data.count(b".") > MAX_PARTS
