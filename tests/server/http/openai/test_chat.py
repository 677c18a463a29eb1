"""`/v1/chat/completions`, `/v1/responses` by OpenAI's own client: bytes, words, errors, who stops whom."""

import asyncio
import itertools
import json
import random

import aiohttp
import openai
import pytest

from avatar_rtc.bench.scripted_upstream import (
    Answer,
    chat_chunk,
    chat_events,
    chat_whole,
    response_events,
)
from avatar_rtc.server.http.keys import AVATARS
from tests.server.http.openai.conftest import Ear
from tests.waiting import until

TEXT = "Hello there. Glad to see you!"
TOKENS = ["Hello", " there", ".", " Glad", " to see", " you!"]
ASKED = {"model": "avatar/main/tiny", "messages": [{"role": "user", "content": "Hi"}]}
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
JSON = {"Content-Type": "application/json"}


def at_once(*parts: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, part) for part in parts]


async def test_a_streamed_reply_is_heard_and_read(client_of_openai, upstream, ear):
    upstream.tells(Answer(at_once(*chat_events(TOKENS))))
    stream = await client_of_openai.chat.completions.create(**ASKED, stream=True)
    read = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert read == TEXT
    await until(lambda: ear.of("speech.finished"))
    assert ear.said == TEXT
    sent = json.loads(upstream.received[0].body)
    assert sent == {**ASKED, "model": "tiny", "stream": True}


async def test_one_that_is_not_streamed_is_read_and_spoken_if_it_is_wished(client_of_openai, upstream, ear):
    upstream.tells(Answer(at_once(chat_whole("A title")), headers=JSON))
    answer = await client_of_openai.chat.completions.create(**ASKED)
    assert answer.choices[0].message.content == "A title"
    answer = await client_of_openai.chat.completions.create(**ASKED, extra_headers={"X-Avatar-Speak": "yes"})
    await until(lambda: ear.of("speech.finished"))
    assert ear.said == "A title" and len(ear.of("speech.started")) == 1


async def test_responses_stream_as_events_and_by_the_helper(client_of_openai, upstream, ear):
    upstream.tells(Answer(at_once(*response_events(TOKENS))))
    stream = await client_of_openai.responses.create(model="avatar/main/tiny", input="Hi", stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    await until(lambda: ear.of("speech.finished"))
    assert ear.said == TEXT
    async with client_of_openai.responses.stream(model="avatar/main/tiny", input="Hi") as helped:
        async for _ in helped:
            pass
        assert (await helped.get_final_response()).output_text == TEXT


REPLY = b"".join(
    (
        b": keep-alive\n\n",
        chat_chunk({"role": "assistant", "content": ""}),
        chat_chunk({"reasoning_content": "They greet me."}),
        chat_chunk({"content": "<thi"}) + chat_chunk({"content": "nk>Hm.</think>Grüße, 世界! "}),
        chat_chunk({"content": "Well\u2028then 😀."}).replace(b"\n", b"\r\n"),
        chat_chunk({}, usage=None)
        .replace(b'"index": 0', b'"index": 1')
        .replace(b"{}", b'{"content": "Other"}'),
        b'data: {"id":"c1","choices":[],"usage":{"total_tokens":3}}\n\n',
        b"data: not json\n\n",
        chat_chunk({}, "stop"),
        b"data: [DONE]\n\n",
    )
)


async def raw(door, path=CHAT, headers=None, **more) -> bytes:
    async with door.post(path, json={**ASKED, "stream": True, **more}, headers=headers) as answer:
        return await answer.read()


@pytest.mark.parametrize("seed", range(3))
async def test_bytes_are_the_same_however_they_are_cut_and_so_are_the_words(door, upstream, ear, seed):
    chance = random.Random(seed)
    cuts = sorted({0, len(REPLY), *(chance.randrange(len(REPLY)) for _ in range((4, 40, 400)[seed]))})
    parts = [REPLY[begin:end] for begin, end in itertools.pairwise(cuts)]
    upstream.tells(Answer(at_once(*parts)))
    assert await raw(door) == REPLY
    await until(lambda: ear.said.replace("\u2028", " ") == "Grüße, 世界! Well then 😀.")


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "words"),
    [
        (400, JSON, b'{"error": {"message": "too long", "type": "invalid_request_error", "code": "context"}}',
         openai.BadRequestError, "too long"),
        (401, JSON, b'{"error": {"message": "wrong key"}}', openai.AuthenticationError, "wrong key"),
        (404, JSON, b'{"error": {"message": "no such model"}}', openai.NotFoundError, "no such model"),
        (429, {**JSON, "Retry-After": "0"}, b'{"error": {"message": "slow"}}', openai.RateLimitError, "slow"),
        (500, {"Content-Type": "text/html"}, b"<h1>Oops</h1>", openai.InternalServerError, "answers 500"),
        (200, {"Content-Type": "text/html"}, b"<h1>Hello</h1>", openai.InternalServerError, "its /v1"),
        (302, {"Location": "http://127.0.0.1:1/"}, b"", openai.InternalServerError, "leads elsewhere"),
        (200, {**JSON, "Content-Encoding": "zstd"}, b"?", openai.InternalServerError, "packs its answer"),
    ],
)  # fmt: skip
async def test_errors_of_the_upstream_are_of_the_right_class_and_say_why(
    client_of_openai, upstream, ear, main, status, headers, body, kind, words
):
    upstream.tells(Answer(at_once(body), status, headers))
    client = client_of_openai.with_options(max_retries=1)
    with pytest.raises(kind, match=words) as error:
        await client.chat.completions.create(**ASKED, stream=True)
    assert error.value.response.headers.get("Retry-After") == headers.get("Retry-After")
    assert len(upstream.received) == (2 if status in (429, 500) else 1)
    await until(lambda: main.state.activity.name == "idle")
    assert not ear.events


