"""What an avatar does at the events of a Realtime connection: a real avatar, and events by hand."""

import asyncio
import json

import numpy as np
import pytest

from avatar_rtc.link.orders import Hush, Say
from avatar_rtc.server.http.keys import AVATARS, LIMITS
from avatar_rtc.server.http.openai import realtime_sounds
from avatar_rtc.server.http.openai.realtime_actor import RealtimeActor
from avatar_rtc.server.live.voice import hearing, transcribed
from tests.server.http.openai.realtime_script import (
    created,
    cut,
    delta,
    done,
    event,
    sound_done,
    speech_started,
    tone,
    truncate,
    words,
)
from tests.waiting import until


class Talk:
    """An actor, what it sends to the server, and what its avatar tells."""

    def __init__(self, client, truncates: bool = True, strips: bool = False) -> None:
        self.avatar = client.server.app[AVATARS]["main"]
        self.sent: list[dict] = []
        self.charged: list[str] = []
        self.pool = client.server.app[LIMITS].speech
        self.actor = RealtimeActor(
            self.avatar,
            self.pool,
            lambda text: self.sent.append(json.loads(text)),
            truncates,
            strips,
            self.charged.append,
        )
        self.events: list[dict] = []
        tell = self.avatar.speech.queue._tell

        def told(event) -> None:
            self.events.append(dict(event))
            tell(event)

        self.avatar.speech.queue._tell = told

    async def says(self, *texts: str) -> list[str | None]:
        return [await self.actor.server_said(text) for text in texts]

    async def reply(self, seconds: float, text: str = "", item: str = "i1", response: str = "r1") -> None:
        pieces = [delta(piece, item, response) for piece in cut(tone(seconds), 9_601, 4_799)]
        told = [words(text, item, response), words(text, item, response, done=True)] if text else []
        await self.says(created(response), *told, *pieces, sound_done(item, response), done(response))

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    def finished(self) -> list[dict]:
        return [event for event in self.events if event["type"] == "speech.finished"]

    @property
    def activity(self) -> str:
        return self.avatar.state.activity.name


@pytest.fixture
async def talk(client):
    talks: list[Talk] = []

    def begin(**options) -> Talk:
        talks.append(Talk(client, **options))
        return talks[-1]

    yield begin
    for each in talks:
        await each.actor.close()


async def test_deltas_that_are_cut_anywhere_are_one_utterance_of_their_length(talk, renderer):
    it = talk()
    await it.reply(0.4)
    await until(it.finished)
    assert it.kinds().count("speech.started") == 1
    assert (
        it.finished()[0]["position_ms"] == pytest.approx(400, abs=2) and not it.finished()[0]["interrupted"]
    )
    assert sum(lip.timeline.seconds for lip in renderer.told(Say)) == pytest.approx(0.4, abs=0.002)
    assert it.sent == []  # all of it was heard


@pytest.mark.parametrize("law", ["pcmu", "pcma"])
async def test_the_sound_of_telephones_lasts_as_long(talk, renderer, law):
    it = talk()
    format_ = {"audio": {"output": {"format": {"type": f"audio/{law}"}}}}
    await it.says(event("session.updated", session=format_), created())
    data = np.random.default_rng(1).integers(0, 256, 1_600).astype(np.uint8).tobytes()
    await it.says(*map(delta, cut(data, 1_001)), sound_done(), done())
    await until(it.finished)
    assert it.finished()[0]["position_ms"] == pytest.approx(200, abs=3)


@pytest.mark.parametrize("name", ["output_text", "text"], ids=["today", "beta"])
async def test_a_response_of_text_is_said_by_a_voice_from_here(talk, name):
    it = talk()
    about = {"response_id": "r1", "item_id": "i1", "output_index": 0, "content_index": 0}
    deltas = [event(f"response.{name}.delta", **about, delta=word) for word in ("Pa", " ma.")]
    await it.says(created(), *deltas, event(f"response.{name}.done", **about, text="Pa ma."), done())
    await until(it.finished)
    assert [told["text"] for told in it.events if told["type"] == "speech.subtitle"] == ["Pa ma."]
    assert "".join(it.charged) == "Pa ma." and it.sent == []
    await it.says(created("r2"), *(text.replace("r1", "r2") for text in deltas), speech_started())
    await it.says(event(f"response.{name}.delta", **{**about, "response_id": "r2"}, delta=" Go on."))
    assert it.avatar.speech.queue.is_silent and "".join(it.charged).count("Go on") == 0


