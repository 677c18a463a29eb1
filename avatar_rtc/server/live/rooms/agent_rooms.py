"""The rooms in which avatars are the faces of agents: each joined once, however often it is asked for."""

from collections.abc import Awaitable, Callable

from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call


class AgentRooms:
    """Those of one server. Made and used on its event loop. `request.app[AGENT_ROOMS]`."""

    def running(self, invitation: RoomInvitation) -> Call | None:
        """The call that is under way for the same participant in the same room; None if there is none.

        Raises:
            InputError: its token is none.
        """
        raise NotImplementedError

    async def join(
        self,
        avatar: Avatar,
        invitation: RoomInvitation,
        on_over: Callable[[], Awaitable[None]] | None = None,
    ) -> Call:
        """Come into a room; gives the call at once, which tells how it goes (`await call.settled()`).

        Asked again for the same room and identity, it gives the call that is under way, and `on_over` of
        the second is awaited at once: what it holds is not needed.

        Args:
            on_over: awaited once, after the call is over, however it ended: to let go of the avatar.

        Raises:
            InputError: its token is none.
            SetupError: LiveKit's SDK is not installed here.
            CapacityExceeded: there are as many calls as may be.
                In all of these `on_over` is not called.
        """
        raise NotImplementedError
