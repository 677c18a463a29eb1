"""What an avatar can be told over its control channel; each coroutine ends with the server's answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from avatar_rtc.client.control import Control
from avatar_rtc.client.newest import Newest
from avatar_rtc.errors import Unreachable

EVENT_CAPACITY = 1_000
"""Speech events that wait for `speech_events()`: some five minutes, at three words a second."""


class Commands:
    """The control side of `AvatarClient`, which opens and ends the channel."""

    def __init__(self) -> None:
        self._control: Control | None = None
        self._speech: Newest[dict[str, Any]] = Newest(EVENT_CAPACITY)

    async def set_emotion(self, name: str | Mapping[str, float], intensity: float = 1.0) -> None:
        """Show an emotion by name, or a blend {name: weight}; raises as `request`."""
        field = {"name": name} if isinstance(name, str) else {"weights": dict(name)}
        await self.request("emotion.set", intensity=intensity, **field)

    async def set_chain(self, chain: Sequence[Sequence[object]]) -> None:
        """Replace the operations on the picture, `[[name, {params}], …]`; raises as `request`."""
        await self.request("chain.set", chain=list(chain))

    async def set_backdrop(
        self,
        name: str | None = None,
        *,
        colour: str = "#181a26",
        fit: Literal["cover", "contain"] = "cover",
        blur: float = 0.0,
        chain: Sequence[Sequence[object]] | Literal["shared"] = (),
    ) -> None:
        """Set what stands behind the avatar in `matte` video; raises as `request`.

        Args:
            name: one of `GET /api/v1/backdrops`; None is the plain colour, `#rrggbb`.
            fit: "cover" fills the frame and cuts what is over, "contain" shows all of it on the colour.
            blur: sigma in px of a 512 px high picture.
            chain: its own operations, or "shared": the avatar's chain then sees the whole scene.
        """
        await self.request(
            "backdrop.set", name=name, colour=colour, fit=fit, blur=blur,
            chain=chain if isinstance(chain, str) else list(chain),
        )  # fmt: skip

    async def say(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        emotion: str | None = None,
        more: bool = False,
    ) -> str:
        """Speak a text after what is being said already; gives its speech id as soon as it is queued.

        Args:
            text: may hold tags such as `[joy]` or `[sad:0.5,3s]`, which are shown and not read out.
            voice: one of `GET /api/v1/voices`, or "engine:voice"; "" is the character's own.
            speed: 1 is normal; in 0.5..2.
            emotion: shown while it speaks; "auto" reads it from the text, None leaves it to the tags.
            more: text follows by `append`, such as a language model's tokens.

        Raises:
            InputError: nothing to say, no such voice or emotion, no engine, or too much waits to be said.
            Unreachable: as `request`.
        """
        answer = await self.request(
            "speech.say", text=text, voice=voice, speed=speed, emotion=emotion, more=more
        )
        return str(answer["speech_id"])

    async def append(self, speech_id: str, text: str, more: bool = True) -> None:
        """Go on with a speech that was begun with `more`; without `more` this was the last of it.

        A sentence is spoken once its end is known, so tokens may come in pieces of any size. Raises as
        `request`; also if that speech is complete or over.
        """
        await self.request("speech.append", speech_id=speech_id, text=text, more=more)

    async def stop_speaking(self, speech_id: str | None = None) -> None:
        """Fall silent at once: everything that is and was to be said, or one speech; raises as `request`."""
        await self.request("speech.stop", speech_id=speech_id)

    async def speech_events(self) -> AsyncIterator[dict[str, Any]]:
        """What is told of all speech of the avatar since the connection, whoever asked for it.

        Each has a `type` and a `speech_id`, and comes when it is heard: `speech.started`; `speech.subtitle`
        with the `text` of a sentence; `speech.word` with `word`, `begin` and `end` in that text and
        `duration_ms`; `speech.mark` with `name`; once for each speech `speech.finished` with `position_ms`,
        `interrupted` and, if something went wrong, `detail`. The newest 1000 wait to be taken.

        Raises:
            Unreachable: the connection is lost.
        """
        while (event := await self._speech.next()) is not None:
            yield event

    async def ping(self) -> float:
        """Seconds from a message to its answer, through the server's control channel."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        await self.request("ping")
        return loop.time() - start

    async def request(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send any control message `{"type": kind, …}`; the fields of its `ok` come back.

        Raises:
            InputError: refused; the text is the server's.
            Unreachable: no control channel, no answer, or connection lost.
        """
        if self._control is None:
            raise Unreachable("not connected: use the client with `async with`")
        return await self._control.request(kind, **fields)

    def send_cue(self, t_ms: float, visemes: Mapping[str, float]) -> bool:
        """Set the mouth now; False if nothing could be sent.

        Args:
            t_ms: any clock of the caller that only grows; older cues are dropped on the way.
            visemes: weights in [0, 1] of aaa, iii, uuu, eee, ooo, delta; others are 0.
        """
        return self._control is not None and self._control.cue(t_ms, visemes)
