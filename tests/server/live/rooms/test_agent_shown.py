"""What an avatar in a room does at the word of its agent, and what it shows there."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_rtc.bench.agent_scenes import StagedAvatar
from avatar_rtc.bench.made_room import MadeServer
from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.link.orders import RequestKeyframe
from avatar_rtc.livekit.link_rung import LINK_GROWTH_S, LINK_SHORT_S
from avatar_rtc.livekit.sdk_room import SdkRooms
from avatar_rtc.livekit.wire import TEXT_TOPIC
from avatar_rtc.media.encode import create_encoder
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.speech.acting.acts import Feeling, Gesture
from avatar_rtc.stream.frame import EncodedFrame, Rendition, video_pts
from tests.server.live.rooms.test_livekit_call import invitation, played, quiet
from tests.virtual_time import run

__all__ = ["quiet"]


def test_what_the_agent_is_doing_shows_and_is_over_with_it():
    async def play(scene):
        agent = scene.room.local_participant
        for state in (
            "initializing",
            "listening",
            "thinking",
            "speaking",
            "listening",
            "nonsense",
            "speaking",
        ):
            await agent.set_attributes({"lk.agent.state": state})
            await asyncio.sleep(1)
        await agent.set_attributes({"lk.agent.state": "thinking"})
        scene.avatar.state = SimpleNamespace(activity=SimpleNamespace(name="thinking"), cast=None)
        await scene.call.end()
        return [act.name for act in scene.avatar.acts if isinstance(act, ActivitySet)]

    shown = played(play)
    assert shown == ["idle", "listening", "thinking", "listening", "idle", "thinking", "idle"]


def test_emotions_by_message_are_shown_at_once_or_with_what_is_said():
    async def play(scene):
        def send(data, who=scene.room.local_participant, topic="lk.control"):
            packet = SimpleNamespace(data=data, topic=topic, participant=who)
            scene.server.rooms[scene.face].emit("data_received", packet)

        send(b"emotion_now:happy")
        send(b"emotion:nobodys")
        send(b"emotion_now:angry", who=SimpleNamespace(identity="stranger"))
        send(b"emotion_now:angry", who=None)
        await scene.push(1.0)
        send(b"emotion:sad")
        scene.output.flush()
        await scene.output.wait_for_playout()
        await asyncio.sleep(2)
        before = list(scene.avatar.acts)
        for _ in range(1_000):
            send(b"emotion_now:happy")
        return before, len(scene.avatar.acts) - len(before)

    acts, flood = played(play)
    assert acts == [Feeling("joy"), Feeling("sadness")] and flood <= 25


def test_expressions_are_shown_with_their_sound_and_texts_reach_it():
    async def play(scene):
        agent = scene.room.local_participant
        told = {"lk.segment_id": "SG_1", "lk.expression": '{"expression": "nods slowly", "mood": "happy"}'}
        writer = await agent.stream_text(
            topic=TEXT_TOPIC, attributes=told | {"lk.transcription_final": "false"}
        )
        await writer.write("Good day.")
        await writer.aclose(attributes={"lk.transcription_final": "true"})
        heard = await agent.stream_text(
            topic=TEXT_TOPIC, sender_identity="user", attributes={"lk.expression": "sad"}
        )
        await heard.write("What the user said.")
        assert scene.avatar.acts == []
        await scene.push(1.0)
        await asyncio.sleep(0.2)
        words = scene.stay._line._open[0].words
        scene.output.flush()
        await scene.output.wait_for_playout()
        return scene.avatar.acts, words.transcript

    acts, transcript = played(play)
    assert acts == [Feeling("joy"), Gesture("nod", 0.5)]
    assert transcript.helps and transcript.text == "Good day."


def test_many_texts_at_once_are_read_no_further():
    async def play(scene):
        agent = scene.room.local_participant
        for n in range(100):
            await agent.stream_text(topic=TEXT_TOPIC, attributes={"lk.segment_id": f"SG_{n}"})
        return len([task for task in asyncio.all_tasks() if task.get_name() == "the words of an agent"])

    assert played(play) == 8


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_its_pictures_are_ours_as_they_were_encoded(codec):
    async def main():
        server, avatar = MadeServer(), StagedAvatar()
        sent = []
        avatar.streams._send = sent.append
        rooms = AgentRooms(avatar.limits.speech, codec, join=SdkRooms(server.library).join)
        rendition = Rendition(codec, "matte")
        encoder, packets = create_encoder(codec, 64, 96, 30), []
        call = await rooms.join(avatar, invitation())
        grey = np.full((144, 64), 128, np.uint8)
        key = True
        for n in range(60):
            await asyncio.sleep(1 / 30)
            for data, is_key in encoder.encode(grey, video_pts(n / 30), key or n == 45):
                packets.append((data, is_key))
                avatar.streams.publish(
                    EncodedFrame("main", rendition, video_pts(avatar.clock.t()), is_key, data)
                )
            key = False
            if n == 30:
                server.wishes.append(SimpleNamespace(keyframe_requested=True, rate_control=None))
                keys = sum(isinstance(order, RequestKeyframe) for order in sent)
        await asyncio.sleep(0.5)
        wished = sum(isinstance(order, RequestKeyframe) for order in sent) - keys
        kinds = server.rtc.TrackKind
        tracks = server.rooms["face"].local_participant.track_publications.values()
        video = next(t for t in tracks if t.kind == kinds.KIND_VIDEO)
        seen = video.track.source.frames
        await call.end()
        encoder.close()
        await avatar.close()
        return server.rtc, packets, seen, video, wished

    rtc, packets, seen, video, wished = run(main())
    assert [frame.data for frame in seen] == [data for data, _ in packets]
    assert {(frame.width, frame.height) for frame in seen} == {(64, 96)} == {video.track.source.size}
    wanted = rtc.VideoCodec.H264 if codec == "h264" else rtc.VideoCodec.VP8
    assert {frame.codec for frame in seen} == {wanted} and video.options.video_codec == wanted
    assert video.options.video_encoder == rtc.VideoEncoderBackend.ENCODER_BACKEND_PRE_ENCODED
    keys = [frame.frame_type == rtc.EncodedFrameType.ENCODED_FRAME_KEY for frame in seen]
    assert keys == [is_key for _, is_key in packets] and keys[0]
    steps = np.diff([frame.timestamp_us for frame in seen])
    assert np.all(steps > 0) and np.median(steps) == pytest.approx(1e6 / 30, rel=0.02)
    assert wished == 1


def test_a_room_whose_links_carry_little_gets_fewer_bits():
    """Upper pictures take 960 kb/s, and the links 250."""

    async def main():
        server, avatar = MadeServer(), StagedAvatar()
        sent = []
        avatar.streams._send = sent.append
        rooms = AgentRooms(avatar.limits.speech, "vp8", join=SdkRooms(server.library).join)
        encoder = create_encoder("vp8", 64, 96, 30)
        key = next(data for data, _ in encoder.encode(np.full((144, 64), 128, np.uint8), 0, True))
        encoder.close()
        call = await rooms.join(avatar, invitation())
        upper = Rendition("vp8", "matte")
        lower = replace(upper, rung="lower")
        rungs = []
        for n in range(30 * 30):
            await asyncio.sleep(1 / 30)
            t = video_pts(avatar.clock.t())
            for rendition, size in ((upper, 4_000), (lower, 700)):
                avatar.streams.publish(
                    EncodedFrame("main", rendition, t, n % 30 == 0, key.ljust(size, b"\0"))
                )
            rate = SimpleNamespace(target_bitrate_bps=250_000)
            server.wishes = [SimpleNamespace(keyframe_requested=False, rate_control=rate)]
            rungs.append(next((each["rung"] for each in avatar.streams.renditions()), None))
        await call.end()
        await avatar.close()
        return rungs

    rungs = run(main())
    down_s = rungs.index("lower") / 30
    assert LINK_GROWTH_S <= down_s <= LINK_GROWTH_S + LINK_SHORT_S + 2
    assert rungs[-1] == "upper"  # on trial
