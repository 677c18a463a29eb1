"""How agents and avatars write what they tell one another."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents.voice.avatar import _datastream_io
from livekit.agents.voice.io import PlaybackFinishedEvent

from avatar_rtc.errors import InputError
from avatar_rtc.livekit import wire
from avatar_rtc.livekit.wire import AgentWish, asked_by, finished_payload, stream_format_of, words_in


def test_names_are_those_of_livekits_agents():
    theirs = _datastream_io
    assert (wire.AUDIO_TOPIC, wire.CLEAR) == (theirs.AUDIO_STREAM_TOPIC, theirs.RPC_CLEAR_BUFFER)
    assert (wire.STARTED, wire.FINISHED) == (theirs.RPC_PLAYBACK_STARTED, theirs.RPC_PLAYBACK_FINISHED)


def test_what_is_told_of_the_end_is_read_by_livekits_own_class():
    event = PlaybackFinishedEvent(**json.loads(finished_payload(1.5, True)))
    assert asdict(event) == {
        "playback_position": 1.5,
        "interrupted": True,
        "synchronized_transcript": None,
    }


def test_the_format_is_what_the_attributes_tell():
    told = stream_format_of({"sample_rate": "24000", "num_channels": "1", "else": "x"})
    assert (told.rate, told.channels, told.is_framed) == (24_000, 1, False)
    assert stream_format_of({"sample_rate": "16000", "num_channels": "2", "kfl.framing": "1"}).is_framed


@pytest.mark.parametrize("rate", ["", "x", "-1", "1e3", "24000.0", "٢٤٠٠٠", "9" * 30, " 24000"])
def test_attributes_that_are_no_numbers_are_refused(rate):
    with pytest.raises(InputError, match="sample_rate of the stream"):
        stream_format_of({"sample_rate": rate, "num_channels": "1"})


@pytest.mark.parametrize(
    ("topic", "data", "asked"),
    [
        ("lk.control", b"emotion:sad", AgentWish("sad", is_now=False)),
        ("lk.control", b"emotion_now: happy ", AgentWish("happy")),
        ("lk.control", b"emotion:", None),
        ("lk.control", b"volume:3", None),
        (
            "app_messages",
            b'{"message_type":"conversation","event_type":"conversation.set_emotion","properties":{"emotion":"angry"}}',
            AgentWish("angry"),
        ),
        ("", b'{"event_type":"conversation.set_emotion","properties":{"emotion":7}}', None),
        ("", b'{"event_type":"conversation.set_emotion","properties":[]}', None),
        ("whatever", b'{"type":"END_CALL"}', AgentWish(leaves=True)),
        ("", b'{"type":', None),
        ("", b"[" * 15_000, None),
        ("", b"\xff\xfe", None),
        ("", b'{"type":"END_CALL"}' + b" " * 20_000, None),
    ],
)
def test_messages_of_agents(topic, data, asked):
    assert asked_by(topic, data) == asked


@given(st.sampled_from(["lk.control", "app_messages", ""]), st.binary(max_size=200))
def test_no_message_is_an_error(topic, data):
    asked_by(topic, data)


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        ("Good day. ", "Good day. "),
        ('{"text": "Good "}\n{"text": "day.", "start_time": 1.5}\n', "Good day."),
        ("{smiles} Good day.", "{smiles} Good day."),
        ('{"no": 1}', '{"no": 1}'),
    ],
)
def test_words_are_texts_or_json_a_line(chunk, words):
    assert words_in(chunk) == words
