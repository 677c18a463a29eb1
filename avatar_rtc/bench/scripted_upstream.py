"""A server with OpenAI's doors that answers as it is told, for the bench and the tests: no model, no key."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SSE = {"Content-Type": "text/event-stream"}


@dataclass(frozen=True)
class Answer:
    """What one request gets."""

    parts: Sequence[tuple[float, bytes]]
    """After how many seconds which bytes."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: SSE)
    breaks: bool = False
    """The connection is lost behind the last part."""
    stays_s: float = 0.0
    """How long the answer stays open behind it."""


@dataclass(frozen=True)
class UpstreamRequest:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedUpstream:
    """Gives its answers in order, the last one for ever. Used on the event loop."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.received: list[UpstreamRequest] = []
        self.sent: list[tuple[float, bytes]] = []
        """CLOCK_MONOTONIC second at which each part was sent."""
        self.left = asyncio.Event()
        """Set once a caller is gone before its answer is complete."""
        self.url = ""
        """Its base URL, as whoever serves it says."""
        self.models: Any = {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "us"}]}
        self.models_after_s = 0.0

    def application(self) -> web.Application:
        """To be served by somebody, below `/v1`; its runner must have `handler_cancellation`."""
        app = web.Application(client_max_size=2**30)
        app.add_routes([web.get("/v1/models", self._models), web.post("/v1/{path:.*}", self._answer)])
        return app

    def tells(self, *answers: Answer) -> None:
        """From now on."""
        self.answers = deque(answers)

    async def _models(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.models_after_s)
        return web.json_response(self.models)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.received.append(UpstreamRequest(request.path, dict(request.headers), await request.read()))
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        try:
            await response.prepare(request)
            for after_s, part in answer.parts:
                await asyncio.sleep(after_s)
                self.sent.append((time.monotonic(), part))
                await response.write(part)
            await asyncio.sleep(answer.stays_s)
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        if answer.breaks and request.transport is not None:
            request.transport.close()
        return response


def chat_chunk(delta: Mapping[str, object], finish: str | None = None, **more: object) -> bytes:
    """One event of a streamed reply."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}
    return b"data: " + json.dumps({**told, **more}, ensure_ascii=False).encode() + b"\n\n"


def chat_events(tokens: Sequence[str], finish: str = "stop") -> list[bytes]:
    """A whole reply, event by event."""
    return [
        chat_chunk({"role": "assistant", "content": ""}),
        *(chat_chunk({"content": token}) for token in tokens),
        chat_chunk({}, finish),
        b"data: [DONE]\n\n",
    ]


def chat_whole(text: str) -> bytes:
    """A reply that is not streamed."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    told = {"id": "c1", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice]}
    return json.dumps(told).encode()


def response_events(tokens: Sequence[str]) -> list[bytes]:
    """A whole reply of `/v1/responses`, event by event."""
    item = {"id": "m1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    text, part = "".join(tokens), {"type": "output_text", "annotations": [], "text": ""}
    place = {"item_id": "m1", "output_index": 0, "content_index": 0}
    whole = {**item, "status": "completed", "content": [{**part, "text": text}]}
    about = {"id": "r1", "object": "response", "created_at": 1, "model": "tiny", "tools": [], "error": None,
             "parallel_tool_calls": True, "tool_choice": "auto"}  # fmt: skip
    told: list[dict[str, object]] = [
        {"type": "response.created", "response": {**about, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *({"type": "response.output_text.delta", **place, "delta": t, "logprobs": []} for t in tokens),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": {**part, "text": text}},
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": {**about, "status": "completed", "output": [whole]}},
    ]
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(told)
    ]
