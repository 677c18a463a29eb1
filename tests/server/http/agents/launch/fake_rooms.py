"""A stand-in for rooms of LiveKit: avatars come in, or do not, and nothing is sent anywhere."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from avatar_rtc.errors import SetupError, Unreachable
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.room import JoinedRoom, RoomGuest
from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms


async def _nobody_joins(invitation: RoomInvitation, guest: RoomGuest) -> JoinedRoom:
    raise AssertionError("a real room is joined")


Mode = Literal["in", "on the way", "refused", "not installed"]


class FakeRooms(AgentRooms):
    """Keeps to the contract of `AgentRooms`, and remembers who was invited."""

    def __init__(self) -> None:
        super().__init__(Pool("seconds of sound", 1.0, 1.0, lambda: None), join=_nobody_joins)
        self.mode: Mode = "in"
        self.invited: list[tuple[Avatar, RoomInvitation]] = []
        self.calls: list[Call] = []

    def running(self, invitation: RoomInvitation) -> Call | None:
        pairs = zip(self.calls, self.invited, strict=True)
        return next(
            (call for call, (_, other) in pairs if other.key == invitation.key and not call.is_over), None
        )

    async def join(
        self,
        avatar: Avatar,
        invitation: RoomInvitation,
        on_over: Callable[[], Awaitable[None]] | None = None,
    ) -> Call:
        if self.mode == "not installed":
            raise SetupError("joining rooms takes LiveKit's SDK: pip install 'avatar-rtc[livekit]'")
        if (same := self.running(invitation)) is not None:
            if on_over is not None:
                await on_over()
            return same

        async def run(call: Call) -> None:
            try:
                if self.mode == "refused":
                    raise Unreachable("the room at ws://rooms.test refuses the token")
                if self.mode == "in":
                    call.report("live")
                await asyncio.Event().wait()
            finally:
                if on_over is not None:
                    await on_over()

        self.invited.append((avatar, invitation))
        self.calls.append(avatar.calls.start("livekit", shown_place(invitation.url), run))
        return self.calls[-1]

    @property
    def last(self) -> tuple[Avatar, RoomInvitation]:
        """Who came last, and where."""
        return self.invited[-1]
