"""What Simli's client says once its picture is on the way, and what it is told.

client ──► PCM of 16 kHz ──► queue ──► SoundLine ──► the avatar speaks
           PLAY_IMMEDIATE… ─► that alone          a pause of 0.3 s, or two seconds of zeros, ends an utterance
           SKIP ────────────► silence              DONE ─► the end
       ◄── SPEAK, SILENT, ACK
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine

from aiohttp import WSMsgType, web

from avatar_rtc.errors import AvatarRtcError, public
from avatar_rtc.server.http.socket_teller import SocketTeller
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.simli_sessions import SimliLimits
from avatar_rtc.server.live.voice.sound_line import SoundLine
from avatar_rtc.server.live.voice.utterance import Event

log = logging.getLogger(__name__)

SIMLI_HZ = 16_000
SIMLI_LEAD_S = 0.04
"""How long the first of an utterance waits: its sound comes faster than it is heard."""
GAP_S = 0.3
"""Clients mark no end of what they say: where nothing comes for so long, there was one."""
LONG_SILENCE_BYTES = 2 * 2 * SIMLI_HZ
"""Of zeros, that are heard as a pause; beyond, they are nothing to be said."""
IMMEDIATELY = b"PLAY_IMMEDIATE"
_HINTS = (b"CAM_", b"BG_", b"FG_")
"""How what asks for another view begins."""
_MOST_WORD_BYTES = 256
_SLICE_BYTES = 6_000
_MOST_SLICES = 700
"""That are read ahead of what the avatar takes, two minutes: a SKIP behind them is heard at once."""


class SimliTalk:
    """One client's. Made and used on the event loop, once."""

    def __init__(
        self, avatar: Avatar, socket: web.WebSocketResponse, pool: Pool, limits: SimliLimits
    ) -> None:
        """
        Args:
            pool: what waits to be heard is taken of it, in seconds.
            limits: when the session ends by itself.
        """
        self._socket, self._limits = socket, limits
        # Speech comes faster than it sounds, from engines: there is little to be waited for.
        self._line = SoundLine(avatar, pool, self._told, SIMLI_LEAD_S, is_bare=True)
        self._sound: asyncio.Queue[bytes] = asyncio.Queue(_MOST_SLICES)
        self._teller = SocketTeller(socket, "a session's socket")
        self._silent_bytes = 0
        self._is_speaking = False
        self._is_refused = False
        self._loop = asyncio.get_running_loop()
        self._over_at = self._loop.time() + limits.length_s
        self._timer: asyncio.Timeout | None = None

    async def run(self, left: asyncio.Event) -> str:
        """Until either side ends it; all that the client has said, and is not heard yet, ends with it.

        Args:
            left: set when the client's connection for pictures is gone.

        Returns:
            Why it ended, for the client; "" if that has ended it itself.
        """
        works: list[Coroutine[object, object, object]] = [self._read(), self._feed(), self._teller.send()]
        tasks = [asyncio.create_task(work) for work in works]
        gone = asyncio.create_task(left.wait())
        try:
            async with asyncio.timeout(None) as self._timer:
                self._wait_on()
                await asyncio.wait([*tasks, gone], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and (failure := task.exception()) is not None:
                    raise failure
            return "the connection for pictures is gone" if gone.done() else ""
        except TimeoutError:
            if self._loop.time() >= self._over_at:
                return f"a session lasts at most {self._limits.length_s:g} s"
            return f"nothing was said for {self._limits.idle_s:g} s"
        finally:
            # First: whatever breaks, the avatar falls silent.
            self._line.interrupt()
            for task in (*tasks, gone):
                task.cancel()
            await asyncio.gather(*tasks, gone, return_exceptions=True)

    async def _read(self) -> None:
        async for message in self._socket:
            match message.type, message.data:
                # Words come as texts and as bytes.
                case _, "DONE" | b"DONE":
                    return
                case _, "SKIP" | b"SKIP":
                    self._skip()
                    self._teller.tell("ACK")
                case WSMsgType.BINARY, bytes(data) if not _is_hint(data):
                    await self._take(data)
                case _, other:
                    log.debug("unknown to us: %.40r", other)

    async def _take(self, data: bytes) -> None:
        if data.startswith(IMMEDIATELY):
            self._skip()
            data = data[len(IMMEDIATELY) :]
        for at in range(0, len(data), _SLICE_BYTES):
            await self._sound.put(data[at : at + _SLICE_BYTES])

    def _skip(self) -> None:
        while not self._sound.empty():
            self._sound.get_nowait()
        self._line.interrupt()

    async def _feed(self) -> None:
        while True:
            try:
                async with asyncio.timeout(GAP_S if self._line.is_open else None):
                    sound = await self._sound.get()
            except TimeoutError:
                self._line.end()
                continue
            try:
                await self._say(sound)
            except AvatarRtcError as refusal:
                self._line.end()
                if not self._is_refused:  # once: the rest of it may be on its way
                    log.warning("sound of a session is left out: %s", public(refusal))
                self._is_refused = True

    async def _say(self, sound: bytes) -> None:
        is_silent = sound.count(0) == len(sound)
        self._silent_bytes = self._silent_bytes + len(sound) if is_silent else 0
        if is_silent and (not self._line.is_open or self._silent_bytes > LONG_SILENCE_BYTES):
            self._line.end()
            return
        if not self._line.is_open:
            self._line.begin(SIMLI_HZ)
        self._wait_on()
        await self._line.feed(sound)
        self._is_refused = False

    def _told(self, event: Event) -> None:
        match event["type"]:
            case "speech.started" if not self._is_speaking:
                self._is_speaking = True
                self._teller.tell("SPEAK")
            case "speech.finished" if not self._line.unfinished:
                if self._is_speaking:
                    self._teller.tell("SILENT")
                self._is_speaking = False
        self._wait_on()

    def _wait_on(self) -> None:
        """When it ends by itself, as it is now."""
        idle_at = self._over_at if self._line.unfinished else self._loop.time() + self._limits.idle_s
        if self._timer is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._timer.reschedule(min(idle_at, self._over_at))


def _is_hint(data: bytes) -> bool:
    """Whether it asks for another view, which there is none of.

    >>> _is_hint(b"CAM_ZOOM"), _is_hint(bytes(320))
    (True, False)
    """
    return len(data) <= _MOST_WORD_BYTES and data.startswith(_HINTS)
