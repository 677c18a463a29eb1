"""What is said of a reply, by the shapes that servers give it."""

import json

import pytest

from avatar_rtc.server.http.openai.events import SentEvent
from avatar_rtc.server.http.openai.heard import (
    Heard,
    heard_of_chat,
    heard_of_response,
    whole_chat,
    whole_response,
)


def choice(delta: object, finish: str | None = None, index: int = 0) -> dict[str, object]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (choice({"role": "assistant", "content": ""}), Heard()),
        (choice({"content": "Hi"}), Heard("Hi")),
        (choice({"content": None, "refusal": "No."}), Heard("No.")),
        (choice({"content": [{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}]}), Heard("a")),
        (choice({"reasoning_content": "Hm"}), Heard()),
        (choice({"reasoning": "Hm", "content": "x"}), Heard("x")),
        (choice({"content": "other"}, index=1), Heard()),
        (choice({"tool_calls": [{"index": 0}]}), Heard(tool=True)),
        (choice({"function_call": {"name": "f"}}), Heard(tool=True)),
        (choice({}, "stop"), Heard(ends="text")),
        ({"choices": [], "usage": {"total_tokens": 1}}, Heard()),
        ({"choices": None}, Heard()),
        ({"choices": [3, {"delta": 3}]}, Heard()),
        ({"error": {"message": "oops"}}, Heard(ends="text")),
        ([1], Heard()),
    ],
)
def test_an_event_of_chat(told, heard):
    assert heard_of_chat(SentEvent(json.dumps(told))) == heard


def test_what_is_no_json_says_nothing_and_done_is_the_end():
    assert heard_of_chat(SentEvent("{")) == Heard() and heard_of_chat(SentEvent("[" * 100_000)) == Heard()
    assert heard_of_chat(SentEvent("[DONE]")) == Heard(ends="stream")


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ({"type": "response.output_text.delta", "delta": "Hi"}, Heard("Hi")),
        ({"type": "response.refusal.delta", "delta": "No"}, Heard("No")),
        ({"type": "response.reasoning_text.delta", "delta": "Hm"}, Heard()),
        ({"type": "response.reasoning_summary_text.delta", "delta": "Hm"}, Heard()),
        ({"type": "response.function_call_arguments.delta", "delta": "{"}, Heard()),
        ({"type": "response.output_text.done", "text": "Hi"}, Heard(ends="text")),
        ({"type": "response.output_item.added", "item": {"type": "function_call"}}, Heard(tool=True)),
        ({"type": "response.output_item.added", "item": {"type": "message"}}, Heard()),
        ({"type": "response.completed"}, Heard(ends="stream")),
        ({"type": "response.failed"}, Heard(ends="stream")),
        ({"type": "error", "message": "x"}, Heard(ends="stream")),
        ({"type": 3}, Heard()),
    ],
)
def test_an_event_of_responses(told, heard):
    assert heard_of_response(SentEvent(json.dumps(told))) == heard


def test_whole_replies():
    message = {"content": "Hi", "reasoning_content": "Hm", "tool_calls": []}
    assert whole_chat({"choices": [{"index": 0, "message": message}]}) == Heard("Hi", ends="stream")
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "One."}]},
        {"type": "function_call"},
        {"type": "message", "content": [{"type": "refusal", "refusal": "Two."}]},
    ]
    assert whole_response({"output": output}) == Heard("One.\nTwo.", True, "stream")
