"""The OpenAI adapter against stubs: OpenAI's own shape, and Kokoro-FastAPI's with the times of words."""

import asyncio
import base64
import math
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from avatar_rtc.errors import EngineFailed, UnknownName
from avatar_rtc.sound.files import CONTENT_TYPES, SoundFileKind, write_sound
from avatar_rtc.speech.voices.openai_speech import (
    OPENAI_VOICES,
    OpenAiSpeech,
    believable_words,
    bytes_of_base64,
)
from tests.speech.stub_server import (
    IMPATIENT,
    NO_SOUND,
    TROUBLES,
    Handler,
    dies,
    floods,
    hangs,
    nobody,
    says,
    serving,
    tone,
    wav,
)

TEXT = "Hello, big world!"
STAMPS = [
    {"word": "Hello", "start_time": 0.1, "end_time": 0.4},
    {"word": ",", "start_time": 0.4, "end_time": 0.5},
    {"word": "big", "start_time": 0.5, "end_time": 0.7},
    {"word": "world", "start_time": 0.7, "end_time": 0.95},
    {"word": "!", "start_time": 0.95, "end_time": 1.0},
]
LISTED = {"voices": [{"id": "af_bella", "name": "af_bella"}, {"id": "af_sky", "name": "af_sky"}]}
WAV = wav(tone(1.0))


def captioned(timestamps: Any = STAMPS, audio: bytes = WAV) -> dict[str, Any]:
    return {
        "audio": base64.b64encode(audio).decode(),
        "audio_format": "audio/wav",
        "timestamps": timestamps,
    }


def routes(**changed: Handler) -> dict[str, Handler]:
    usual = {"voices": says(LISTED), "speech": says(WAV), "captioned": says(captioned())} | changed
    return {
        "GET /v1/audio/voices": usual["voices"],
        "POST /v1/audio/speech": usual["speech"],
        "POST /dev/captioned_speech": usual["captioned"],
    }


async def spoken(
    text: str = TEXT, voice: str = "", options: dict[str, Any] | None = None, **changed: Handler
) -> Any:
    async with serving(routes(**changed)) as stub:
        engine = OpenAiSpeech(stub.url + "/v1", **IMPATIENT, **(options or {}))
        try:
            return await engine.synthesize(text, voice, 1.25), stub
        finally:
            await engine.close()


async def test_speech_is_asked_for_and_taken_as_openai_documents_it() -> None:
    speech, stub = await spoken(voice="af_sky", options=dict(model="kokoro", key="s3cret"))
    assert stub.bodies("/v1/audio/speech") == [
        {"model": "kokoro", "input": TEXT, "voice": "af_sky", "speed": 1.25, "response_format": "wav"}
    ]
    assert {headers["Authorization"] for headers in stub.headers} == {"Bearer s3cret"}
    assert np.array_equal(speech.pcm, tone(1.0)) and speech.rate == 24_000
    assert speech.phonemes == () and speech.words == ()


async def test_the_base_url_works_with_and_without_v1() -> None:
    async with serving(routes()) as stub:
        for url in (stub.url, stub.url + "/", stub.url + "/v1", stub.url + "/v1/"):
            engine = OpenAiSpeech(url)
            assert (await engine.synthesize(TEXT, "", 1.0)).seconds == 1.0
            await engine.close()


async def test_bare_samples_are_24_khz() -> None:
    speech, stub = await spoken(
        options=dict(response_format="pcm"), speech=says(tone(0.5).tobytes(), "audio/pcm")
    )
    assert stub.bodies("/v1/audio/speech")[0]["response_format"] == "pcm"
    assert np.array_equal(speech.pcm, tone(0.5)) and speech.rate == 24_000


@pytest.mark.parametrize(
    ("kind", "channels", "rate"),
    [
        ("audio/pcm", 1, 24_000),
        ("", 1, 24_000),
        ("application/octet-stream", 1, 24_000),
        ("audio/L16;codec=pcm; rate=16000", 1, 16_000),
        ('audio/pcm; channels=2; rate="44100"', 2, 44_100),
    ],
)
async def test_bare_samples_are_what_their_type_says(kind: str, channels: int, rate: int) -> None:
    """And half a sample at the end is left out."""
    body = np.repeat(tone(0.5), channels).tobytes() + b"\1"
    speech, _ = await spoken(options=dict(response_format="pcm"), speech=says(body, kind))
    assert np.array_equal(speech.pcm, tone(0.5)) and speech.rate == rate