async def test_an_upstream_that_is_away_or_none_is_told(serve, openai_config, config, ask_as):
    for settings, kind, words in (
        (openai_config(upstream="http://127.0.0.1:9/v1"), openai.InternalServerError, "cannot be reached"),
        (config, openai.InternalServerError, "openai.upstream"),
    ):
        client = ask_as(await serve(settings), max_retries=0)
        with pytest.raises(kind, match=words) as error:
            await client.chat.completions.create(**ASKED, stream=True)
        assert "127.0.0.1" not in str(error.value)
        listed = await client.models.list()
        assert [model.id for model in listed.data] == ["avatar/main"]


@pytest.mark.parametrize("cut", ["between", "amid a line", "amid an event"])
async def test_a_stream_that_breaks_off_is_an_error_and_what_was_said_stays(
    client_of_openai, upstream, ear, cut
):
    more = {
        "between": b"",
        "amid a line": b'data: {"id": "c',
        "amid an event": chat_chunk({"content": ""})[:-1],
    }
    upstream.tells(Answer([*at_once(*chat_events(TOKENS)[:4], more[cut]), (0.05, b"")], breaks=True))
    stream = await client_of_openai.chat.completions.create(**ASKED, stream=True)
    with pytest.raises(openai.APIError, match="lost amid the reply") as error:
        async for _ in stream:
            pass
    assert error.value.code == "upstream_broken"
    await until(lambda: ear.of("speech.finished"))
    assert ear.said == "Hello there."


async def test_a_stream_of_responses_that_breaks_off_is_an_error(client_of_openai, upstream):
    events = response_events(TOKENS)[:5]
    upstream.tells(
        Answer([*at_once(*events, b"event: response.output_text.delta\n"), (0.05, b"")], breaks=True)
    )
    stream = await client_of_openai.responses.create(model="avatar/main/tiny", input="Hi", stream=True)
    with pytest.raises(openai.APIError, match="lost amid the reply"):
        async for _ in stream:
            pass


async def test_an_upstream_that_falls_silent_is_given_up(serve, openai_config, upstream, ask_as):
    client = ask_as(await serve(openai_config(silence_s=1.0)), max_retries=0)
    upstream.tells(Answer(at_once(*chat_events(TOKENS)[:3]), stays_s=30))
    stream = await client.chat.completions.create(**ASKED, stream=True)
    with pytest.raises(openai.APIError, match="fell silent"):
        async for _ in stream:
            pass


async def test_one_that_keeps_the_stream_open_behind_its_end_keeps_nobody(door, upstream):
    upstream.tells(Answer(at_once(*chat_events(TOKENS)), stays_s=30))
    assert await asyncio.wait_for(raw(door), 5) == b"".join(chat_events(TOKENS))


