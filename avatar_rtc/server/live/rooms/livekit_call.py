"""An avatar in a room of LiveKit, as the face of an agent there: from its coming to its going.

room ─► sound, texts, attributes, messages of the agent ─► AgentLine, AgentActs ─► Avatar
     ◄─ picture, sound (RoomPicture, send_sound), what was heard (AgentReports)

It goes when the agent has gone or wants it to, or when the room is closed. One that is lost is joined again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from avatar_rtc.errors import Refused, Unreachable
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.room import CallRefused, JoinedRoom, JoinRoom, Participant, RoomStream
from avatar_rtc.livekit.wire import ANSWER_REJECTED, ANSWER_TAKEN, FRAMING_OFFER, asked_by
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.rooms.agent_acts import AgentActs
from avatar_rtc.server.live.rooms.agent_line import AgentLine, PiecesOf
from avatar_rtc.server.live.rooms.agent_reports import AgentReports
from avatar_rtc.server.live.rooms.agent_words import AgentWords
from avatar_rtc.server.live.rooms.room_media import RoomPicture, send_sound
from avatar_rtc.server.live.voice.transcribed import transcribed_pieces
from avatar_rtc.stream.frame import Codec

log = logging.getLogger(__name__)

AGENT_AWAITED_S = 60.0
"""For which an avatar waits in a room whose agent has never been there."""
AGENT_GONE_S = 10.0
"""… and for one that was there: it may come back."""
REJOIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses before the tries to join a room again."""
GOOD_S = 30.0
"""A room that held for so long is joined again as if nothing had been."""