@pytest.mark.parametrize("body", [b'{"error": {"message": "no such voice"}}', b"<html>bad gateway</html>"])
async def test_words_are_not_heard_as_samples(body: bytes) -> None:
    with pytest.raises(EngineFailed, match="looks like"):
        await spoken(options=dict(response_format="pcm"), speech=says(body, "application/octet-stream"))


@pytest.mark.parametrize("asked", ["wav", "pcm"])
@pytest.mark.parametrize("kind", ["flac", "mp3", "opus", "aac", "wav"])
async def test_a_server_that_answers_with_another_kind_of_file_is_heard(
    kind: SoundFileKind, asked: str
) -> None:
    body = write_sound(tone(0.5), 24_000, kind)
    speech, _ = await spoken(options=dict(response_format=asked), speech=says(body, CONTENT_TYPES[kind]))
    assert speech.seconds == pytest.approx(0.5, abs=0.09)


def test_base64_of_any_dialect_is_read() -> None:
    data = bytes(range(256)) + b"\xff"
    for text in (
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        base64.encodebytes(data).decode(),
        "data:audio/wav;base64," + base64.b64encode(data).decode(),
    ):
        assert bytes_of_base64(text) == data
    with pytest.raises(ValueError):
        bytes_of_base64("no: base64")


async def test_a_wav_whose_length_was_not_known_yet_is_read() -> None:
    streamed = bytearray(WAV)
    streamed[4:8] = streamed[40:44] = b"\xff\xff\xff\xff"
    speech, _ = await spoken(speech=says(bytes(streamed)))
    assert np.array_equal(speech.pcm, tone(1.0))


async def test_stereo_is_averaged() -> None:
    both = np.stack([tone(0.2), np.zeros_like(tone(0.2))], axis=1)
    speech, _ = await spoken(speech=says(wav(both)))
    assert np.abs(speech.pcm - tone(0.2) / 2).max() <= 0.5


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (LISTED, ["af_bella", "af_sky"]),
        ({"voices": ["nova", "onyx"]}, ["nova", "onyx"]),
        (None, OPENAI_VOICES),
    ],
    ids=["objects", "names", "none"],
)
async def test_voices_are_those_listed_or_openais_own(answer: Any, wanted: list[str]) -> None:
    async with serving({"GET /v1/audio/voices": says(answer)} if answer else {}) as stub:
        engine = OpenAiSpeech(stub.url)
        assert [voice.name for voice in await engine.voices()] == wanted
        await engine.close()


async def test_no_voice_is_the_first_and_a_mixture_the_servers_business() -> None:
    for voice, asked in (
        ("", "af_bella"),
        ("af_sky+af_bella", "af_sky+af_bella"),
        ("af_sky(2)", "af_sky(2)"),
    ):
        _, stub = await spoken(voice=voice)
        assert stub.bodies("/v1/audio/speech")[0]["voice"] == asked


async def test_a_voice_that_is_not_listed_is_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'af_bella'"):
        await spoken(voice="af_bela")


async def test_a_server_without_a_list_judges_the_voice_itself() -> None:
    async with serving({"POST /v1/audio/speech": says(WAV)}) as stub:
        engine = OpenAiSpeech(stub.url)
        await engine.synthesize(TEXT, "my_own_voice", 1.0)
        await engine.close()
        assert stub.bodies("/v1/audio/speech")[0]["voice"] == "my_own_voice"


async def test_captions_give_the_times_of_words() -> None:
    speech, stub = await spoken(options=dict(captions=True))
    assert [TEXT[w.begin : w.stop] for w in speech.words] == ["Hello", "big", "world"]
    assert [(w.start, w.end) for w in speech.words] == [(0.1, 0.4), (0.5, 0.7), (0.7, 0.95)]
    assert speech.phonemes == () and speech.seconds == 1.0
    body = stub.bodies("/dev/captioned_speech")[0]
    assert body["stream"] is False and body["return_timestamps"] is True and body["response_format"] == "wav"


def stamped(*stamps: tuple[str, float, float]) -> list[tuple[str, float, float]]:
    return list(stamps)


@pytest.mark.parametrize(
    "stamps",
    [
        stamped(),
        stamped(("Hello", 0, 0), ("big", 0, 0)),
        stamped(("Hello", 0.5, 0.2)),
        stamped(("Hello", 0.5, 0.6), ("big", 0.1, 0.2)),
        stamped(("Hello", -0.5, 0.6)),
        stamped(("Hello", 0.1, 0.6), ("big", 3, 9)),
        stamped(("Hello", math.nan, 0.6)),
        stamped(("Hello", 0.1, math.inf)),
        stamped(("Hello", 0.1, 0.3), ("big", 0.3, 0.5), ("Hello", 0.1, 0.3), ("big", 0.3, 0.5)),
    ],
    ids=["none", "all 0", "backwards", "out of order", "negative", "beyond the end", "NaN", "inf", "twice"],
)
def test_times_that_are_nonsense_are_dropped(stamps: list[tuple[str, float, float]]) -> None:
    assert believable_words(TEXT, stamps, 1.0) == ()


