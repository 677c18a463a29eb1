"""The rooms in which avatars are the faces of agents: each joined once, however often it is asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.room import JoinRoom
from avatar_rtc.livekit.sdk_room import SdkRooms, check_livekit
from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.rooms.livekit_call import LiveKitCall
from avatar_rtc.stream.frame import Codec

log = logging.getLogger(__name__)

LET_GO_S = 3.0

OnOver = Callable[[], Awaitable[None]]


class AgentRooms:
    """Those of one server. Made and used on its event loop. `request.app[AGENT_ROOMS]`."""

    def __init__(self, pool: Pool, codec: Codec = "h264", join: JoinRoom | None = None) -> None:
        """
        Args:
            pool: sound that waits to be heard is taken of it, in seconds.
            codec: how rooms get pictures.
            join: joins rooms; None is by LiveKit's library.
        """
        self._pool, self._codec = pool, codec
        self._needs_library = join is None
        self._join: JoinRoom = join or SdkRooms().join
        self._running: dict[tuple[str, str, str], Call] = {}
        self._letting_go: set[asyncio.Task[None]] = set()

    def running(self, invitation: RoomInvitation) -> Call | None:
        """The call that is under way for the same participant in the same room; None if there is none.

        Raises:
            InputError: its token is none.
        """
        call = self._running.get(invitation.key)
        return None if call is None or call.is_over else call

    async def join(self, avatar: Avatar, invitation: RoomInvitation, on_over: OnOver | None = None) -> Call:
        """Come into a room; gives the call at once, which tells how it goes (`await call.settled()`).

        AgentWish again for the same room and identity, it gives the call that is under way, and `on_over` of
        the second is awaited at once: what it holds is not needed.

        Args:
            on_over: awaited once, after the call is over, however it ended: to let go of the avatar.

        Raises:
            InputError: its token is none.
            SetupError: LiveKit's library is not installed here.
            CapacityExceeded: there are as many calls as may be.
                In all of these `on_over` is not called.
        """
        if (running := self.running(invitation)) is not None:
            if on_over is not None:
                await on_over()
            return running
        if self._needs_library:
            check_livekit()
        stay = LiveKitCall(avatar, invitation, self._join, self._pool, self._codec)
        key = invitation.key

        async def run(call: Call) -> None:
            try:
                await stay.run(call)
            finally:
                if self._running.get(key) is call:
                    del self._running[key]
                if on_over is not None:
                    # Not within the call: what lets go of the avatar may end all of its calls.
                    task = asyncio.create_task(_let_go(on_over), name="after a room")
                    self._letting_go.add(task)
                    task.add_done_callback(self._letting_go.discard)

        call = avatar.calls.start("livekit", shown_place(invitation.url), run)
        self._running[key] = call
        return call

    async def close(self) -> None:
        """Wait for what is done after rooms; the avatars end the calls themselves."""
        if self._letting_go:
            await asyncio.wait(self._letting_go, timeout=LET_GO_S)


async def _let_go(on_over: OnOver) -> None:
    try:
        await on_over()
    except Exception:
        log.exception("an avatar was not let go after a room")
