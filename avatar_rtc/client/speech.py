"""What an avatar can be told to say, and what it tells of it."""

from collections.abc import AsyncIterator
from typing import Any

from avatar_rtc.client.control import Requests
from avatar_rtc.client.newest import Newest

EVENT_CAPACITY = 1_000
"""Speech events that wait for `speech_events()`: some five minutes, at three words a second."""


class SpeechCommands(Requests):
    """The part of `AvatarClient` that speaks."""

    def __init__(self) -> None:
        super().__init__()
        self._speech: Newest[dict[str, Any]] = Newest(EVENT_CAPACITY)

    async def say(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float | None = None,
        emotion: str | None = None,
        narration: str | None = None,
        more: bool = False,
    ) -> str:
        """Speak a text after what is being said already; gives its speech id as soon as it is queued.

        Args:
            text: may hold tags such as `[joy]`, `[sad:0.5,3s]` or `[wink]`, which are acted and not read out.
            voice: one of `GET /api/v1/voices`, or "engine:voice"; "" is the character's own.
            speed: 1 is the voice's own; in 0.5..2; None is what the server is set up to.
            emotion: shown while it speaks; "auto" reads it from the text, None leaves it to the tags.
            narration: "act", "skip" or "speak" what stands as `*waves slowly*`; None is the server's setting.
            more: text follows by `append`, such as a language model's tokens.

        Raises:
            InputError: nothing to say, no such voice or emotion, no engine, or too much waits to be said.
            Unreachable: as `request`.
        """
        answer = await self.request(
            "speech.say", text=text, voice=voice, speed=speed, emotion=emotion, narration=narration, more=more
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
        `interrupted`, `detail` if something went wrong, and `notes` of what was not said as it was asked.
        The newest 1000 wait to be taken.

        Raises:
            Unreachable: the connection is lost.
        """
        while (event := await self._speech.next()) is not None:
            yield event
