"""A language model that is none: a tiny server of OpenAI's shape that knows a few replies by heart."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

THINKS_S, WORD_S = 0.8, 0.05
"""Seconds before the first word, and between words: as a small model on a laptop."""
TOOL = "look_up_weather"
REPLIES = {
    "weather": "",  # asks its tool, see below
    "joke": "*giggles* Why do avatars never get lost? [joy] They always look where you point!",
    "sad": "[sadness:0.6] Oh no. *looks down* I am sorry to hear that. [caring] Shall we talk about it?",
    "bye": "[love:0.7] Goodbye! *winks* Come back soon.",
    "hello": "[joy] Hello! *nods* It is good to see you. Ask me about the weather, or for a joke.",
}
OTHERWISE = "*tilts head* Hmm, I am only a script. [amusement] Ask me about the weather, or for a joke."
AFTER_TOOL = "[relief] It is {weather} in your town. *shrugs* Or so my table says."


def reply_to(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """What it says to a conversation; None asks the tool first."""
    if messages and messages[-1].get("role") == "tool":
        return AFTER_TOOL.format(weather=messages[-1]["content"])
    said = next((str(each["content"]) for each in reversed(messages) if each["role"] == "user"), "").lower()
    found = next((reply for word, reply in REPLIES.items() if word in said), OTHERWISE)
    return found or None


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions`, streamed word by word."""
    asked = await request.json()
    text = reply_to(asked.get("messages", ()))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await asyncio.sleep(THINKS_S)
    if text is None:
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": "{}"}}
        await response.write(_event({"role": "assistant", "tool_calls": [call]}))
    for word in (text or "").split():
        await response.write(_event({"role": "assistant", "content": f"{word} "}))
        await asyncio.sleep(WORD_S)
    await response.write(_event({}, "tool_calls" if text is None else "stop") + b"data: [DONE]\n\n")
    return response


def _event(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": "script"}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"


async def models(request: web.Request) -> web.Response:
    """`GET /v1/models`."""
    return web.json_response({"object": "list", "data": [{"id": "script", "object": "model"}]})


async def serve(port: int) -> web.AppRunner:
    """Answer on this port of 127.0.0.1, until it is cleaned up; OSError if the port is taken."""
    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", complete), web.get("/v1/models", models)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner
