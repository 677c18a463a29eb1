"""Sessions that a client of Simli has asked for and not begun yet: each has a token that opens it, once.

POST /compose/token ─► open ─► token ─► take ─► a conversation over WebRTC, or an agent in a room
                                └── a minute later: nothing
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from avatar_rtc.errors import BadToken, CapacityExceeded
from avatar_rtc.grants import EVERYTHING, Grant

MAX_UNBEGUN = 64
"""Sessions that wait for their client."""
UNBEGUN_S = 60.0
"""After which a token that nobody has used opens nothing."""


@dataclass(frozen=True)
class SimliLimits:
    """How long a session may last, as its client asks for it."""

    idle_s: float = 30.0
    """Without a sound to be said."""
    length_s: float = 600.0
    """Whatever is said."""


@dataclass(frozen=True)
class SimliSession:
    """What a client has asked for."""

    face: str
    """As it is looked up by `Engagements`."""
    emotion: str = ""
    """As the client names it; "" is none."""
    limits: SimliLimits = SimliLimits()
    grant: Grant = field(default=EVERYTHING, repr=False)
    """What whoever asked for it may do."""


class SimliSessions:
    """Those of one server. Used on its event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[float, SimliSession]] = {}
        """Token → until when it counts, the oldest first."""

    def __len__(self) -> int:
        self._forget_old()
        return len(self._waiting)

    def open(self, face_id: str, limits: SimliLimits, grant: Grant = EVERYTHING) -> str:
        """A token for a session.

        Args:
            face_id: a face's, with an emotion behind a slash or without: "main/happy".

        Raises:
            CapacityExceeded: as many wait as may.
        """
        if len(self) >= MAX_UNBEGUN:
            raise CapacityExceeded("sessions that nobody has begun", MAX_UNBEGUN)
        face, emotion = face_and_emotion(face_id)
        token = secrets.token_urlsafe(24)
        self._waiting[token] = self._clock() + UNBEGUN_S, SimliSession(face, emotion, limits, grant)
        return token

    def grant_of(self, token: str) -> Grant | None:
        """What whoever has this token may do; None if it opens nothing. It still does, afterwards."""
        self._forget_old()
        _, session = self._waiting.get(token, (0.0, None))
        return None if session is None else session.grant

    def take(self, token: str) -> SimliSession:
        """What a token opens, which opens nothing any more then.

        Raises:
            BadToken: it opens nothing; says no more.
        """
        self._forget_old()
        _, session = self._waiting.pop(token, (0.0, None))
        if session is None:
            raise BadToken("this session_token opens nothing: it counts once, and for a minute")
        return session

    def _forget_old(self) -> None:
        now = self._clock()
        while self._waiting and next(iter(self._waiting.values()))[0] <= now:
            del self._waiting[next(iter(self._waiting))]


def face_and_emotion(face_id: str) -> tuple[str, str]:
    """The id of a face, and the emotion behind its last slash.

    >>> face_and_emotion("5514e24d/92f24a0c"), face_and_emotion("avatar/main"), face_and_emotion("main")
    (('5514e24d', '92f24a0c'), ('avatar/main', ''), ('main', ''))
    """
    prefix = "avatar/" if face_id.startswith("avatar/") else ""
    face, _, emotion = face_id.removeprefix(prefix).partition("/")
    return f"{prefix}{face}", emotion