async def test_names_of_the_beta_are_the_same(talk):
    it = talk()
    await it.says(
        created(), words("Hm.", beta=True), delta(tone(0.1), beta=True), sound_done(beta=True), done()
    )
    await until(it.finished)
    assert it.finished()[0]["position_ms"] == pytest.approx(100, abs=2)


async def test_words_that_are_here_in_time_are_shown(talk, monkeypatch):
    monkeypatch.setattr(transcribed, "WORDS_PATIENCE_S", 30.0)  # however busy the machine is
    it = talk()
    await it.reply(0.2, item="before", response="r0")
    await it.reply(0.3, "Hello there.")  # it waits its turn, so all of it is here
    await until(lambda: len(it.finished()) == 2)
    assert [event["text"] for event in it.events if event["type"] == "speech.subtitle"] == ["Hello there."]
    assert [event["word"] for event in it.events if event["type"] == "speech.word"] == ["Hello", "there"]


async def test_it_thinks_until_it_speaks_and_listens_when_it_is_spoken_to(talk):
    it = talk()
    await it.says(created())
    assert it.activity == "thinking"
    await it.says(delta(tone(0.5)))
    assert it.activity == "idle" and not it.avatar.speech.queue.is_silent
    await it.says(speech_started())
    assert it.activity == "listening" and it.avatar.speech.queue.is_silent
    await it.says(done(status="cancelled"), created("r2"), done("r2"))
    assert it.activity == "idle"  # it thought, and said nothing


async def test_a_tool_at_work_shows_in_the_eyes(talk):
    it = talk()
    await it.says(
        created(), event("response.output_item.added", response_id="r1", item={"type": "function_call"})
    )
    assert it.avatar.state.data_eyes.on
    await it.says(done())
    output = {"type": "function_call_output", "call_id": "c", "output": "{}"}
    frame = json.dumps({"type": "conversation.item.create", "item": output})
    assert await it.actor.caller_said(frame) == frame
    assert not it.avatar.state.data_eyes.on


async def test_who_speaks_up_silences_it_at_once_and_the_server_learns_what_was_heard(talk, renderer):
    it = talk()
    await it.says(created(), delta(tone(3.0)), sound_done())
    await until(lambda: "speech.started" in it.kinds())
    await asyncio.sleep(0.2)
    await it.says(speech_started())
    assert renderer.told(Hush)
    await until(it.finished)
    assert it.sent == []  # the response is under way: it cannot be cut yet
    await it.says(delta(tone(1.0)), done(status="cancelled"))  # what was on its way is not heard
    position = it.finished()[0]["position_ms"]
    assert [(told["type"], told["audio_end_ms"]) for told in it.sent] == [
        ("conversation.item.truncate", position)
    ]
    assert it.sent[0]["item_id"] == "i1" and 150 < position < 1_200
    assert len(it.finished()) == 1


async def test_speaking_up_before_its_first_sound_leaves_it_silent(talk):
    it = talk()
    await it.says(created(), speech_started(), delta(tone(1.0)), sound_done(), done(status="cancelled"))
    assert it.kinds() == [] and [told["audio_end_ms"] for told in it.sent] == [0]


async def test_speaking_up_after_all_was_heard_cuts_nothing(talk):
    it = talk()
    await it.reply(0.1)
    await until(it.finished)
    await it.says(speech_started())
    assert it.sent == [] and len(it.finished()) == 1
    assert (
        json.loads(await it.actor.caller_said(truncate(900)))["audio_end_ms"] == 100
    )  # never more than there was


async def test_what_the_caller_says_it_has_played_becomes_what_was_heard(talk):
    it = talk()
    await it.says(created(), delta(tone(2.0)), sound_done(), done())
    await until(lambda: "speech.started" in it.kinds())
    told = json.loads(await it.actor.caller_said(truncate(1_900)))
    await until(it.finished)
    assert told == {**json.loads(truncate(0)), "audio_end_ms": it.finished()[0]["position_ms"]}
    assert 0 < told["audio_end_ms"] < 1_000 and it.sent == []  # once is enough