async def test_a_caller_who_leaves_stops_the_upstream_and_the_speech(door, upstream, ear, main):
    tokens = [f" Word {number}, and so on." for number in range(100)]
    upstream.tells(Answer([(0.05, event) for event in chat_events(tokens)]))
    answer = await door.post(CHAT, json={**ASKED, "stream": True})
    await answer.content.readany()
    await until(lambda: ear.of("speech.started"))
    answer.close()
    await asyncio.wait_for(upstream.left.wait(), 5)
    await until(lambda: ear.of("speech.finished"))
    assert ear.of("speech.finished")[0]["interrupted"] and main.speech.queue.is_silent
    await until(lambda: main.state.activity.name == "idle")


LONG = Answer(at_once(*chat_events(["One two three four five six seven eight nine ten."] * 20)))


@pytest.mark.parametrize("when_busy", ["interrupt", "queue"])
async def test_a_new_request_stops_what_is_said_or_waits(serve, openai_config, upstream, when_busy, ask_as):
    door = await serve(openai_config(when_busy=when_busy))
    main = door.app[AVATARS]["main"]
    ear = Ear(main)
    upstream.tells(LONG)
    await raw(door)
    await until(lambda: ear.of("speech.started"))
    # A title is asked for beside: it stops nobody.
    upstream.tells(Answer(at_once(chat_whole("A title")), headers=JSON))
    await (await door.post(CHAT, json=ASKED)).read()
    assert not ear.of("speech.finished")
    upstream.tells(Answer(at_once(*chat_events(["Wait."]))))
    await raw(door)
    if when_busy == "interrupt":
        await until(lambda: len(ear.of("speech.finished")) == 2)
        assert [event["interrupted"] for event in ear.of("speech.finished")] == [True, False]
        assert ear.of("speech.subtitle")[-1]["text"] == "Wait."
    else:
        await until(lambda: len(main.speech.queue._waiting) == 1)
        assert not ear.of("speech.finished")


async def test_it_thinks_until_it_speaks_and_its_eyes_show_tools(door, upstream, ear, main, renderer):
    call = chat_chunk(
        {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "look", "arguments": "{"}}]}
    )
    events = chat_events(["Let me look."])
    upstream.tells(
        Answer([*at_once(*events[:2]), (0.0, call), (0.0, chat_chunk({}, "tool_calls")), (0.2, events[-1])])
    )
    await raw(door)
    assert main.state.activity.name == "thinking" and main.state.data_eyes.on
    await until(lambda: ear.of("speech.started"))
    # What the tool answers goes on with the same turn: nothing is stopped.
    upstream.tells(Answer(at_once(*chat_events(["It is here."]))))
    await raw(door, messages=[{"role": "tool", "content": "here", "tool_call_id": "t"}])
    await until(lambda: len(ear.of("speech.finished")) == 2)
    assert not main.state.data_eyes.on and ear.said == "Let me look. It is here."
    assert not any(event["interrupted"] for event in ear.of("speech.finished"))
    await until(lambda: main.state.activity.name == "idle")


@pytest.mark.parametrize(
    "tokens", [["[joy]", "[sadness]"], ["```python\n", "x = 1\n", "```"], ["<think>", "Hm", "</think>"], [""]]
)
async def test_a_reply_that_says_nothing_leaves_it_idle(door, upstream, main, tokens):
    upstream.tells(Answer(at_once(*chat_events(tokens))))
    assert await raw(door) == b"".join(chat_events(tokens))
    await until(lambda: main.state.activity.name == "idle" and main.speech.queue.is_silent)


async def test_a_token_of_200_kb_passes_and_as_much_as_may_be_is_said(door, upstream, ear, main):
    token = "A sentence that goes on and on. " * 6_250
    upstream.tells(Answer(at_once(*chat_events([token, "Behind it."]))))
    assert await raw(door) == b"".join(chat_events([token, "Behind it."]))
    await until(lambda: ear.of("speech.started"))
    assert main.speech.queue.current is not None
    await raw(door, headers={"X-Avatar-Speak": "no"})


