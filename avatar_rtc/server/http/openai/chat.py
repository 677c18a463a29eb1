"""OpenAI's doors for replies, `/v1/chat/completions` and `/v1/responses`: the avatar speaks what they say."""

from aiohttp import web

from avatar_rtc.server.http.openai.choice import AVATAR_HEADER
from avatar_rtc.server.http.openai.parts import part_of_chat, part_of_response, whole_chat, whole_response
from avatar_rtc.server.http.openai.proxy import SPEAK_HEADER, Dialect, pass_on
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import ANYTHING, one

CHAT = Dialect("/chat/completions", part_of_chat, whole_chat, names_events=False)
RESPONSES = Dialect("/responses", part_of_response, whole_response, names_events=True)
_HEADERS = {
    AVATAR_HEADER: one("string", default="", description="The avatar that speaks, where `model` names none."),
    SPEAK_HEADER: one("string", enum=["yes", "no"], default="", description="Whether the reply is spoken."),
}
_STATUSES = {
    502: "The server behind this one cannot be reached, or gave no answer that can be read.",
    503: "No server is set up behind this one.",
    504: "The server behind this one does not answer in time.",
}


@described(
    "openai",
    body=one("object", properties={"model": one("string"), "messages": ANYTHING}),
    answer=("application/json", "text/event-stream"),
    headers=_HEADERS,
    statuses=_STATUSES,
    example={"model": "avatar/main", "stream": True, "messages": [{"role": "user", "content": "Hello!"}]},
)
async def post_chat_completions(request: web.Request) -> web.StreamResponse:
    """As OpenAI's `POST /v1/chat/completions`, answered by the upstream, and spoken by an avatar.

    The body goes upstream as it is, but for `model`; the answer comes back byte for byte. A request that ends
    before its answer does stops the speech.
    """
    return await pass_on(request, CHAT)


@described(
    "openai",
    body=one("object", properties={"model": one("string"), "input": ANYTHING}),
    answer=("application/json", "text/event-stream"),
    headers=_HEADERS,
    statuses=_STATUSES,
    example={"model": "avatar/main", "stream": True, "input": "Hello!"},
)
async def post_responses(request: web.Request) -> web.StreamResponse:
    """As OpenAI's `POST /v1/responses`; see `POST /v1/chat/completions`."""
    return await pass_on(request, RESPONSES)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.post("/v1/chat/completions", post_chat_completions),
        web.post("/v1/responses", post_responses),
    ]
