"""The request: its model is found and replaced, and nothing else of it changes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.errors import BadMessage
from avatar_rtc.server.http.openai.wanted import model_name, read_wanted

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("model"), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text(max_size=5), VALUES, max_size=4),
    st.text(max_size=8),
    st.sampled_from([None, 1, 3]),
)
def test_only_the_model_changes(others, model, indent):
    others.pop("model", None)
    body = {**others, "model": "avatar/main/x", "tail": {"model": "inside"}}
    sent = json.dumps(body, indent=indent, ensure_ascii=bool(indent)).encode("utf-8", "surrogatepass")
    try:
        sent.decode()
    except UnicodeDecodeError:
        return
    asked = read_wanted(sent)
    assert asked.model == "avatar/main/x" and asked.body(asked.model) == sent
    try:
        changed = asked.body(model)
    except UnicodeEncodeError:
        return
    before, _, after = sent.rpartition(b'"avatar/main/x"')
    assert changed.startswith(before) and changed.endswith(after)
    assert json.loads(changed) == {**body, "model": model}


@pytest.mark.parametrize(
    ("body", "streamed", "plain", "goes_on"),
    [
        ({"model": "m"}, False, True, False),
        ({"model": "m", "stream": True, "response_format": {"type": "text"}}, True, True, False),
        ({"model": "m", "stream": True, "response_format": {"type": "json_object"}}, True, False, False),
        ({"model": "m", "text": {"format": {"type": "json_schema"}}}, False, False, False),
        ({"messages": [{"role": "user"}, {"role": "tool", "content": "7"}]}, False, True, True),
        ({"input": [{"type": "function_call_output", "output": "7"}]}, False, True, True),
        ({"input": "Hello"}, False, True, False),
        ({"stream": "yes", "messages": 3}, False, True, False),
    ],
)
def test_what_counts_is_read(body, streamed, plain, goes_on):
    asked = read_wanted(json.dumps(body).encode())
    assert (asked.is_streamed, asked.is_plain, asked.goes_on) == (streamed, plain, goes_on)
    assert asked.body(asked.model) == json.dumps(body).encode()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"model"', b'{"model": ', b'{"model": "a"', b'{"model": "a",}', b'{"a": 1 "b": 2}',
     b"{} {}", b'{"model": 3}', b"\xff", b'{a: 1}', b"[" * 100_000, b'{"a": ' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_none_is_refused(body):
    with pytest.raises(BadMessage):
        read_wanted(body)


def test_names_of_models():
    assert model_name("avatar/main").avatar == "main" and model_name("avatar/main").model == ""
    assert model_name("avatar/a/meta/llama:8b").model == "meta/llama:8b"
    assert model_name("avatar/a:silent").is_silent and model_name("avatar/a:silent").avatar == "a"
    for name in ("", "avatar", "avatar/", "avatars/a", "gpt-4o", "openai/gpt-4o"):
        assert model_name(name).avatar is None and model_name(name).model == name