async def test_who_speaks_is_a_setting_and_a_header(serve, openai_config, upstream, ask_as):
    door = await serve(openai_config(speaks="none"))
    ear = Ear(door.app[AVATARS]["main"])
    upstream.tells(Answer(at_once(*chat_events(TOKENS))))
    await raw(door)
    await raw(door, response_format={"type": "json_object"}, headers={"X-Avatar-Speak": "no"})
    assert not ear.events
    await raw(door, headers={"X-Avatar-Speak": "yes"})
    await until(lambda: ear.of("speech.started"))
    async with door.post(CHAT, json=ASKED, headers={"X-Avatar-Speak": "perhaps"}) as answer:
        assert answer.status == 400 and "yes or no" in (await answer.json())["error"]["message"]


async def test_json_that_is_asked_for_is_not_spoken(door, upstream, ear):
    upstream.tells(Answer(at_once(*chat_events(['{"a": 1}']))))
    await raw(door, response_format={"type": "json_object"})
    async with door.post(
        RESPONSES, json={"model": "m", "stream": True, "text": {"format": {"type": "json_schema"}}}
    ):
        pass
    assert not ear.events and door.app


async def test_a_stop_by_a_viewer_ends_the_speech_and_not_the_stream(door, upstream, ear, main):
    tokens = [f" Word {number}, and so on." for number in range(30)]
    upstream.tells(Answer([(0.02, event) for event in chat_events(tokens)]))
    asked = asyncio.create_task(raw(door))
    await until(lambda: ear.of("speech.started"))
    main.speech.stop()
    assert await asked == b"".join(chat_events(tokens))
    assert len(ear.of("speech.started")) == 1


async def test_where_no_voice_is_here_the_stream_passes(door, upstream, main, caplog):
    main.speech._engines._engines.clear()
    upstream.tells(Answer(at_once(*chat_events(TOKENS))))
    assert await raw(door) == b"".join(chat_events(TOKENS))
    await until(lambda: main.state.activity.name == "idle")
    assert "is not said" in caplog.text


async def test_two_at_once_and_an_avatar_of_that_name(door, upstream, client_of_openai):
    upstream.tells(Answer([(0.01, event) for event in chat_events(TOKENS)]))
    read = await asyncio.gather(*(raw(door) for _ in range(8)))
    assert set(read) == {b"".join(chat_events(TOKENS))}
    with pytest.raises(openai.NotFoundError) as error:
        await client_of_openai.chat.completions.create(model="avatar/nobody/x", messages=[])
    assert error.value.code == "model_not_found" and "avatar/main" in str(error.value)
    async with door.post(CHAT, json=ASKED | {"model": "m"}, headers={"X-Avatar": "nobody"}) as answer:
        assert answer.status == 404 and "'nobody'" in (await answer.json())["error"]["message"]


async def test_an_avatar_alone_is_the_model_of_the_settings_or_the_first_one(
    door, serve, openai_config, upstream
):
    upstream.tells(Answer(at_once(chat_whole("x")), headers=JSON))
    other = await serve(openai_config(model="large"))
    for client, model in ((door, "tiny"), (other, "large")):
        await (await client.post(CHAT, json={**ASKED, "model": "avatar/main"})).read()
        assert json.loads(upstream.received[-1].body)["model"] == model
    upstream.models = {"data": []}
    nameless = await serve(openai_config())
    async with nameless.post(CHAT, json={**ASKED, "model": "avatar/main"}) as answer:
        assert answer.status == 400 and "avatar/main/MODEL" in (await answer.json())["error"]["message"]
    await (await door.post(CHAT, data=b'{ "model" : "gpt-x" }', headers=JSON)).read()
    assert upstream.received[-1].body == b'{ "model" : "gpt-x" }'


async def test_half_a_caller_keeps_the_loop_for_others(door, upstream):
    """One that reads nothing: the upstream waits with it, and memory stays as it is."""
    upstream.tells(Answer(at_once(*[chat_chunk({"content": "x" * 1000})] * 3000)))
    answer = await door.post(CHAT, json={**ASKED, "stream": True}, headers={"X-Avatar-Speak": "no"},
                             timeout=aiohttp.ClientTimeout(30))  # fmt: skip
    assert (await door.get("/healthz")).status == 200
    answer.close()
    await asyncio.wait_for(upstream.left.wait(), 10)
