"""The piper adapter against a stub that answers as `piper.http_server` 1.8 does."""

from typing import Any, cast

import numpy as np
import pytest

from avatar_rtc.errors import EngineFailed, UnknownName
from avatar_rtc.speech.voices.piper import Piper
from tests.speech.stub_server import IMPATIENT, NO_SOUND, TROUBLES, Handler, nobody, says, serving, tone, wav

TEXT = "Hello you."
RATE = 22_050
# As the server tells them: begin, the phonemes with their padding, end.
ALIGNED = [
    ("^", 0.05), ("h", 0.06), ("ə", 0.05), ("l", 0.07), ("ˈ", 0.01), ("o", 0.09), ("ʊ", 0.08), (" ", 0.03),
    ("j", 0.06), ("u", 0.10), ("ː", 0.05), (".", 0.15), ("$", 0.20),
]  # fmt: skip
SECONDS = sum(seconds for _, seconds in ALIGNED)
VOICES = {
    "en_US-lessac-medium": {
        "audio": {"sample_rate": RATE, "quality": "medium"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "num_speakers": 1,
        "language": {"code": "en_US", "family": "en", "region": "US"},
    },
    "de_DE-thorsten-high": {"inference": {"length_scale": 1.2}, "language": {"code": "de_DE"}},
}


def info(text: str = TEXT, alignments: Any = None) -> dict[str, Any]:
    aligned = [{"phoneme": phoneme, "seconds": seconds} for phoneme, seconds in ALIGNED]
    return {
        "voice": {"name": "en_US-lessac-medium", "language": "en-us", "num_speakers": 1},
        "last": {
            "text": text,
            "synthesize_seconds": 0.1,
            "phonemes": [phoneme for phoneme, _ in ALIGNED[1:-1]],
            "alignments": aligned if alignments is None else alignments,
        },
    }


def routes(**changed: Handler) -> dict[str, Handler]:
    usual = {"voices": says(VOICES), "synthesize": says(wav(tone(SECONDS, RATE), RATE)), "info": says(info())}
    usual |= changed
    return {
        "GET /voices": usual["voices"],
        "POST /synthesize": usual["synthesize"],
        "GET /info": usual["info"],
    }


async def spoken(text: str = TEXT, voice: str = "", speed: float = 1.0, **changed: Handler):
    async with serving(routes(**changed)) as stub:
        piper = Piper(stub.url, **IMPATIENT)
        try:
            return await piper.synthesize(text, voice, speed), stub
        finally:
            await piper.close()


async def test_phonemes_and_words_come_at_the_alignments() -> None:
    speech, _ = await spoken()
    assert speech.rate == RATE and speech.seconds == pytest.approx(SECONDS, abs=1e-3)
    assert [(p.ipa, round(p.start, 3)) for p in speech.phonemes] == [
        ("", 0.0), ("h", 0.02), ("ə", 0.08), ("l", 0.13), ("ˈo", 0.2), ("ʊ", 0.3), ("j", 0.41), ("uː", 0.47),
        ("", 0.62),
    ]  # fmt: skip
    assert speech.phonemes[-1].end == pytest.approx(speech.seconds)
    assert [TEXT[w.begin : w.stop] for w in speech.words] == ["Hello", "you"]
    assert speech.words[1].start == pytest.approx(0.41) and speech.words[1].end == pytest.approx(0.62)


async def test_the_sound_is_that_of_the_wav() -> None:
    speech, _ = await spoken()
    assert np.array_equal(speech.pcm, tone(SECONDS, RATE))


async def test_speed_shortens_what_is_usual_for_the_voice() -> None:
    for voice, speed, scale in (("", 1.25, 0.8), ("de_DE-thorsten-high", 2.0, 0.6)):
        _, stub = await spoken(voice=voice, speed=speed)
        body = stub.bodies("/synthesize")[0]
        assert body["length_scale"] == pytest.approx(scale) and body["text"] == TEXT
        assert body.get("voice", "") == voice
    _, stub = await spoken()
    assert stub.bodies("/synthesize") == [{"text": TEXT}]


@pytest.mark.parametrize(
    "changed",
    [
        info("Somebody else."),
        info(alignments=[]),
        info(alignments=[{"phoneme": "h", "seconds": 9.0}]),
        {"voice": {"name": "x"}, "last": None},
    ],
    ids=["another client spoke", "no alignment", "another length", "nothing"],
)
async def test_times_that_are_not_of_this_sound_are_not_taken(changed: dict[str, Any]) -> None:
    speech, _ = await spoken(info=says(changed))
    assert speech.phonemes == () and speech.words == () and speech.seconds > 0


async def test_numbers_have_phonemes_but_no_words() -> None:
    speech, _ = await spoken("42", info=says(info("42")))
    assert speech.phonemes and speech.words == ()


async def test_voices_are_listed_with_their_language() -> None:
    async with serving(routes()) as stub:
        piper = Piper(stub.url)
        voices = await piper.voices()
        await piper.close()
    assert [(v.name, v.language, v.engine) for v in voices] == [
        ("en_US-lessac-medium", "en_US", "piper"),
        ("de_DE-thorsten-high", "de_DE", "piper"),
    ]


async def test_a_voice_the_server_lacks_is_refused_and_not_replaced() -> None:
    with pytest.raises(UnknownName, match="did you mean 'en_US-lessac-medium'"):
        await spoken(voice="en_US-lessac-low")


@pytest.mark.parametrize("path", ["voices", "synthesize", "info"])
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_is_told_with_the_servers_url(path: str, trouble: str) -> None:
    handler, says_what = TROUBLES[trouble]
    with pytest.raises(EngineFailed, match=f"the piper server at http://127.0.0.1:\\d+.* {says_what}"):
        await spoken(**cast(dict[str, Any], {path: handler}))


@pytest.mark.parametrize("answer", NO_SOUND)
async def test_answers_that_are_no_speech_are_told(answer: str) -> None:
    body, says_what = NO_SOUND[answer]
    with pytest.raises(EngineFailed, match=f"piper server .*{says_what}"):
        await spoken(synthesize=says(body))


@pytest.mark.parametrize("answer", [b"{", b"[]", b'{"voice": 3}', b"\xff"])
async def test_json_of_another_kind_is_told(answer: bytes) -> None:
    with pytest.raises(EngineFailed, match="answered /info with other JSON than expected"):
        await spoken(info=says(answer, "application/json"))


async def test_an_alignment_of_no_number_is_told() -> None:
    wrong = info(alignments=[{"phoneme": "h", "seconds": -1}])
    with pytest.raises(EngineFailed, match="last.alignments.0.seconds"):
        await spoken(info=says(wrong))


async def test_a_server_that_is_away_is_told() -> None:
    url = nobody()
    piper = Piper(url, **IMPATIENT)
    with pytest.raises(EngineFailed, match=f"the piper server at {url} cannot be reached"):
        await piper.voices()
    await piper.close()
