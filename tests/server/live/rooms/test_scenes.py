"""Agents of LiveKit's own code speak through an avatar in a made room, on a virtual clock."""

import asyncio
import json
import logging

import numpy as np
import pytest

from avatar_rtc.bench import agent_scenes
from avatar_rtc.bench.agent_scenes import AgentScene, heard_by_level, play_by_chance
from avatar_rtc.livekit.records import RECORD_HEADER
from avatar_rtc.livekit.wire import AUDIO_TOPIC, CLEAR, FINISHED, STARTED
from avatar_rtc.server.live.rooms import agent_line
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ
from tests.virtual_time import run

PCM = {"sample_rate": "24000", "num_channels": "1"}


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def sound(seconds: float, level: int = 6_000, rate: int = 24_000) -> bytes:
    return np.full(round(seconds * rate), level, "<i2").tobytes()


def played(play, **options):
    """The scene after `play(scene)`, and what `play` gave."""

    async def main():
        scene = AgentScene(0)
        await scene.begin(**options)
        try:
            return await play(scene), scene
        finally:
            await scene.avatar.close()

    return run(main())


def told(scene: AgentScene, method: str = FINISHED) -> list:
    payloads = [payload for who, name, payload in scene.server.calls if (who, name) == (scene.face, method)]
    return [json.loads(payload or "null") for payload in payloads]


def positions(scene: AgentScene) -> list[tuple[float, bool]]:
    """Whole milliseconds are told, rounded down: as of sound that ends with the block it began in."""
    return [(round(each["playback_position"] + 5e-4, 2), each["interrupted"]) for each in told(scene)]


async def opened(scene: AgentScene, attributes=PCM, to=None):
    return await scene.room.local_participant.stream_bytes(
        topic=AUDIO_TOPIC, destination_identities=[to or scene.face], attributes=attributes
    )


async def cleared(scene: AgentScene) -> str:
    return await scene.room.local_participant.perform_rpc(
        destination_identity=scene.face, method=CLEAR, payload=""
    )


@pytest.mark.parametrize("seeds", [range(30), range(30, 60)], ids=str)
def test_whatever_the_order_each_stream_is_told_of_once_with_what_was_heard(seeds):
    for seed in seeds:
        scene = run(play_by_chance(seed))
        assert scene.is_exact and scene.lost == 0, (seed, scene)
        assert scene.worst_s <= 0.020, (seed, scene)


@pytest.mark.soak
@pytest.mark.parametrize("begin", range(60, 2_060, 200))
def test_whatever_the_order_for_long(begin):
    for seed in range(begin, begin + 200):
        scene = run(play_by_chance(seed))
        assert scene.is_exact and scene.lost == 0 and scene.worst_s <= 0.020, (seed, scene)


def test_it_is_told_to_have_begun_when_the_first_sample_leaves():
    async def play(scene):
        loop, at = asyncio.get_running_loop(), []
        scene.output.on("playback_started", lambda event: at.append(loop.time()))
        await scene.push(1.0)
        scene.output.flush()
        await scene.output.wait_for_playout()
        heard = next(t for t, data in scene.sound.frames if any(data))
        return at, heard

    (at, heard), scene = played(play, wait_playback_start=True)
    assert len(at) == 1 and heard - 0.02 <= at[0] <= heard + 0.03
    assert positions(scene) == [(1.0, False)]


def test_an_agent_that_does_not_want_to_know_of_the_beginning_is_asked_once():
    async def play(scene):
        await scene.push(0.5)
        scene.output.flush()
        await scene.output.wait_for_playout()

    _, scene = played(play)
    assert told(scene, STARTED) == [None] and positions(scene) == [(0.5, False)]


def test_the_end_is_not_told_before_the_last_sample_has_left():
    async def play(scene):
        await scene.push(2.0)
        scene.output.flush()
        await scene.output.wait_for_playout()
        last = max(t for t, data in scene.sound.frames if any(data))
        return asyncio.get_running_loop().time() - last

    after, _ = played(play)
    assert -0.01 <= after <= 0.1


def test_an_interruption_after_all_has_come_is_one():
    async def play(scene):
        await scene.push(5.0)
        scene.output.flush()
        await asyncio.sleep(1.5)
        scene.clear()
        event = await scene.output.wait_for_playout()
        await asyncio.sleep(1.0)
        loud = np.frombuffer(b"".join(d for _, d in scene.sound.frames), "<i2")
        return event, np.count_nonzero(loud) / AUDIO_CLOCK_HZ

    (event, heard), scene = played(play)
    assert event.interrupted and event.playback_position == pytest.approx(heard, abs=0.02)
    assert len(told(scene)) == 1 and heard < 2.5  # of five


def test_two_interruptions_are_one_end_and_none_where_nothing_was_begun():
    async def play(scene):
        await cleared(scene)
        stream = await opened(scene)
        await stream.write(sound(3.0))
        await asyncio.sleep(0.05)  # nothing of it is heard yet
        assert [await cleared(scene), await cleared(scene)] == ["ok", "ok"]
        await stream.write(sound(3.0))
        await asyncio.sleep(1.0)
        await stream.aclose()
        await cleared(scene)
        await asyncio.sleep(5.0)

    _, scene = played(play)
    assert positions(scene) == [(0.0, True)]


