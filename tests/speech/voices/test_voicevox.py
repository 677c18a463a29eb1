"""The VOICEVOX adapter against a stub that makes sound from a query as the engine does: frame by frame."""

from typing import Any, cast

import numpy as np
import pytest
from aiohttp import web

from avatar_rtc.errors import EngineFailed, UnknownName
from avatar_rtc.face.visemes import SHAPE_OF_IPA as SHAPES
from avatar_rtc.face.visemes import shapes_of
from avatar_rtc.speech.voices.voicevox import FRAMES_PER_S, IPA_OF_PHONEME, Voicevox, ipa_of_phoneme
from tests.speech.stub_server import IMPATIENT, NO_SOUND, TROUBLES, Handler, nobody, says, serving, tone, wav

SPEAKERS = [
    {
        "name": "四国めたん",
        "speaker_uuid": "7ffcb7ce-00ec-4bdc-82cd-45a8889e43ff",
        "styles": [{"name": "ノーマル", "id": 2, "type": "talk"}, {"name": "あまあま", "id": 0}],
        "version": "0.14.4",
    },
    {
        "name": "ずんだもん",
        "speaker_uuid": "388f246b-8c41-4ac1-8e2d-5d79f3ff56d9",
        "styles": [
            {"name": "ノーマル", "id": 3, "type": "talk"},
            {"name": "ヒソヒソ", "id": 3003, "type": "sing"},
        ],
        "version": "0.14.4",
    },
]


def mora(
    text: str, consonant: str | None, vowel: str, lengths: tuple[float | None, float], pitch: float = 5.5
):
    return {
        "text": text,
        "consonant": consonant,
        "consonant_length": lengths[0],
        "vowel": vowel,
        "vowel_length": lengths[1],
        "pitch": pitch,
    }


def query(*, asks: bool = False) -> dict[str, Any]:
    """きっぷ、パン: with a doubled consonant, a whispered vowel, a pause and the syllabic n."""
    return {
        "accent_phrases": [
            {
                "moras": [
                    mora("キ", "k", "I", (0.061, 0.052), 0.0),
                    mora("ッ", None, "cl", (None, 0.083), 0.0),
                    mora("プ", "p", "u", (0.047, 0.104)),
                ],
                "accent": 1,
                "pause_mora": mora("、", None, "pau", (None, 0.31), 0.0),
                "is_interrogative": False,
            },
            {
                "moras": [mora("パ", "p", "a", (0.055, 0.12)), mora("ン", None, "N", (None, 0.09))],
                "accent": 1,
                "pause_mora": None,
                "is_interrogative": asks,
            },
        ],
        "speedScale": 1.0,
        "pitchScale": 0.0,
        "intonationScale": 1.0,
        "volumeScale": 1.0,
        "prePhonemeLength": 0.1,
        "postPhonemeLength": 0.1,
        "pauseLength": None,
        "pauseLengthScale": 1.0,
        "outputSamplingRate": 24000,
        "outputStereo": False,
        "kana": "キ'_ップ、パ'ン",
    }


def frames(asked: dict[str, Any]) -> list[int]:
    """How many frames of 256 samples each phoneme takes; written from the engine's rules, not from ours."""
    seconds = [asked["prePhonemeLength"]]
    for phrase in asked["accent_phrases"]:
        for one in phrase["moras"]:
            seconds += [one["consonant_length"]] if one["consonant"] else []
            seconds += [one["vowel_length"]]
        if phrase["is_interrogative"] and phrase["moras"][-1]["pitch"] > 0:
            seconds += [0.15]
        if phrase["pause_mora"]:
            pause = asked["pauseLength"]
            seconds += [
                (phrase["pause_mora"]["vowel_length"] if pause is None else pause) * asked["pauseLengthScale"]
            ]
    seconds += [asked["postPhonemeLength"]]
    return [int(np.round(s / asked["speedScale"] * FRAMES_PER_S)) for s in seconds]


async def synthesis(request: web.Request) -> web.Response:
    samples = 256 * sum(frames(await request.json()))
    return web.Response(body=wav(tone(samples / 24_000)), content_type="audio/wav")


def routes(**changed: Handler) -> dict[str, Handler]:
    usual = {"speakers": says(SPEAKERS), "audio_query": says(query()), "synthesis": synthesis} | changed
    return {
        "GET /speakers": usual["speakers"],
        "POST /audio_query": usual["audio_query"],
        "POST /synthesis": usual["synthesis"],
    }


async def spoken(text: str = "きっぷ、パン", voice: str = "", speed: float = 1.0, **changed: Handler) -> Any:
    async with serving(routes(**changed)) as stub:
        engine = Voicevox(stub.url, **IMPATIENT)
        try:
            return await engine.synthesize(text, voice, speed), stub
        finally:
            await engine.close()


async def test_phonemes_come_at_the_frames_of_their_morae() -> None:
    speech, _ = await spoken()
    names = ["", "k", "i", "p", "p", "ɯ", "", "p", "a", "ɴ", ""]
    assert [p.ipa for p in speech.phonemes] == names
    edges = np.cumsum([0, *frames(query())]) * 256 / 24_000
    assert [p.start for p in speech.phonemes] == pytest.approx(list(edges[:-1]), abs=1e-6)
    assert speech.phonemes[-1].end == pytest.approx(speech.seconds)
    assert speech.words == ()


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.3, 2.0])
async def test_speed_scales_all_lengths(speed: float) -> None:
    speech, stub = await spoken(speed=speed)
    asked = stub.bodies("/synthesis")[0]
    assert asked == query() | {"speedScale": speed}  # everything else goes back as it came
    edges = np.cumsum([0, *frames(asked)]) * 256 / 24_000
    assert [p.start for p in speech.phonemes] == pytest.approx(list(edges[:-1]), abs=1e-6)


