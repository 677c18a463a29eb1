"""What is said of a reply, by the shapes that servers give it."""

import json

import pytest

from avatar_rtc.server.http.openai.events import SentEvent
from avatar_rtc.server.http.openai.parts import (
    ReplyPart,
    part_of_chat,
    part_of_response,
    whole_chat,
    whole_response,
)


def choice(delta: object, finish: str | None = None, index: int = 0) -> dict[str, object]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (choice({"role": "assistant", "content": ""}), ReplyPart()),
        (choice({"content": "Hi"}), ReplyPart("Hi")),
        (choice({"content": None, "refusal": "No."}), ReplyPart("No.")),
        (
            choice({"content": [{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}]}),
            ReplyPart("a"),
        ),
        (choice({"reasoning_content": "Hm"}), ReplyPart()),
        (choice({"reasoning": "Hm", "content": "x"}), ReplyPart("x")),
        (choice({"content": "other"}, index=1), ReplyPart()),
        (choice({"tool_calls": [{"index": 0}]}), ReplyPart(tool=True)),
        (choice({"function_call": {"name": "f"}}), ReplyPart(tool=True)),
        (choice({}, "stop"), ReplyPart(ends="text")),
        ({"choices": [], "usage": {"total_tokens": 1}}, ReplyPart()),
        ({"choices": None}, ReplyPart()),
        ({"choices": [3, {"delta": 3}]}, ReplyPart()),
        ({"error": {"message": "oops"}}, ReplyPart(ends="text")),
        ([1], ReplyPart()),
    ],
)
def test_an_event_of_chat(told, heard):
    assert part_of_chat(SentEvent(json.dumps(told))) == heard


def test_what_is_no_json_says_nothing_and_done_is_the_end():
    assert (
        part_of_chat(SentEvent("{")) == ReplyPart() and part_of_chat(SentEvent("[" * 100_000)) == ReplyPart()
    )
    assert part_of_chat(SentEvent("[DONE]")) == ReplyPart(ends="stream")


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ({"type": "response.output_text.delta", "delta": "Hi"}, ReplyPart("Hi")),
        ({"type": "response.refusal.delta", "delta": "No"}, ReplyPart("No")),
        ({"type": "response.reasoning_text.delta", "delta": "Hm"}, ReplyPart()),
        ({"type": "response.reasoning_summary_text.delta", "delta": "Hm"}, ReplyPart()),
        ({"type": "response.function_call_arguments.delta", "delta": "{"}, ReplyPart()),
        ({"type": "response.output_text.done", "text": "Hi"}, ReplyPart(ends="text")),
        ({"type": "response.output_item.added", "item": {"type": "function_call"}}, ReplyPart(tool=True)),
        ({"type": "response.output_item.added", "item": {"type": "message"}}, ReplyPart()),
        ({"type": "response.completed"}, ReplyPart(ends="stream")),
        ({"type": "response.failed"}, ReplyPart(ends="stream")),
        ({"type": "error", "message": "x"}, ReplyPart(ends="stream")),
        ({"type": 3}, ReplyPart()),
    ],
)
def test_an_event_of_responses(told, heard):
    assert part_of_response(SentEvent(json.dumps(told))) == heard


def test_whole_replies():
    message = {"content": "Hi", "reasoning_content": "Hm", "tool_calls": []}
    assert whole_chat({"choices": [{"index": 0, "message": message}]}) == ReplyPart("Hi", ends="stream")
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "One."}]},
        {"type": "function_call"},
        {"type": "message", "content": [{"type": "refusal", "refusal": "Two."}]},
    ]
    assert whole_response({"output": output}) == ReplyPart("One.\nTwo.", True, "stream")
