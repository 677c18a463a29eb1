"""The client against the real server and its render worker, each a process of its own."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError, NotFound

pytestmark = pytest.mark.slow


@pytest.fixture
def server(real: Served) -> Served:
    return real


async def test_transparent_corner_opaque_face_and_motion(server: Served) -> None:
    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        pictures = []
        async for _, rgba in avatar.frames_rgba():
            pictures.append(rgba)
            if len(pictures) == 4:
                break
    first, last = pictures[0], pictures[-1]
    assert first.shape == (512, 512, 4)
    assert not first[:32, :32].any() and first[160:200, 240:272, 3].min() >= 250
    assert np.abs(first.astype(int) - last).max() > 8, "idle life moves the picture"


async def test_the_chain_shows_in_the_pictures(server: Served) -> None:
    async def mean_alpha(below: float) -> float:
        async for _, rgba in avatar.frames_rgba():
            if (mean := float(rgba[160:200, 240:272, 3].mean())) < below:
                return mean
        raise AssertionError("the stream ended")

    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        assert await mean_alpha(256) > 250
        await avatar.set_chain([["translucent_display", {"alpha": 0.5}]])
        # The first picture that shows it may be coarse: 0.5 is 127.5.
        assert await mean_alpha(200) == pytest.approx(127.5, abs=6)
        await avatar.set_chain([])


async def test_the_backdrop_shows_behind_and_shares_the_chain(server: Served) -> None:
    async def corner_until(is_good: Callable[[float], bool]) -> float:
        async for _, rgba in avatar.frames_rgba():
            if is_good(mean := float(rgba[4:40, 4:40, :3].mean())):
                return mean
        raise AssertionError("the stream ended")

    async with AvatarClient(server.url, video="matte") as avatar, asyncio.timeout(30):
        assert await corner_until(lambda mean: mean < 60)
        await avatar.set_backdrop(colour="#c8c8c8")
        assert await corner_until(lambda mean: mean > 180)
        await avatar.set_chain([["vignetting", {"strength": 0.5}]])
        await avatar.set_backdrop(colour="#c8c8c8", chain="shared")
        assert await corner_until(lambda mean: mean < 90)
        await avatar.set_chain([])
        await avatar.set_backdrop("day", colour="#ffffff", fit="contain", blur=2.0)
        with pytest.raises(InputError, match="did you mean 'day'"):
            await avatar.set_backdrop("dya")


async def test_refusals_name_what_is_wrong(server: Served) -> None:
    async with AvatarClient(server.url) as avatar:
        with pytest.raises(InputError, match="unknown emotion 'joi'; did you mean 'joy'"):
            await avatar.set_emotion("joi")
        with pytest.raises(InputError, match="intensity"):
            await avatar.set_emotion("joy", intensity=7)
        with pytest.raises(InputError, match="unknown operation 'vignete'; did you mean 'vignetting'"):
            await avatar.set_chain([["vignete", {}]])
        assert 0 < await avatar.ping() < 5
    with pytest.raises(NotFound, match="no avatar 'nobody'"):
        async with AvatarClient(f"{server.url}view/nobody"):
            pass


async def test_state_comes_by_itself_and_a_closed_viewer_is_gone(server: Served) -> None:
    async with AvatarClient(server.url, audio=True) as avatar, asyncio.timeout(20):
        sound = await anext(avatar.audio())
        assert sound.sample_rate == 48_000
        await avatar.set_emotion({"joy": 0.5})
        while avatar.state().get("emotion", {}).get("weights") != {"joy": 0.5}:
            await anext(avatar.audio())  # some time passes
        assert avatar.state()["viewers"] == 1 and len(avatar.state()["emotions"]) == 28
    assert server.state()["viewers"] == 0


async def heard(avatar: AvatarClient, speech_id: str) -> list[dict]:
    """All that is told of a speech, to its end."""
    told = []
    async for event in avatar.speech_events():
        if event["speech_id"] == speech_id:
            told.append(event)
            if event["type"] == "speech.finished":
                break
    return told


def loudness(frames: list) -> float:
    """RMS of blocks of sound, full scale 1."""
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(float)
    return float(np.sqrt((samples**2).mean())) / 32768


async def test_what_is_said_is_heard_and_told_word_by_word(server: Served) -> None:
    async with AvatarClient(server.url, audio=True) as avatar, asyncio.timeout(20):
        blocks = aiter(avatar.audio())
        silence = [await anext(blocks) for _ in range(10)]
        speech_id = await avatar.say("Good 😀 morning. [joy] See you!", voice="espeak:en-us", speed=1.5)
        telling = asyncio.create_task(heard(avatar, speech_id))
        spoken = []
        while not telling.done():
            spoken.append(await anext(blocks))
    assert loudness(silence) < 1e-3 and loudness(spoken) > 0.02

    told = await telling
    assert told[0]["type"] == "speech.started"
    assert [e["text"] for e in told if e["type"] == "speech.subtitle"] == ["Good 😀 morning.", "See you!"]
    text, words = "", []
    for event in told:
        if event["type"] == "speech.subtitle":
            text = event["text"]
        elif event["type"] == "speech.word":
            assert text[event["begin"] : event["end"]] == event["word"]
            words.append(event["word"])
    assert words == ["Good", "morning", "See", "you"]
    seconds = sum(e["duration_ms"] for e in told if e["type"] == "speech.word") / 1000
    assert not told[-1]["interrupted"] and "detail" not in told[-1]
    assert seconds * 0.9 < told[-1]["position_ms"] / 1000 < seconds + 1
    assert server.state()["emotion"]["weights"] == {"joy": 1.0}


async def test_a_text_may_come_bit_by_bit(server: Served) -> None:
    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        speech_id = await avatar.say("Go", speed=2, more=True)
        for token in (" on", ". Th", "en st", "op."):
            await avatar.append(speech_id, token)
        await avatar.append(speech_id, "", more=False)
        with pytest.raises(InputError, match="this speech is complete"):
            await avatar.append(speech_id, "more")
        told = await heard(avatar, speech_id)
        assert [e["text"] for e in told if e["type"] == "speech.subtitle"] == ["Go on.", "Then stop."]
        with pytest.raises(InputError, match=f"there is no speech '{speech_id}' here"):
            await avatar.append(speech_id, "more")


async def test_stopping_ends_every_speech_once_and_at_once(server: Served) -> None:
    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        ids = [await avatar.say("This takes a while to be said, in one go. " * 5) for _ in range(2)]
        async for event in avatar.speech_events():
            if event["type"] == "speech.word":
                break
        start = asyncio.get_running_loop().time()
        await avatar.stop_speaking()
        ends = []
        async for event in avatar.speech_events():
            if event["type"] == "speech.finished":
                ends.append(event)
                if len(ends) == 2:
                    break
        assert asyncio.get_running_loop().time() - start < 2
        assert {end["speech_id"] for end in ends} == set(ids) and all(end["interrupted"] for end in ends)
        assert {end["speech_id"]: end["position_ms"] for end in ends}[ids[1]] == 0


async def test_what_cannot_be_said_is_refused_by_name(server: Served) -> None:
    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        with pytest.raises(InputError, match="nothing to say"):
            await avatar.say(" ")
        with pytest.raises(InputError, match="unknown emotion 'joi'; did you mean 'joy'"):
            await avatar.say("Hi.", emotion="joi")
        with pytest.raises(InputError, match="unknown voice 'marvin'; did you mean"):
            await avatar.say("Hi.", voice="marvin")
        with pytest.raises(InputError, match="speed"):
            await avatar.say("Hi.", speed=3)
        with pytest.raises(InputError, match="unknown voice of espeak 'marvin'"):
            await avatar.say("Hi.", voice="espeak:marvin")
