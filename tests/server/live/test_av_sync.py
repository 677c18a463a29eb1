"""Sound and picture of one moment reach a viewer as one moment: a beep and a flash, by the sender reports.

What the viewer knows is the RTP time of the first loud sample and of the first bright picture; its sender
reports turn both into seconds of the server's clock. What the media clock says they were, the test knows.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiortc.mediastreams import MediaStreamError

from avatar_rtc.bench.clapper import BEEP_S, HEARD_LEVEL, beep
from avatar_rtc.bench.wire import Signal, audio_wire, hear, note_bright_pictures, video_wire
from avatar_rtc.link.orders import Down, Say, Up
from avatar_rtc.stream.frame import EncodedFrame, video_t

pytestmark = pytest.mark.realtime
DARK, FLASH = 40, 220
HELD_S = 0.300
"""Twice the D there can be, so that pictures are late by 150 ms at least."""
SETTLED_S = 1.0
"""More than the 16 frames by which D is settled."""


@dataclass
class Clapper:
    """Brightens the pictures of a `FakeRenderer` while something is said, and may hold them back."""

    renderer: Any
    """A `FakeRenderer`."""
    held_s: float = 0.0
    begins: list[float] = field(default_factory=list)
    """Media times at which something was to be heard."""
    flashes: list[float] = field(default_factory=list)
    """Media times of all bright pictures."""

    def attach(self) -> None:
        self.renderer.luma = DARK
        self._send, self._up = self.renderer.send, self.renderer.on_up["main"]
        self.renderer.send = self.send
        self.renderer.on_up["main"] = self.up

    def send(self, message: Down) -> None:
        self._send(message)
        if isinstance(message, Say):
            begin = message.begin
            self.begins.append(begin)
            now = asyncio.get_running_loop().time() - self.renderer.opened["main"].epoch
            asyncio.get_running_loop().call_later(begin - now, setattr, self.renderer, "luma", FLASH)

    def up(self, message: Up) -> None:
        if isinstance(message, EncodedFrame) and self.renderer.luma == FLASH:
            self.flashes.append(video_t(message.pts))
        asyncio.get_running_loop().call_later(self.held_s, self._up, message)


async def frames_of(track) -> AsyncIterator:
    while True:
        try:
            yield await track.recv()
        except MediaStreamError:
            return


@pytest.fixture
def clap(client, renderer, watch_on):
    """(held_s) → s by which sound comes after the picture of the same media time, on the sender's clock."""

    async def clap(held_s: float) -> float:
        clapper = Clapper(renderer)
        clapper.attach()
        watcher = await watch_on(client)
        video, audio = watcher._receivers
        pictures, sounds = video_wire(video), audio_wire(audio)
        flash, voice = Signal(90_000), Signal(48_000)
        readers = [
            asyncio.create_task(note_bright_pictures(frames_of(watcher.video), pictures, flash)),
            asyncio.create_task(hear(frames_of(watcher.audio), sounds, voice, HEARD_LEVEL)),
        ]
        await watcher.frame()
        await asyncio.sleep(SETTLED_S)
        clapper.held_s = held_s
        response = await client.post(
            "/api/v1/avatars/main/audio", data=beep(BEEP_S), headers={"Content-Type": "audio/wav"}
        )
        assert response.status == 202
        heard, seen = await voice.onset(), await flash.onset()
        # Reports that were made, and arrive, while D stands still and pictures are as late as they will be.
        now = time.monotonic() + held_s
        await asyncio.gather(pictures.report_after(now), sounds.report_after(now))
        sound = sounds.sent(heard.rtp) - clapper.begins[0]
        picture = pictures.sent(seen.rtp) - clapper.flashes[0]
        for reader in readers:
            reader.cancel()
        return sound - picture

    return clap


async def test_sound_and_picture_of_one_moment_are_reported_as_one(clap):
    assert abs(await clap(0.0)) <= 0.003  # 6.5 ms if the look-ahead of libopus were not taken off


async def test_pictures_that_come_too_late_are_reported_as_of_when_they_were_due(clap):
    assert abs(await clap(HELD_S)) <= 0.010


async def test_without_the_dates_of_reports_late_pictures_pull_the_sound_away(clap, monkeypatch):
    """What the correction is for: aiortc's own reports make lateness a wrong offset."""
    monkeypatch.setattr("avatar_rtc.media.outgoing.date_reports", lambda sender, late_s: None)
    assert await clap(HELD_S) < -0.140
