"""No answer has a head that clients cannot read, whatever a caller makes long; and what was cut is told."""

import base64
import io
import json
import re
from urllib.parse import unquote

import numpy as np
import pytest
from aiohttp import ClientResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.config import Config
from avatar_rtc.server.http.compat.word_times import (
    HEADER,
    MAX_TIMES_BYTES,
    TRUNCATED,
    WordTime,
    word_headers,
)
from avatar_rtc.server.http.routes.openapi import operations
from avatar_rtc.sound.decode import read_sound
from tests.sound.written_sounds import written

MAX_HEAD_BYTES = 8 * 1024
LONG = "x" * 3_000
SPEAK = "/api/tts/speak"


def head_bytes(response: ClientResponse) -> int:
    return 20 + sum(len(name) + len(value) + 4 for name, value in response.raw_headers)


def times(texts: list[str]) -> list[WordTime]:
    return [
        WordTime(word=t, phonemes="ʃˈæɹən", start_time=n / 3, end_time=n / 3 + 0.2)
        for n, t in enumerate(texts)
    ]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=40), max_size=300) | st.lists(st.just("word" * 2_000), max_size=3))
def test_the_first_words_that_fit_are_told_whole_and_the_rest_counted(texts: list[str]):
    words = times(texts)
    headers = word_headers(words)
    told = json.loads(headers[HEADER])
    assert sum(len(name) + len(value) for name, value in headers.items()) <= MAX_TIMES_BYTES + 100
    assert headers[HEADER].isascii()
    assert [unquote(word["word"]) for word in told] == [word["word"] for word in words[: len(told)]]
    if len(told) == len(words):
        assert TRUNCATED not in headers
    else:
        assert headers[TRUNCATED] == f"{len(told)}/{len(words)}"
        assert (
            len(word_headers(words[: len(told) + 1])[HEADER]) <= MAX_TIMES_BYTES
        )  # and not one fewer than fits
        assert TRUNCATED in word_headers(words[: len(told) + 1])


async def test_a_long_text_is_told_in_part_by_header_and_whole_in_the_body(client):
    text = " ".join(f"Number {n} is here." for n in range(40))
    answer = await client.post(SPEAK, json={"text": text, "format": "wav"})
    assert answer.status == 200 and head_bytes(answer) < MAX_HEAD_BYTES
    told = json.loads(answer.headers[HEADER])
    most = int(answer.headers[TRUNCATED].partition("/")[2])
    assert answer.headers[TRUNCATED] == f"{len(told)}/{most}" and 20 < len(told) < most
    for query, headers in (("?timestamps=body", {}), ("", {"Accept": "application/json"})):
        answer = await client.post(SPEAK + query, json={"text": text, "format": "wav"}, headers=headers)
        body = await answer.json()
        assert head_bytes(answer) < MAX_HEAD_BYTES and len(body["timestamps"]) == most
        assert [word["word"] for word in body["timestamps"][:3]] == ["Number", "0", "is"]
        pcm, rate = read_sound(base64.b64decode(body["audio"]), 600)
        assert len(pcm) / rate == pytest.approx(body["duration"], abs=0.01)
        assert body["content_type"] == "audio/wav"
    for accept in ("*/*", "audio/*", "application/json, text/plain, */*"):
        answer = await client.post(SPEAK, json={"text": "Hi", "format": "wav"}, headers={"Accept": accept})
        assert answer.content_type == "audio/wav"
    assert (await client.post(f"{SPEAK}?timestamps=elsewhere", json={"text": "Hi"})).status == 400


async def test_no_head_grows_with_what_is_sent(client):
    """Every route: long parts of the path, of the query, of headers and of the body."""
    for method, path, _ in operations(client.app):
        for filled in (re.sub(r"\{\w+\}", LONG, path), re.sub(r"\{\w+\}", "main", path)):
            if method == "GET" and path.endswith("result_feed"):
                filled += f"?instance_id={LONG}"
            for query in ("", f"?name={LONG}&text={LONG}&instance_id={LONG}"):
                async with client.request(
                    method,
                    filled + query,
                    json={"text": LONG, "name": LONG, "voice": LONG, "id": LONG, "input": LONG},
                    headers={
                        "Accept": LONG,
                        "X-Request-Id": LONG,
                        "If-Match": LONG,
                        "Referer": f"http://{LONG}",
                    },
                ) as answer:
                    assert head_bytes(answer) < MAX_HEAD_BYTES, (method, filled[:60])


async def test_a_foreign_origin_comes_back_only_if_it_can_be_one(serve):
    client = await serve(Config(character="hero", allowed_origins=("*",)))
    for length, status in ((200, 200), (4_000, 403)):
        answer = await client.get("/healthz", headers={"Origin": f"http://{'a' * length}"})
        assert answer.status == status and head_bytes(answer) < MAX_HEAD_BYTES


def voice(kind: str) -> bytes:
    t = np.arange(16_000) / 16_000
    return written(np.sin(2 * np.pi * 220 * t) * 0.5, 16_000, kind)


@pytest.mark.parametrize(
    "kind",
    ["audio/webm;codecs=opus", "video/mp4", "application/octet-stream", "text/plain", "image/png", None],
)
async def test_a_sound_is_taken_whatever_its_type_says(client, kind):
    headers = {"Content-Type": kind} if kind else {}
    for data in (voice("m4a"), voice("aiff"), voice("mp3")):
        answer = await client.post(
            "/api/v1/avatars/main/audio", data=data, headers=headers, skip_auto_headers=["Content-Type"]
        )
        assert answer.status == 202, await answer.text()
        assert (await answer.json())["duration_ms"] == pytest.approx(1_000, abs=120)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("audio/wav", 400), ("video/webm", 400), ("application/json", 415), ("image/png", 415)],
)
async def test_what_is_no_sound_is_told_by_what_it_looks_like(client, kind, status):
    answer = await client.post(
        "/api/v1/avatars/main/audio", data=b"\x89PNG\r\n\x1a\n" + bytes(90), headers={"Content-Type": kind}
    )
    detail = (await answer.json())["detail"]
    assert answer.status == status and "PNG picture" in detail and "wanted is wav" in detail
    form = {"audio": io.BytesIO(b'{"audio": 1}')}
    answer = await client.post("/api/v1/avatars/main/audio", data=form)
    assert answer.status == 400 and "JSON" in (await answer.json())["detail"]
