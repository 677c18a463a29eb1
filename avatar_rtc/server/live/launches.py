"""Sessions that programs of others launch: an avatar each, sent into a room, until that is over.

launch ─► whose face: Engagements ─► into the room: AgentRooms ─► LaunchedSession
              released ◄── the call is over, however it ended ◄───────┘
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from avatar_rtc.characters.character import Character
from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.errors import AlreadyThere, NotFound, Unreachable
from avatar_rtc.grants import EVERYTHING, Grant
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.server.access.tenures import Tenure, Tenures
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.engagements import Engagement, Engagements
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.speech.tags import emotion_named

log = logging.getLogger(__name__)

LAUNCH_ANSWER_S = 6.0
"""Whoever launches hears of a room that is not reached in this time that the avatar is on its way."""
ROOM_JOIN_S = 30.0
"""An avatar that is not in its room by then does not go there any more, and is free again."""


@dataclass(frozen=True)
class Launch:
    """What somebody asks for."""

    invitation: RoomInvitation
    face: str = ""
    """As `Engagements` looks it up."""
    mood: str = ""
    """An emotion to begin with, as others name it; one that nobody knows says nothing."""
    picture: Callable[[], Awaitable[Character]] | None = field(default=None, repr=False)
    """Who is to be shown, from a picture that came along; asked for if the session begins, and not before."""
    grant: Grant = field(default=EVERYTHING, repr=False)
    """What whoever asks may do; the session ends with it."""


class LaunchedSession:
    """One that has begun. Made by `Launches`."""

    def __init__(self, launch: Launch, engagement: Engagement) -> None:
        self.launch = launch
        self.id = secrets.token_urlsafe(18)
        """By which it can be ended; nobody guesses it."""
        self.avatar: Avatar = engagement.avatar
        self.identity = launch.invitation.claims.identity
        """Of the avatar, in its room."""
        self.agent = launch.invitation.agent
        self.call: Call | None = None
        """None until there is one."""

    @property
    def is_over(self) -> bool:
        """Whether its avatar has left."""
        return self.call is not None and self.call.is_over

    async def end(self) -> None:
        """Leave the room; may be called again."""
        if self.call is not None:
            await self.call.end()


class Launches:
    """Those of one server. Made and used on its event loop."""

    def __init__(self, engagements: Engagements, rooms: AgentRooms, tenures: Tenures) -> None:
        self._engagements, self._rooms, self._tenures = engagements, rooms, tenures
        self._sessions: dict[str, LaunchedSession] = {}
        self._beginning: dict[tuple[str, str, str], asyncio.Task[LaunchedSession]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, session_id: str, grant: Grant) -> LaunchedSession:
        """The session of that id.

        Raises:
            NotFound: there is none, or it is over, or it is none of whoever asks.
        """
        session = self._sessions.get(session_id)
        if session is None or session.is_over or not grant.covers(session.avatar.name):
            raise NotFound("session", "of that id")
        return session

    async def launch(self, wanted: Launch) -> LaunchedSession:
        """Begin a session; the same one for whoever asks again for the same place in a room.

        One that was for another agent, as of a job that has crashed, is ended first.

        Raises:
            AlreadyThere: that place is taken by a session of another's.
            Unreachable: the room was not to be reached, or did not let it in.
            NotFound, UnknownName, CapacityExceeded: as `Engagements.engage`.
            InputError, SetupError, CapacityExceeded: as `AgentRooms.join`.
        """
        key = wanted.invitation.key
        while (pending := self._beginning.get(key)) is not None:
            await asyncio.wait([pending])
        task = asyncio.create_task(self._begun(wanted), name=f"launching into {key[1]:.20}")
        self._beginning[key] = task
        task.add_done_callback(lambda done: self._has_begun(key, done))
        # Whoever asked may leave; the next one who asks finds it begun.
        session = await asyncio.shield(task)
        await _answered(session)
        return session

    def _has_begun(self, key: tuple[str, str, str], task: asyncio.Task[LaunchedSession]) -> None:
        del self._beginning[key]
        if not task.cancelled():
            task.exception()  # read, so that nobody is told of what its caller was told

    async def _begun(self, wanted: Launch) -> LaunchedSession:
        if (same := self._at(wanted.invitation)) is not None:
            if same.launch.grant.avatar != wanted.grant.avatar:
                raise AlreadyThere("a participant", same.identity)
            if same.agent == wanted.invitation.agent:
                return same
            await same.end()
        character = None if wanted.picture is None else await wanted.picture()
        engagement = await self._engagements.engage(
            wanted.face, only=wanted.grant.avatar, character=character
        )
        session = LaunchedSession(wanted, engagement)
        tenure = self._tenures.open(wanted.grant, lambda why: self._ends_for(session, why))
        self._sessions[session.id] = session
        try:
            session.call = await self._rooms.join(
                session.avatar, wanted.invitation, lambda: self._over(session, engagement, tenure)
            )
        except BaseException:
            await self._over(session, engagement, tenure)
            raise
        await _feel(session.avatar, wanted.mood)
        self._spawn(self._give_up(session))
        return session

    def _at(self, invitation: RoomInvitation) -> LaunchedSession | None:
        """Whoever has that place in that room now."""
        key = invitation.key
        return next(
            (
                each
                for each in self._sessions.values()
                if each.launch.invitation.key == key and not each.is_over
            ),
            None,
        )

    async def _over(self, session: LaunchedSession, engagement: Engagement, tenure: Tenure) -> None:
        self._sessions.pop(session.id, None)
        tenure.close()
        # Beside: an avatar of the session's own ends its calls, and this may be the end of one of them.
        self._spawn(engagement.release())

    def _ends_for(self, session: LaunchedSession, why: str) -> None:
        log.info("a launched session is ended: %s", why)
        self._spawn(session.end())

    async def _give_up(self, session: LaunchedSession) -> None:
        assert session.call is not None
        try:
            async with asyncio.timeout(ROOM_JOIN_S):
                await session.call.settled()
        except TimeoutError:
            log.warning("the room at %s was not reached within %g s", session.call.to, ROOM_JOIN_S)
            await session.end()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answered(session: LaunchedSession) -> None:
    """Return when the avatar is in its room, or on a way there that takes long.

    Raises:
        Unreachable: it will not come there.
    """
    call = session.call
    assert call is not None
    try:
        async with asyncio.timeout(LAUNCH_ANSWER_S):
            await call.settled()
    except TimeoutError:
        return
    if call.is_over:
        raise Unreachable(call.detail or "the avatar has left the room at once")


async def _feel(avatar: Avatar, mood: str) -> None:
    known = avatar.actor.emotions
    emotion = mood if mood in known else emotion_named(mood)
    if emotion in known:
        await avatar.apply(EmotionSet(name=emotion))