def test_words_that_are_not_in_the_text_are_left_out() -> None:
    text = "I owe $5, big friend"
    stamps = stamped(
        ("I", 0, 0.1), ("owe", 0.1, 0.2), ("five", 0.2, 0.3), ("dollars", 0.3, 0.5), ("big", 0.6, 0.7),
        ("friend", 0.7, 1.05),
    )  # fmt: skip
    words = believable_words(text, stamps, 1.0)
    assert [text[w.begin : w.stop] for w in words] == ["I", "owe", "big", "friend"]
    assert words[-1].end == 1.0  # a little too long is cut to the sound


def test_a_stamp_sent_twice_in_a_row_counts_once() -> None:
    stamps = stamped(("ha", 0.1, 0.2), ("ha", 0.1, 0.2), ("ha", 0.3, 0.4))
    assert [w.begin for w in believable_words("ha ha", stamps, 1.0)] == [0, 3]


@pytest.mark.parametrize("timestamps", [None, []])
async def test_no_timestamps_are_no_error(timestamps: Any) -> None:
    speech, _ = await spoken(options=dict(captions=True), captioned=says(captioned(timestamps)))
    assert speech.words == () and speech.seconds == 1.0


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"{", "other JSON than expected"),
        (b"[]", "other JSON than expected"),
        (b'{"audio": 3}', "other JSON than expected: audio"),
        (b'{"audio": "%%%"}', "no base64"),
        (b'{"audio": ""}', "no sound"),
        (b'{"audio": "AAAA", "timestamps": [{"word": "a"}]}', "timestamps.0.start_time"),
    ],
)
async def test_captions_of_another_kind_are_told(answer: bytes, what: str) -> None:
    with pytest.raises(EngineFailed, match=f"openai server .*/dev/captioned_speech .*{what}"):
        await spoken(options=dict(captions=True), captioned=says(answer, "application/json"))


async def test_a_cancelled_call_ends_at_once() -> None:
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await hangs(request)

    async with serving(routes(speech=answer)) as stub:
        engine = OpenAiSpeech(stub.url)
        task = asyncio.create_task(engine.synthesize(TEXT, "", 1.0))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.close()


@pytest.mark.parametrize("path", ["voices", "speech", "captioned"])
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_is_told_with_the_servers_url(path: str, trouble: str) -> None:
    handler, what = TROUBLES[trouble]
    with pytest.raises(EngineFailed, match=f"the openai server at http://127.0.0.1:\\d+.* {what}"):
        changed: dict[str, Any] = {path: handler}
        await spoken(options=dict(captions=path == "captioned"), **changed)


@pytest.mark.parametrize("answer", NO_SOUND)
async def test_answers_that_are_no_speech_are_told(answer: str) -> None:
    body, what = NO_SOUND[answer]
    with pytest.raises(EngineFailed, match=f"openai server .*{what}"):
        await spoken(speech=says(body))


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_rtc.speech.voices.remote.MAX_ANSWER_BYTES", 3 << 20)
    with pytest.raises(EngineFailed, match="more than 3 MiB"):
        await spoken(speech=floods)


async def test_a_server_that_is_away_is_told_without_its_password() -> None:
    url = nobody().replace("http://", "http://me:hush@")
    engine = OpenAiSpeech(url, key="s3cret", **IMPATIENT)
    with pytest.raises(EngineFailed, match="cannot be reached") as caught:
        await engine.voices()
    await engine.close()
    assert "hush" not in str(caught.value) and "s3cret" not in str(caught.value)


async def test_a_url_that_is_none_is_told() -> None:
    engine = OpenAiSpeech("http://no such host/", **IMPATIENT)
    with pytest.raises(EngineFailed, match="openai"):
        await engine.voices()
    await engine.close()


async def test_a_server_can_come_back() -> None:
    broken = True

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (dies if broken else says(WAV))(request)

    async with serving(routes(speech=answer)) as stub:
        engine = OpenAiSpeech(stub.url, **IMPATIENT)
        with pytest.raises(EngineFailed):
            await engine.synthesize(TEXT, "", 1.0)
        broken = False
        assert (await engine.synthesize(TEXT, "", 1.0)).seconds == 1.0
        await engine.close()
