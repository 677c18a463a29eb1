"""The predecessor's programs speak: sentences, a sound file of each, words and phonemes for the mouth."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.server.http.compat.natlang import sentence_spans
from avatar_rtc.sound.decode import read_sound

ANALYZE = "/api/natlang/analyze"
TEXT = "Hello, my name is Sharon.  Mr. Fox lives in an old house! Does he?\nHe does."


async def test_its_editor_speaks_sentence_by_sentence(client):
    """Its sequence: analyze, then a sound of each sentence in its own voice, with the times of words."""
    assert "natlang" in (await (await client.get("/api/modules")).json())["modules"]
    answer = await client.post(
        ANALYZE, json={"text": TEXT, "pipes": ["tok2vec", "senter"], "with_vectors": False}
    )
    assert answer.status == 200, await answer.text()
    (analysis,) = await answer.json()
    doc = analysis["doc"]
    sentences = [doc["text"][span["start"] : span["end"]].strip() for span in doc["sents"]]
    assert analysis["lang"] == "en" and sentences == [
        "Hello, my name is Sharon.", "Mr. Fox lives in an old house!", "Does he?", "He does.",
    ]  # fmt: skip
    for sentence in sentences:
        wanted = {"text": sentence, "voice": "af_bella", "speed": 1.0, "format": "flac", "get_metadata": True}
        answer = await client.post("/api/tts/speak", json={**wanted, "stream": False})
        assert answer.status == 200 and answer.content_type == "audio/flac", await answer.text()
        pcm, rate = read_sound(await answer.read(), 60)
        words = json.loads(answer.headers["x-word-timestamps"])
        assert len(pcm) / rate == pytest.approx(float(answer.headers["x-audio-duration"]), abs=0.01)
        assert [unquote(word["word"]).lower() for word in words] == [
            w.strip(".,!?").lower() for w in sentence.split()
        ]
        assert all(word["phonemes"] and word["start_time"] < word["end_time"] for word in words)
        if "Sharon" in sentence:
            assert unquote(words[-1]["phonemes"]) == "ʃˈæɹən" and unquote(words[-2]["phonemes"]) == "ɪz"


async def test_many_texts_are_analyzed_and_what_is_none_is_refused(client):
    answer = await (await client.post(ANALYZE, json={"text": ["One. Two.", "", "Drei!"]})).json()
    assert [len(each["doc"]["sents"]) for each in answer] == [2, 0, 1]
    for wrong in ({}, {"text": 3}, {"text": [1]}, {"text": "x" * 20_001}, {"text": ["x"] * 300}):
        assert (await client.post(ANALYZE, json=wrong)).status in (400, 413)


def rebuilt(text: str, spans: list[tuple[int, int]]) -> str:
    """As spaCy puts a document together: each token, and a space if one follows it in the text."""
    return "".join(text[begin:end] + " " * (text[end : end + 1] == " ") for begin, end in spans)


PIECES = st.sampled_from(
    (
        "Hello there.",
        "Mr. Fox",
        "How?!",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "“Oh!” he said.",
        "[joy] Yes.",
        "3.14",
        "こんにちは。",
        "e.g.",
    )
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=20).map("".join))
@settings(max_examples=200, deadline=None)
def test_tokens_cover_any_text_but_for_single_spaces(text: str):
    spans = sentence_spans(text)
    assert rebuilt(text, spans) == text
    assert all(begin < end for begin, end in spans)


@pytest.mark.parametrize(
    "voice", ["af_bella", "am_adam", "bf_emma", "alloy", "onyx", "af_bella+af_sky", "en-GB-SoniaNeural"]
)
@pytest.mark.parametrize(("path", "text"), [("/api/tts/speak", "text"), ("/v1/audio/speech", "input")])
async def test_voices_of_others_are_heard(client, path, text, voice):
    answer = await client.post(path, json={text: "Hi.", "voice": voice})
    assert answer.status == 200, await answer.text()
