"""What becomes of the sound that one viewer sends; that changes when the viewer says so.

microphone ──► no faster than it sounds ──┬─ speak ──► Microphone: the avatar says it
                                          ├─ listen ─► Listening: the avatar hears it
                                          └─ off ────► nobody
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.errors import InputError
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

MICROPHONE_BURST_S = 5.0
"""So much sound may come at once, after a stall of the network; what comes faster yet is left out."""
MICROPHONE_STALL_S = 1.5
"""A microphone from which nothing comes for so long counts as silent."""
NO_SOUND = (
    "nothing is taken of what this connection sends: connect anew with the scope talk or control, offer "
    "audio that sends (sendrecv), and the server's operator must not have set microphone = false"
)


class SoundWay(Protocol):
    """Whoever takes a viewer's sound."""

    def hear(self, block: Pcm) -> None:
        """The next of it, 48 kHz mono; never waits."""

    def pause(self) -> None:
        """Nothing came for a while: who mutes a microphone may send no silence."""

    def close(self) -> None:
        """No more of it comes."""


SoundWays = Mapping[MicrophoneMode, Callable[[], SoundWay]]
"""All that there are but "off"."""


class OwnMicrophone:
    """One viewer's microphone. Used on the event loop."""

    def __init__(self, ways: Callable[[], SoundWays] = dict, mode: MicrophoneMode = "off") -> None:
        """`ways` is asked when there is sound."""
        self._ways = ways
        self.mode: MicrophoneMode = mode
        self.is_taken = False
        """Whether the connection takes sound at all, as its answer says."""
        self._way: SoundWay | None = None
        self._stall: asyncio.TimerHandle | None = None

    def set(self, mode: MicrophoneMode) -> None:
        """From now on it is for that.

        Raises:
            InputError: no sound comes over this connection.
        """
        if mode != "off" and not self.is_taken:
            raise InputError(NO_SOUND)
        if mode != self.mode:
            self.mode = mode
            self._leave()

    async def listen(self, sound: AsyncIterator[Pcm]) -> None:
        """Take what is sent, until the sound ends."""
        try:
            async for block in paced(sound):
                self._hear(block)
        finally:
            self._leave()

    def _hear(self, block: Pcm) -> None:
        if self.mode == "off":
            return
        if self._way is None:
            self._way = self._ways()[self.mode]()
        self._way.hear(block)
        if self._stall is not None:
            self._stall.cancel()
        self._stall = asyncio.get_running_loop().call_later(MICROPHONE_STALL_S, self._way.pause)

    def _leave(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
        if self._way is not None:
            self._way.close()
        self._way = self._stall = None


async def paced(sound: AsyncIterator[Pcm]) -> AsyncIterator[Pcm]:
    """A sound of 48 kHz, without what comes faster than it would be heard."""
    loop = asyncio.get_running_loop()
    ahead_until = 0.0  # the loop's time at which all that has come would have sounded
    async for block in sound:
        now = loop.time()
        ahead_until = max(ahead_until, now)
        if ahead_until - now < MICROPHONE_BURST_S:
            ahead_until += len(block) / AUDIO_CLOCK_HZ
            yield block
