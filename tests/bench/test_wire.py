"""RTP times become seconds by the sender reports, whatever the 32-bit counters do."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket

from avatar_rtc.bench.wire import KEPT_PACKETS, Signal, Wire, audio_wire, loud_samples, since


class FakeReceiver:
    """What `Wire` uses of aiortc's."""

    def __init__(self, origin: int = 0) -> None:
        self._RTCRtpReceiver__timestamp_mapper = SimpleNamespace(_origin=origin)
        self.taken: list = []

    async def _handle_rtp_packet(self, packet, arrival_time_ms):
        self.taken.append(packet)

    async def _handle_rtcp_packet(self, packet):
        self.taken.append(packet)


def report(ntp_s: float, rtp: int) -> RtcpSrPacket:
    return RtcpSrPacket(ssrc=1, sender_info=RtcpSenderInfo(round(ntp_s * 2**32), rtp, 0, 0))


@pytest.mark.parametrize("rtp", [0, 2**31, 2**32 - 48_000])
async def test_a_report_dates_what_comes_before_and_after_it_even_across_the_wrap(rtp):
    receiver = FakeReceiver()
    wire = audio_wire(receiver)
    with pytest.raises(LookupError):
        wire.sent(rtp)
    await receiver._handle_rtcp_packet(report(3_900_000_000.25, rtp))
    for seconds in (-20.0, -0.001, 0.0, 1.5, 3_600.0):
        assert wire.sent((rtp + round(seconds * 48_000)) % 2**32) == pytest.approx(
            3_900_000_000.25 + seconds, abs=1e-5
        )
    assert len(receiver.taken) == 1  # aiortc got it too


async def test_reports_of_a_sender_that_sent_nothing_are_left_out():
    receiver = FakeReceiver()
    wire = audio_wire(receiver)
    await receiver._handle_rtcp_packet(report(0.0, 0))
    with pytest.raises(LookupError):
        wire.sent(0)


async def test_the_first_packet_of_a_frame_dates_it_and_old_ones_are_forgotten():
    receiver = FakeReceiver(origin=2**32 - 10)
    wire = Wire(receiver, 90_000)
    for timestamp in (wire.rtp(0), wire.rtp(0), wire.rtp(3_000)):
        await receiver._handle_rtp_packet(SimpleNamespace(timestamp=timestamp), 0)
    first, second = wire.arrived(2**32 - 10), wire.arrived(2_990)
    assert first is not None and second is not None and first <= second
    for timestamp in range(5_000, 5_000 + KEPT_PACKETS):
        await receiver._handle_rtp_packet(SimpleNamespace(timestamp=timestamp), 0)
    assert wire.arrived(2_990) is None and wire.arrived(5_000) is not None


def test_times_are_compared_across_the_wrap():
    random = np.random.default_rng(1)
    for earlier, ticks in zip(
        random.integers(0, 2**32, 100).tolist(), random.integers(-(2**31), 2**31, 100).tolist(), strict=True
    ):
        assert since((earlier + ticks) % 2**32, earlier) == ticks


async def test_an_onset_comes_after_a_gap_only():
    voice = Signal(gap=1_000)
    for block, first, last in ((0, 400, 959), (960, 0, 500), (1_920, 100, 200), (5_760, 7, 8)):
        voice.shows(block, first, last)
    onsets = [await voice.onset(), await voice.onset()]
    assert [(onset.rtp, onset.block) for onset in onsets] == [(400, 0), (5_767, 5_760)]
    assert voice.last is not None and voice.last.rtp == 5_768
    waiting = asyncio.create_task(voice.onset())
    await asyncio.sleep(0)
    voice.shows(20_000, 0, 0)
    assert (await waiting).rtp == 20_000
    with pytest.raises(TimeoutError):
        await voice.onset(within=0.01)


def test_loud_is_what_either_ear_hears():
    samples = np.zeros((960, 2), np.int16)
    samples[300, 0], samples[301, 1], samples[302, 0] = 600, -32768, 400
    block = SimpleNamespace(to_ndarray=lambda: samples.reshape(1, -1), layout=SimpleNamespace(nb_channels=2))
    assert loud_samples(block).tolist() == [300, 301] and loud_samples(block, 5_000).tolist() == [301]