async def test_a_queued_reply_that_nobody_heard_is_cut_at_nothing(talk):
    it = talk()
    await it.reply(2.0)
    await it.reply(2.0, item="i2", response="r2")
    await until(lambda: "speech.started" in it.kinds())
    await it.says(speech_started())
    await until(lambda: len(it.sent) == 2)
    assert {told["item_id"]: told["audio_end_ms"] == 0 for told in it.sent} == {"i1": False, "i2": True}


async def test_a_caller_that_knows_better_is_believed(talk):
    it = talk(truncates=False)
    await it.reply(2.0)
    await until(lambda: "speech.started" in it.kinds())
    assert await it.actor.caller_said(truncate(777)) == truncate(777)
    await until(it.finished)
    assert it.finished()[0]["interrupted"] and it.sent == []


async def test_a_cancelled_response_is_silent_and_the_next_one_speaks(talk):
    it = talk()
    await it.says(created(), delta(tone(2.0)))
    frame = json.dumps({"type": "response.cancel"})
    assert await it.actor.caller_said(frame) == frame
    await it.says(delta(tone(1.0)), done(status="cancelled"))
    await it.reply(0.2, item="i2", response="r2")
    await until(lambda: len(it.finished()) == 2)
    assert [event["interrupted"] for event in it.finished()] == [True, False]


async def test_what_the_server_says_to_what_we_sent_is_for_us_alone(talk):
    it = talk()
    refusal = event(
        "error", error={"type": "invalid_request_error", "event_id": "avatar_rtc_1", "message": "no"}
    )
    assert await it.says(refusal) == [None]
    theirs = event("error", error={"type": "invalid_request_error", "event_id": "mine", "message": "no"})
    assert await it.says(theirs) == [theirs]


async def test_sound_is_left_out_for_who_does_not_want_it(talk):
    it = talk(strips=True)
    told = await it.says(created(), delta(tone(0.2)), words("Hm."), sound_done(), done())
    assert json.loads(told[1]) == {**json.loads(delta(b"")), "delta": ""}
    assert told[2] == words("Hm.")
    await until(it.finished)
    assert it.finished()[0]["position_ms"] == pytest.approx(200, abs=2)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '"x"', '{"type": 3}', "[" * 5_000, '{"type": "response.created"}',
        '{"type": "response.created", "response": [1]}',
        '{"type": "session.updated", "session": {"audio": 7}}',
        '{"type": "response.output_audio.delta"}', '{"type": "response.output_audio.delta", "delta": "%%%"}',
        '{"type": "response.output_audio.delta", "delta": 7, "item_id": null, "content_index": "x"}',
        '{"type": "response.done", "response": null}',
        '{"type": "response.output_audio.done", "item_id": {}}',
        '{"type": "error", "error": "x"}', '{"type": "what.nobody.knows", "delta": "AAAA"}',
    ],
)  # fmt: skip
async def test_events_that_make_no_sense_go_through_and_cost_nothing(talk, text):
    it = talk()
    assert await it.says(text) == [text]
    assert await it.actor.caller_said(text) == text
    await it.reply(0.1, item="after", response="rn")
    await until(it.finished)


async def test_a_reply_of_minutes_waits_and_none_of_it_is_lost(talk, monkeypatch):
    monkeypatch.setattr(realtime_sounds, "MOST_WAITING_BYTES", 48_000)
    it = talk()
    await it.says(created(), *(delta(tone(10.0)) for _ in range(7)))
    room = asyncio.create_task(it.actor.room())
    await asyncio.sleep(0.05)
    assert not room.done()  # more than a minute of sound is here, and nobody reads on
    item = it.actor._sounds.find("i1")
    assert item.length_ms == 70_000 and it.pool.taken < 65
    await it.says(speech_started())
    async with asyncio.timeout(2):
        await room
    assert it.pool.taken == 0


async def test_a_server_that_pauses_for_long_within_an_item_is_heard_to_its_end(talk, monkeypatch):
    monkeypatch.setattr(hearing, "SOUND_PATIENCE_S", 0.05)
    it = talk()
    await it.says(created(), delta(tone(0.1)))
    await until(it.finished)
    await it.says(delta(tone(0.1)), sound_done(), done())
    await until(lambda: len(it.finished()) == 2)
    assert await it.actor._sounds.find("i1").heard_ms() in (199, 200) and it.sent == []


async def test_who_leaves_takes_its_speech_along(talk):
    it = talk()
    await it.says(created(), delta(tone(5.0)))
    await it.actor.close()
    assert it.avatar.speech.queue.is_silent and it.activity == "idle" and it.sent == []