class LiveKitCall:
    """One avatar's stay in one room; the `run` of a `Call`. Made on the event loop, run once."""

    def __init__(
        self,
        avatar: Avatar,
        invitation: RoomInvitation,
        join: JoinRoom,
        pool: Pool,
        codec: Codec,
        pieces_of: PiecesOf = transcribed_pieces,
    ) -> None:
        """
        Args:
            pool: sound that waits to be heard is taken of it, in seconds.
            pieces_of: see `AgentLine`.
        """
        loop = asyncio.get_running_loop()
        self._avatar, self._invitation, self._join, self._codec = avatar, invitation, join, codec
        self._agent = invitation.agent
        words = AgentWords(loop.time)
        self._reports = AgentReports()
        self._line = AgentLine(avatar, pool, words, self._reports, pieces_of)
        self._acts = AgentActs(avatar, words)
        self._loop = loop
        self._call: Call | None = None
        self._end: asyncio.Future[_End] = loop.create_future()
        self._goodbye: _End | None = None
        """Set once it is to go, whatever the room does meanwhile."""
        self._leaving: asyncio.TimerHandle | None = None

    async def run(self, call: Call) -> None:
        """Hold it. Returns when the other side has ended it.

        Raises:
            Unreachable: the room cannot be joined, or was lost for good.
            Refused: the room does not let the avatar be seen and heard.
        """
        self._call = call
        most_s = self._invitation.most_s
        limit = most_s and self._loop.call_later(most_s, self._go, "its time in the room is over")
        reading = asyncio.create_task(self._line.run(), name="the sound of an agent")
        try:
            await self._hold(call)
        finally:
            self._forget_leaving()
            if limit:
                limit.cancel()
            self._line.clear()
            reading.cancel()
            await asyncio.gather(reading, self._acts.close(), return_exceptions=True)

    async def _hold(self, call: Call) -> None:
        tries = 0
        while self._goodbye is None:
            self._end = self._loop.create_future()
            begun = self._loop.time()
            try:
                end = await self._stay(call)
            except Unreachable as error:
                if call.state == "joining":
                    raise
                end = _End(str(error), False)
            if end.is_final:
                self._goodbye = end
                break
            tries = 0 if self._loop.time() - begun > GOOD_S else tries
            if tries == len(REJOIN_S):
                raise Unreachable(f"the room was lost: {end.reason}")
            call.report("retrying", end.reason)
            self._end = self._loop.create_future()
            self._line.clear()  # nobody there has heard it, nor will
            await asyncio.wait([self._end], timeout=REJOIN_S[tries])
            tries += 1
        call.report("ended", self._goodbye.reason)

    async def _stay(self, call: Call) -> "_End":
        """In the room, until something ends that."""
        room = await self._join(self._invitation, self)
        # The library tells of somebody only as long as the room is held.
        tasks: list[asyncio.Task[None]] = []
        try:
            self._await_agent(AGENT_AWAITED_S if not self._is_here(room) else None)
            if self._invitation.wants_framing:
                await self._offer_framing(room)
            shown = [asyncio.Event(), asyncio.Event()]
            picture = RoomPicture(self._avatar, self._codec)
            tasks = [
                asyncio.create_task(picture.run(room, shown[0].set), name="the picture of a room"),
                asyncio.create_task(self._sound(room, shown[1].set), name="the sound of a room"),
                asyncio.create_task(self._reports.run(self._calling(room)), name="the reports of a room"),
                asyncio.create_task(self._live(call, shown), name="a room that is live"),
            ]
            return await self._until_end(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await room.leave()

    async def _until_end(self, tasks: list["asyncio.Task[None]"]) -> "_End":
        pending: set[asyncio.Future[object]] = {self._end, *tasks}  # type: ignore[arg-type]
        while True:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if self._end.done():
                return self._end.result()
            for task in done:
                task.result()  # raises what went wrong; one that is done goes on otherwise

    async def _live(self, call: Call, shown: list[asyncio.Event]) -> None:
        for each in shown:
            await each.wait()
        call.report("live")

    async def _sound(self, room: JoinedRoom, shown: Callable[[], None]) -> None:
        out = await room.publish_sound()
        shown()
        await send_sound(self._avatar, out)

    async def _offer_framing(self, room: JoinedRoom) -> None:
        try:
            await room.set_attributes(FRAMING_OFFER)
        except Refused as refusal:
            log.info("emotions of this agent come without times: %s", refusal)

    def _calling(self, room: JoinedRoom) -> Callable[[str, str], Awaitable[str]]:
        async def call(method: str, payload: str) -> str:
            if not self._agent:
                raise CallRefused(0)
            return await room.call(self._agent, method, payload)

        return call

    # What the room tells; a `RoomGuest`.

    def came(self, who: Participant) -> None:
        """See `RoomGuest`."""
        if not self._agent and who.is_agent:
            self._agent = who.identity
        if self._is_agent(who.identity):
            self._forget_leaving()
            self._acts.attributes(who.attributes)

    def left(self, identity: str) -> None:
        """See `RoomGuest`; what was begun is not said to the end, for nobody knows how it goes on."""
        if self._is_agent(identity):
            self._line.clear()
            self._await_agent(AGENT_GONE_S)

    def changed(self, who: Participant) -> None:
        """See `RoomGuest`."""
        if self._is_agent(who.identity):
            self._acts.attributes(who.attributes)

    def sends_sound(self, stream: RoomStream[bytes], identity: str) -> None:
        """See `RoomGuest`."""
        if self._is_agent(identity):
            self._line.take(stream)
        else:
            stream.close()

    def sends_text(self, stream: RoomStream[str], identity: str) -> None:
        """See `RoomGuest`; those of others are what the agent has heard."""
        if self._is_agent(identity):
            self._acts.text(stream)
        else:
            stream.close()

    def sends_data(self, topic: str, data: bytes, identity: str) -> None:
        """See `RoomGuest`."""
        asked = asked_by(topic, data) if self._is_agent(identity) else None
        if asked is None:
            return
        if asked.leaves:
            self._go("the agent has ended it")
        elif asked.is_now or not self._line.feel_next(asked.emotion):
            self._acts.emotion(asked.emotion)

    def clear(self, identity: str) -> str:
        """See `RoomGuest`."""
        if not self._is_agent(identity):
            return ANSWER_REJECTED
        self._line.clear()
        return ANSWER_TAKEN

    def wavers(self, is_back: bool) -> None:
        """See `RoomGuest`."""
        if self._call is not None and not self._call.is_over and self._call.state != "joining":
            self._call.report("live" if is_back else "retrying", "" if is_back else "the connection is lost")

    def lost(self, reason: str, is_final: bool) -> None:
        """See `RoomGuest`."""
        self._set_end(_End(f"the room says: {reason}", is_final))

    def _is_agent(self, identity: str) -> bool:
        return bool(self._agent) and identity == self._agent

    def _is_here(self, room: JoinedRoom) -> bool:
        return any(self._is_agent(who.identity) for who in room.participants())

    def _await_agent(self, seconds: float | None) -> None:
        self._forget_leaving()
        if seconds is not None:
            self._leaving = self._loop.call_later(seconds, self._go, "the agent is not in the room")

    def _forget_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _go(self, reason: str) -> None:
        self._goodbye = _End(reason, True)
        self._set_end(self._goodbye)

    def _set_end(self, end: "_End") -> None:
        if not self._end.done():
            self._end.set_result(end)


class _End:
    """Why a stay in a room is over, and whether for good."""

    def __init__(self, reason: str, is_final: bool) -> None:
        self.reason, self.is_final = reason, is_final
