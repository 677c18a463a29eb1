"""What liveavatar's plugin says once its avatar is in the room, and what it is told.

agent ──► agent.speak {audio: PCM of 24 kHz in base64} …, agent.speak_end ──► queue ──► SoundLine
          agent.interrupt ──► silence      agent.start_listening, stop_listening ──► activity
      ◄── session.state_updated "connected", agent.state_updated {previous_state, new_state}
"""

import asyncio
import base64
import binascii
import json
import logging
from typing import Any

from aiohttp import WSMsgType, web

from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.control.envelope import json_object
from avatar_rtc.errors import AvatarRtcError, InputError, public
from avatar_rtc.server.http.agents.launch.agent_states import AgentStates
from avatar_rtc.server.http.socket_teller import SocketTeller
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.launches import LaunchedSession
from avatar_rtc.server.live.voice.sound_line import SoundLine
from avatar_rtc.server.live.voice.utterance import LEAD_S, Event

log = logging.getLogger(__name__)

AGENT_RATE = 24_000
MAX_AGENT_MESSAGE_BYTES = 1024 * 1024
"""Agents send a second at a time, 64 kB in base64, and at first perhaps three."""
_MOST_PIECES = 200
"""Read ahead of what the avatar takes: an interruption behind them is heard at once."""
_END = b""


class AgentSocket:
    """One agent's. Made and used on the event loop, once."""

    def __init__(self, session: LaunchedSession, socket: web.WebSocketResponse, pool: Pool) -> None:
        """
        Args:
            pool: what waits to be heard is taken of it, in seconds.
        """
        self._session, self._socket, self._avatar = session, socket, session.avatar
        self._states = AgentStates()
        self._line = SoundLine(session.avatar, pool, self._heard, LEAD_S, is_bare=True)
        self._sound: asyncio.Queue[bytes] = asyncio.Queue(_MOST_PIECES)
        """`_END` is the end of an utterance."""
        self._teller = SocketTeller(socket, "an agent's socket")
        self._is_refused = False

    async def serve(self) -> None:
        """Until the socket or the session ends; what the agent has said and is not heard yet ends with it."""
        works = (self._read(), self._feed(), self._teller.send(), self._greet_and_stay())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and (failure := task.exception()) is not None:
                    raise failure
        finally:
            # First: whatever breaks, the avatar falls silent.
            self._line.interrupt()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._socket.close()

    async def _greet_and_stay(self) -> None:
        """The agent says nothing before it knows that its avatar is in the room."""
        call = self._session.call
        assert call is not None
        await call.settled()
        if not call.is_over:
            self._tell({"type": "session.state_updated", "state": "connected"})
            await call.over()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                await self._take(json_object(message.data, MAX_AGENT_MESSAGE_BYTES))
            except AvatarRtcError as refusal:
                self._refuse(refusal)

    async def _take(self, said: dict[str, Any]) -> None:
        match said.get("type"):
            case "agent.speak":
                await self._sound.put(_samples(said.get("audio")))
            case "agent.speak_end":
                await self._sound.put(_END)
            case "agent.interrupt":
                self._interrupt()
            case "agent.start_listening":
                await self._rest("listening")
            case "agent.stop_listening":
                await self._rest("idle")
            case "session.keep_alive":
                pass
            case other:
                log.debug("unknown to us: %.40r", other)

    async def _rest(self, name: Any) -> None:
        for event in self._states.rests(name):
            self._tell(event)
        await self._avatar.apply(ActivitySet(name=name))

    def _interrupt(self) -> None:
        while not self._sound.empty():
            self._sound.get_nowait()
        self._states.interrupted(self._line.unfinished)
        self._line.interrupt()

    async def _feed(self) -> None:
        while True:
            sound = await self._sound.get()
            try:
                if sound is _END:
                    self._line.end()
                    self._is_refused = False
                    continue
                if not self._line.is_open:
                    self._line.begin(AGENT_RATE)
                await self._line.feed(sound)
            except AvatarRtcError as refusal:
                if not self._is_refused:  # once: the rest of it may be on its way
                    self._refuse(refusal)
                self._is_refused = True

    def _heard(self, event: Event) -> None:
        for told in self._states.heard(event):
            self._tell(told)

    def _refuse(self, refusal: AvatarRtcError) -> None:
        self._tell({"type": "error", "error": {"message": public(refusal)}})

    def _tell(self, event: dict[str, object]) -> None:
        self._teller.tell(json.dumps(event))


def _samples(audio: object) -> bytes:
    """The samples of a piece; one of no samples is no piece.

    Raises:
        InputError: it is no base64.
    """
    try:
        found = base64.b64decode(audio, validate=True) if isinstance(audio, str) else b""
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise InputError("agent.speak needs audio: samples of 16 bit and 24 kHz in base64")
    return found
