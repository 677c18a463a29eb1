"""An avatar that is watched on, though its server is started anew or the way to it breaks."""

from collections.abc import AsyncGenerator
from typing import Literal

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.returning import returning
from avatar_rtc.stream.frame import Layout


def reconnecting(
    url: str,
    *,
    video: Layout = "alpha",
    audio: bool = False,
    token: str | None = None,
    connect_timeout_s: float = 15.0,
    silence_timeout_s: float = 10.0,
    microphone: Literal["speak", "listen"] | None = None,
) -> AsyncGenerator[AvatarClient, None]:
    """Connected viewers, one after the other: the next when the one before was lost.

    async for avatar in reconnecting("http://127.0.0.1:8080"):
        with contextlib.suppress(Unreachable):
            async for frame in avatar.frames():
                ...

    A server that is away is asked again and again. Each viewer is closed when the next is asked for, or the
    loop ends. The arguments are those of `AvatarClient`.

    Raises:
        InputError: not a URL we can use, or the server says that an offer is wrong.
        Refused: it may not be.
        NotFound: there is no such avatar; one that was there has been missing for a minute.
    """
    return returning(
        lambda: AvatarClient(
            url,
            video=video,
            audio=audio,
            token=token,
            connect_timeout_s=connect_timeout_s,
            silence_timeout_s=silence_timeout_s,
            microphone=microphone,
        )
    )
