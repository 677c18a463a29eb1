"""The law of release: everything for t leaves at t + D, in order, and D moves slowly."""

import asyncio

import pytest

from avatar_rtc.media.broadcast import Broadcast
from avatar_rtc.media.release import DELAY_MAX_S, DELAY_MIN_S, RECENT_FRAMES, SETTLING_FRAMES, Release
from avatar_rtc.stream.frame import EncodedFrame, Rendition, video_pts

H264 = Rendition("h264", "matte")


class Noted:
    """A broadcast that notes when what was published."""

    def __init__(self, clock):
        self.clock, self.log = clock, []

    def publish(self, packet, key):
        self.log.append((packet.pts, self.clock.t(), key))


async def play(release, clock, broadcast, costs, fps=30.0):
    """Frames for t = 0, 1/fps, …, each arriving after its cost."""
    start = clock.t()
    for n, cost in enumerate(costs):
        t = start + n / fps
        await asyncio.sleep(t + cost - clock.t())
        release.frame(EncodedFrame("main", H264, video_pts(t), n == 0, b"x"), broadcast)
    await asyncio.sleep(0.3)


def test_frames_leave_at_t_plus_delay(virtual):
    async def scenario(loop, clock):
        release, noted = Release(clock), Noted(clock)
        await play(release, clock, noted, [0.010, 0.030, 0.005, 0.035, 0.020])
        assert release.delay == DELAY_MIN_S
        for pts, at, _ in noted.log:
            assert at == pytest.approx(pts / 90_000 + DELAY_MIN_S, abs=2e-5)
        assert [key for *_, key in noted.log] == [True, False, False, False, False]
        assert (release.late, release.dropped) == (0, 0)

    virtual(scenario)


def test_sound_and_picture_leave_together(virtual):
    async def scenario(loop, clock):
        release, noted, heard = Release(clock), Noted(clock), []
        t = 1.0
        release.put("audio", t, lambda: heard.append(clock.t()))
        await asyncio.sleep(t + 0.03 - clock.t())
        release.frame(EncodedFrame("main", H264, video_pts(t), True, b"x"), noted)
        await asyncio.sleep(0.2)
        assert heard[0] == pytest.approx(noted.log[0][1], abs=2e-5)

    virtual(scenario)


def test_late_frame_leaves_at_once_and_delays_no_sound(virtual):
    async def scenario(loop, clock):
        release, noted, heard = Release(clock), Noted(clock), []
        await play(release, clock, noted, [0.02] * SETTLING_FRAMES)
        t = clock.t()
        release.put("audio", t, lambda: heard.append(clock.t()))
        await asyncio.sleep(0.1)
        release.frame(EncodedFrame("main", H264, video_pts(t), False, b"x"), noted)
        assert noted.log[-1][1] == clock.t(), "published within the call"
        assert release.late == 1
        assert heard[0] == pytest.approx(t + DELAY_MIN_S, abs=2e-5)

    virtual(scenario)


def test_an_older_frame_never_follows_a_newer(virtual):
    async def scenario(loop, clock):
        release, noted = Release(clock), Noted(clock)
        for t in (0.10, 0.14, 0.12, 0.14, 0.18):
            release.frame(EncodedFrame("main", H264, video_pts(t), False, b"x"), noted)
        other = Rendition("vp8", "matte")
        release.frame(EncodedFrame("main", other, video_pts(0.12), False, b"x"), noted)
        await asyncio.sleep(0.5)
        assert release.dropped == 2
        assert [pts for pts, *_ in noted.log] == [video_pts(t) for t in (0.10, 0.12, 0.14, 0.18)]

    virtual(scenario)


@pytest.mark.parametrize(("cost", "delay"), [(0.001, DELAY_MIN_S), (0.090, 0.090), (0.400, DELAY_MAX_S)])
def test_delay_settles_on_what_frames_cost(virtual, cost, delay):
    async def scenario(loop, clock):
        release = Release(clock)
        await play(release, clock, Noted(clock), [cost] * SETTLING_FRAMES)
        assert release.delay == pytest.approx(delay, abs=1e-4)

    virtual(scenario)


def test_delay_moves_by_5_ms_per_second_at_most(virtual):
    async def scenario(loop, clock):
        release = Release(clock)
        await play(release, clock, Noted(clock), [0.02] * RECENT_FRAMES)
        before, start = release.delay, clock.t()
        await play(release, clock, Noted(clock), [0.120] * 90)
        grown, seconds = release.delay - before, clock.t() - start
        assert 0.010 < grown <= 0.005 * seconds + 1e-9

    virtual(scenario)


def test_one_slow_frame_in_a_hundred_does_not_move_it(virtual):
    async def scenario(loop, clock):
        release = Release(clock)
        await play(release, clock, Noted(clock), [0.02] * RECENT_FRAMES)
        await play(release, clock, Noted(clock), [0.02] * 50 + [0.140] + [0.14 - 1 / 30, 0.14 - 2 / 30])
        assert release.delay == DELAY_MIN_S
        assert release.late >= 1

    virtual(scenario)


def test_delay_is_held_while_speaking(virtual):
    async def scenario(loop, clock):
        speaking = False
        release = Release(clock, lambda: not speaking)
        await play(release, clock, Noted(clock), [0.02] * SETTLING_FRAMES)
        speaking = True
        await play(release, clock, Noted(clock), [0.120] * 30)
        assert release.delay == DELAY_MIN_S

    virtual(scenario)


def test_forget_and_close(virtual):
    async def scenario(loop, clock):
        release, out = Release(clock), []
        release.put("a", 1.0, lambda: out.append("a"))
        release.put("b", 1.0, lambda: out.append("b"))
        release.forget("a")
        release.put("a", 0.5, lambda: out.append("a again"))
        await asyncio.sleep(2.0)
        release.put("b", 3.0, lambda: out.append("never"))
        release.close()
        await asyncio.sleep(5.0)
        assert out == ["a again", "b"]

    virtual(scenario)


def test_a_lane_is_bounded(virtual):
    async def scenario(loop, clock):
        release, out = Release(clock), []
        for n in range(100):
            release.put("a", 1000.0 + n, lambda: out.append(1))
        assert release.dropped == 36
        release.close()

    virtual(scenario)


def test_packets_carry_pts_and_key(virtual):
    async def scenario(loop, clock):
        release, broadcast = Release(clock), Broadcast("video", 4)
        subscription = broadcast.subscribe()
        release.frame(EncodedFrame("main", H264, 1234, True, b"picture"), broadcast)
        packet = await subscription.next()
        assert (bytes(packet), packet.pts, packet.is_keyframe) == (b"picture", 1234, True)
        assert packet.time_base.denominator == 90_000

    virtual(scenario)
