"""Tokens of a LiveKit project, as its agents make them: whether one is good, its server can tell."""

import time
from typing import Any

import jwt

KEY, SECRET = "devkey", "a-secret-of-the-room-and-nobody-else"


def room_token(
    identity: str = "avatar-agent", room: str = "lobby", agent: str = "agent-1", **more: Any
) -> str:
    """For an avatar in a room; what is None in `more` is left out."""
    claims = {
        "iss": KEY,
        "sub": identity,
        "exp": int(time.time()) + 600,
        "kind": "agent",
        "video": {"roomJoin": True, "room": room},
        "attributes": {"lk.publish_on_behalf": agent},
        **more,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, SECRET, "HS256")


def claims_in(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def inference_token(secret: str = SECRET, **more: Any) -> str:
    """For an agent that asks for inference."""
    claims = {
        "iss": KEY,
        "sub": "agent",
        "exp": int(time.time()) + 600,
        "inference": {"perform": True},
        **more,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, "HS256")