def test_what_comes_of_a_stream_after_it_was_cleared_is_not_heard_and_the_next_is():
    async def play(scene):
        stream = await opened(scene)
        await stream.write(sound(1.0, 3_000))
        await asyncio.sleep(0.7)
        await cleared(scene)
        await stream.write(sound(1.0, 3_000))
        nxt = await opened(scene)
        await nxt.write(sound(0.5, 9_000))
        await nxt.aclose()
        await asyncio.sleep(3.0)
        return heard_by_level(scene.sound_heard(), [3_000, 9_000])

    heard, scene = played(play)
    assert positions(scene)[0][1] is True and positions(scene)[1] == (0.5, False)
    assert heard[0] < 0.7 and heard[1] == pytest.approx(0.5, abs=0.005)


def test_a_stream_that_never_ends_is_over_with_what_came():
    async def play(scene):
        stream = await opened(scene)
        await stream.write(sound(1.0))
        begun = asyncio.get_running_loop().time()
        while not told(scene):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time() - begun

    took, scene = played(play)
    assert positions(scene) == [(1.0, False)] and took <= agent_line.STREAM_IDLE_S + 2


def test_one_that_trickles_for_ever_does_not_hold_up_the_avatar():
    async def play(scene):
        stream = await opened(scene)
        for _ in range(30):
            await stream.write(b"\1\0")
            await asyncio.sleep(9.0)
            if told(scene):
                return

    _, scene = played(play)
    assert len(told(scene)) == 1


@pytest.mark.parametrize(
    "attributes",
    [{}, {"sample_rate": "24000"}, PCM | {"sample_rate": "x"}, PCM | {"sample_rate": "7"},
     PCM | {"num_channels": "0"}, PCM | {"num_channels": "99"}],
)  # fmt: skip
def test_a_stream_that_cannot_be_read_is_over_at_once_and_the_next_is_heard(attributes):
    async def play(scene):
        stream = await opened(scene, attributes)
        await stream.write(sound(1.0))
        await stream.aclose()
        await scene.push(0.5)
        scene.output.flush()
        await asyncio.sleep(3.0)

    _, scene = played(play)
    assert positions(scene) == [(0.0, True), (0.5, False)]


def test_every_stream_of_a_flood_has_its_end():
    async def play(scene):
        for _ in range(300):
            stream = await opened(scene)
            await stream.write(sound(0.05))
        await asyncio.sleep(2.0)
        await cleared(scene)
        await asyncio.sleep(30.0)

    _, scene = played(play)
    assert len(told(scene)) == 300


def test_sound_that_looks_like_a_file_is_sound():
    async def play(scene):
        for head in (b"RIFF\x24\0\0\0WAVE", b"OggS" + bytes(8), b"ID3\4" + bytes(8), b"plain text  "):
            stream = await opened(scene)
            await stream.write(head + sound(0.5)[12:])
            await stream.aclose()
            await asyncio.sleep(2.0)

    _, scene = played(play)
    assert positions(scene) == [(0.5, False)] * 4


def test_others_are_neither_heard_nor_obeyed():
    async def play(scene):
        stranger = scene.server.made_room()
        await stranger.connect("ws://made", agent_scenes.room_token("stranger"))
        writer = await stranger.local_participant.stream_bytes(topic=AUDIO_TOPIC, attributes=PCM)
        await writer.write(sound(1.0, 9_000))
        await scene.push(1.0)
        scene.output.flush()
        await asyncio.sleep(0.5)
        answer = await stranger.local_participant.perform_rpc(
            destination_identity=scene.face, method=CLEAR, payload=""
        )
        await asyncio.sleep(2.0)
        return answer

    answer, scene = played(play)
    assert answer == "reject" and positions(scene) == [(1.0, False)]


def test_an_end_that_is_not_taken_is_told_three_times():
    async def play(scene):
        def fails(called):
            raise ValueError

        scene.room.local_participant.register_rpc_method(FINISHED, fails)
        await scene.push(0.5)
        scene.output.flush()
        await asyncio.sleep(3.0)
        await scene.push(0.5)
        scene.output.flush()
        await asyncio.sleep(3.0)

    _, scene = played(play)
    assert positions(scene) == [(0.5, False)] * 6


def test_emotions_in_records_come_at_their_samples():
    async def play(scene):
        def record(kind, payload):
            return RECORD_HEADER.pack(kind, len(payload)) + payload

        stream = await opened(scene, PCM | {"kfl.framing": "1"})
        await stream.write(record(2, b'{"emotion": "happy", "at": 36000}'))
        await stream.write(record(1, sound(1.0)) + record(2, b'{"emotion": "nobodys", "at": 0}'))
        await stream.write(record(9, b"?") + record(1, sound(1.0)))
        await stream.aclose()
        loop, times = asyncio.get_running_loop(), []
        scene.avatar.acts = Timed(loop, times)
        await asyncio.sleep(4.0)
        first = next(t for t, data in scene.sound.frames if any(data))
        return [(round(t - first + scene.avatar.streams.release.delay, 2), act) for t, act in times]

    acts, scene = played(play)
    assert positions(scene) == [(2.0, False)]
    assert acts == [(pytest.approx(1.5, abs=0.03), Feeling("joy"))]


class Timed(list):
    def __init__(self, loop, times):
        super().__init__()
        self.loop, self.times = loop, times

    def append(self, act):
        self.times.append((self.loop.time(), act))