async def test_a_question_has_its_last_vowel_once_more() -> None:
    speech, _ = await spoken(audio_query=says(query(asks=True)))
    assert [p.ipa for p in speech.phonemes][-3:] == ["ɴ", "ɴ", ""]
    assert speech.phonemes[-2].end - speech.phonemes[-2].start == pytest.approx(14 * 256 / 24_000, abs=1e-6)


@pytest.mark.parametrize(
    "changed", [{"pauseLength": 0.5}, {"pauseLengthScale": 2.0}, {"prePhonemeLength": 0.4}], ids=str
)
async def test_pauses_are_as_the_query_says(changed: dict[str, float]) -> None:
    asked = query() | changed
    speech, _ = await spoken(audio_query=says(asked))
    edges = np.cumsum([0, *frames(asked)]) * 256 / 24_000
    assert [p.start for p in speech.phonemes] == pytest.approx(list(edges[:-1]), abs=1e-6)


async def test_sound_of_another_length_has_no_phonemes() -> None:
    speech, _ = await spoken(synthesis=says(wav(tone(3.0))))
    assert speech.phonemes == () and speech.seconds == 3.0


async def test_a_sound_a_little_longer_stretches_the_phonemes() -> None:
    plain, _ = await spoken()
    longer, _ = await spoken(synthesis=says(wav(tone(plain.seconds * 1.02))))
    ratio = [b.end / a.end for a, b in zip(plain.phonemes, longer.phonemes, strict=True)]
    assert ratio == pytest.approx([1.02] * len(ratio), abs=1e-4)


def test_all_lips_of_its_phonemes_are_known() -> None:
    known = {shape for shape in SHAPES.values()}
    for name, ipa in IPA_OF_PHONEME.items():
        if ipa:
            shape = shapes_of(f"ˌ{ipa}")[0][0]
            assert shape in known, name
    assert [ipa_of_phoneme(name) for name in ("U", "N", "cl", "my", "??")] == ["ɯ", "ɴ", "ʔ", "mʲ", "ə"]


def test_lip_sounds_close_the_lips() -> None:
    assert {name for name, ipa in IPA_OF_PHONEME.items() if ipa and shapes_of(ipa)[0][0].closure == 1.0} == {
        "p", "py", "b", "by", "m", "my",
    }  # fmt: skip


async def test_voices_are_the_styles_that_talk() -> None:
    async with serving(routes()) as stub:
        engine = Voicevox(stub.url)
        voices = await engine.voices()
        await engine.close()
    assert [(v.name, v.language) for v in voices] == [
        ("四国めたん/ノーマル", "ja"),
        ("四国めたん/あまあま", "ja"),
        ("ずんだもん/ノーマル", "ja"),
    ]


@pytest.mark.parametrize(
    ("voice", "style"),
    [("", "2"), ("ずんだもん/ノーマル", "3"), ("四国めたん/あまあま", "0"), ("ずんだもん", "3"), ("0", "0")],
)
async def test_a_style_is_found_by_name_speaker_and_number(voice: str, style: str) -> None:
    _, stub = await spoken(voice=voice)
    queries = {path: query for _, path, query, _ in stub.asked}
    assert queries["/audio_query"] == {"text": "きっぷ、パン", "speaker": style}
    assert queries["/synthesis"] == {"speaker": style}


@pytest.mark.parametrize("voice", ["ずんだもん/ヒソヒソ", "3003", "ずんだ"])
async def test_what_cannot_talk_is_refused(voice: str) -> None:
    with pytest.raises(UnknownName, match="voice of voicevox"):
        await spoken(voice=voice)


@pytest.mark.parametrize("path", ["speakers", "audio_query", "synthesis"])
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_is_told_with_the_servers_url(path: str, trouble: str) -> None:
    handler, what = TROUBLES[trouble]
    with pytest.raises(EngineFailed, match=f"the voicevox server at http://127.0.0.1:\\d+.* {what}"):
        await spoken(**cast(dict[str, Any], {path: handler}))


@pytest.mark.parametrize("answer", NO_SOUND)
async def test_answers_that_are_no_speech_are_told(answer: str) -> None:
    body, what = NO_SOUND[answer]
    with pytest.raises(EngineFailed, match=f"voicevox server .*{what}"):
        await spoken(synthesis=says(body))


def damaged(**changed: Any) -> dict[str, Any]:
    wrong = query()
    wrong["accent_phrases"][0]["moras"][0] |= changed
    return wrong


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ({}, "accent_phrases"),
        ([], ""),
        (damaged(vowel_length=-1), "vowel_length"),
        (damaged(vowel_length="long"), "vowel_length"),
        (damaged(consonant_length=1e9), "consonant_length"),
    ],
)
async def test_a_query_of_another_kind_is_told(answer: Any, where: str) -> None:
    with pytest.raises(EngineFailed, match=f"/audio_query with other JSON than expected.*{where}"):
        await spoken(audio_query=says(answer))


async def test_a_server_that_is_away_is_told() -> None:
    url = nobody()
    engine = Voicevox(url, **IMPATIENT)
    with pytest.raises(EngineFailed, match=f"the voicevox server at {url} cannot be reached"):
        await engine.synthesize("あ", "", 1.0)
    await engine.close()
