"""The key of a LiveKit project, if the operator has put one here: it checks agents, and lets avatars in."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

import jwt
from aiohttp import web

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.errors import BadToken, Refused
from avatar_rtc.livekit.invitation import ON_BEHALF
from avatar_rtc.server.access.sources import read_secret

ROOM_TOKEN_S = 6 * 3600.0
"""How long an avatar's token for a room counts."""
_ALGORITHM = "HS256"
_LEEWAY_S = 30.0
_LEAST_SECRET_BYTES = 6
"""LiveKit's server has "secret" while somebody tries it out."""
_ODD = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


class RoomKey:
    """That of one server. Used on its event loop."""

    def __init__(
        self, config: CompatConfig, environ: Mapping[str, str], now: Callable[[], float] = time.time
    ) -> None:
        """
        Args:
            now: gives Unix seconds.

        Raises:
            InputError: the secret is not where the settings say.
        """
        self.name, self._now = config.livekit_key, now
        is_set = bool(config.livekit_key and config.livekit_secret)
        self._secret = (
            read_secret(config.livekit_secret, environ, _LEAST_SECRET_BYTES, "compat.livekit_secret")
            if is_set
            else b""
        )

    def require(self) -> None:
        """
        Raises:
            Refused: there is none.
        """
        if not self._secret:
            raise Refused(
                "this server has no key of a LiveKit project; its operator can set [compat] livekit_key and "
                "livekit_secret"
            )

    def check(self, token: str) -> None:
        """Let those pass alone who may have the project's inference: visitors of rooms have tokens, too.

        Raises:
            BadToken: it is none of this key's, has expired, or is for something else.
        """
        self.require()
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=self.name,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss"]},
            )
        except _ODD:
            raise BadToken(
                "this is no token of the LiveKit key that is set here, or it has expired"
            ) from None
        granted = claims.get("inference")
        if not isinstance(granted, dict) or granted.get("perform") is not True:
            raise BadToken("the token is not for inference; wanted is one with `inference.perform`")

    def invite(self, room: str, identity: str, agent: str, name: str = "") -> str:
        """The avatar's token for a room, as an agent's plugin would make it.

        Args:
            agent: for whom it publishes.
        """
        self.require()
        claims = {
            "iss": self.name,
            "sub": identity,
            "name": name or identity,
            "nbf": int(self._now() - _LEEWAY_S),
            "exp": int(self._now() + ROOM_TOKEN_S),
            "kind": "agent",
            "video": {
                "roomJoin": True,
                "room": room,
                "canPublish": True,
                "canPublishData": True,
                "canSubscribe": True,
            },
            "attributes": {ON_BEHALF: agent},
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def proof(self, session_id: str) -> str:
        """What whoever ends a session has to show."""
        self.require()
        return hmac.new(self._secret, f"end {session_id}".encode(), hashlib.sha256).hexdigest()


ROOM_KEY = web.AppKey("ROOM_KEY", RoomKey)
"""The key of a LiveKit project, or none."""
