"""An invitation into a room of LiveKit: where it is, and the token with which the avatar may come in.

The token is the room server's to check. Whoever has none of its secrets can still read what it says.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from avatar_rtc.errors import InputError

MAX_TOKEN = 8_000
"""Characters of a room token; those in use have under a thousand."""
ON_BEHALF = "lk.publish_on_behalf"
"""Attribute of an avatar's token: the identity of the agent for whom it is the face."""


@dataclass(frozen=True)
class RoomInvitation:
    """Where an avatar is asked to come, and for whom."""

    url: str
    """ws:// or wss:// of the room's server, checked by whoever took it from a caller."""
    token: str = field(repr=False)
    """The room token, as it came; it opens the room, so it is shown nowhere."""
    agent_identity: str = ""
    """The participant whose sound is spoken; "" is whom the token names, and if that names none, the first
    agent that is seen in the room."""
    wants_framing: bool = False
    """Whether the agent sends its sound in records with emotions between (`kfl.framing`) if it is told that
    we read them."""
    most_s: float | None = None
    """After so many seconds in the room the avatar leaves by itself; None is never."""

    @property
    def claims(self) -> "RoomClaims":
        """What its token says; raises InputError if that is none."""
        return claims_of(self.token)

    @property
    def agent(self) -> str:
        """The identity of the agent; "" if nobody has named one."""
        return self.agent_identity or self.claims.on_behalf

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for all invitations of one participant into one room: server, room, identity."""
        claims = self.claims
        return urlsplit(self.url).netloc.lower(), claims.room, claims.identity


@dataclass(frozen=True)
class RoomClaims:
    """What a room token says of its bearer."""

    identity: str
    room: str
    attributes: Mapping[str, str]

    @property
    def on_behalf(self) -> str:
        """The identity of the agent for whom it publishes; "" if it names none."""
        return self.attributes.get(ON_BEHALF, "")


def claims_of(token: str) -> RoomClaims:
    """What a room token says; whether it is genuine, only the room's server knows.

    Raises:
        InputError: it is no JWT with an identity and a room to join.
    """
    claims = _payload(token)
    told = claims.get("video")
    grants: dict[str, Any] = told if isinstance(told, dict) else {}
    identity, room = claims.get("sub"), grants.get("room")
    if not isinstance(identity, str) or not identity:
        raise InputError("the room token names no identity; wanted is one with `sub`")
    if not isinstance(room, str) or not room or not grants.get("roomJoin"):
        raise InputError(
            "the room token is for no room; wanted is one with `video.room` and `video.roomJoin`"
        )
    attributes = claims.get("attributes")
    pairs = attributes.items() if isinstance(attributes, dict) else ()
    return RoomClaims(identity, room, {key: value for key, value in pairs if isinstance(value, str)})


def _payload(token: str) -> dict[str, Any]:
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    try:
        if len(parts) != 3:
            raise ValueError
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise InputError(
            "the room token is no JWT; wanted is the one that the room's owner has made for the avatar"
        )
    return payload
