"""What Pipecat's web client says on its data channel (RTVI), as far as an avatar has an answer to it.

ping: 1732…            each second, that it is still there: the connection itself tells that
client-ready           ─► bot-ready
signalling, all else   of no use here, and no mistake
"""

import json
from contextlib import suppress

from avatar_rtc.version import __version__

RTVI_LABEL = "chat"
"""Of its data channel."""
_MESSAGE_LABEL = "rtvi-ai"
_PROTOCOL = "2.0.0"
_MOST = 10_000
"""Characters of a message that is looked at."""


def rtvi_answer(text: str) -> str | None:
    """What is answered; None is nothing.

    >>> rtvi_answer("ping: 1732000000000") is None
    True
    """
    message: object = None
    if text.startswith("{") and len(text) <= _MOST:
        with suppress(ValueError, RecursionError):
            message = json.loads(text)
    if not isinstance(message, dict) or message.get("type") != "client-ready":
        return None
    asked = message.get("id")
    return json.dumps(
        {
            "label": _MESSAGE_LABEL,
            "id": asked if isinstance(asked, str) else "",
            "type": "bot-ready",
            "data": {
                "version": _PROTOCOL,
                "about": {"library": "avatar_rtc", "library_version": __version__},
            },
        }
    )
