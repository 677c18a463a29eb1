"""Acts in a model's text, taken out before a voice would read them: between the LLM and the TTS.

LLMTextFrame "Hello! [joy] It is…" ─► LLMTextFrame "Hello! It is…" ─► TTS ─► sound ─► AvatarVideoService
                                  └─► AvatarActFrame (joy, behind 5 letters) ──────────┘
"""

import re
from dataclasses import dataclass
from typing import Any

from avatar_rtc.pipecat.library import (
    Frame,
    FrameDirection,
    FrameProcessor,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    SystemFrame,
)
from avatar_rtc.speech.acting.acts import TextAct
from avatar_rtc.speech.tags import LONGEST_BRACKET, strip_tags

_TAIL = re.compile(
    rf"[ ]*(?:\[[^\[\]\n]{{1,{LONGEST_BRACKET}}}\][ ]*)*(?:\[[^\[\]\n]{{0,{LONGEST_BRACKET}}})?$"
)
_LONGEST_TAIL = 4 * LONGEST_BRACKET
"""Beyond, it is no row of tags."""


@dataclass
class AvatarActFrame(SystemFrame):
    """What an avatar is to do at a word. It runs ahead of the sound; the service waits for its word."""

    act: TextAct
    letters: int
    """That are spoken before it, since the last interruption."""


class AvatarTags(FrameProcessor):
    """Takes `[joy]`, `[wink]`, `[look:away]` and their like out of a model's text; `AvatarVideoService` acts
    them when their words are heard."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader = TagReader()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Text loses its tags; all else goes on as it is."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._reader = TagReader()
        elif isinstance(frame, LLMFullResponseEndFrame):
            await self._push(LLMTextFrame(""), self._reader.end())
        elif isinstance(frame, LLMTextFrame) and direction is FrameDirection.DOWNSTREAM:
            await self._push(frame, self._reader.read(frame.text))
            return
        await self.push_frame(frame, direction)

    async def _push(self, frame: LLMTextFrame, read: tuple[str, list[AvatarActFrame]]) -> None:
        spoken, acts = read
        for act in acts:
            await self.push_frame(act)
        if spoken:
            frame.text = spoken
            await self.push_frame(frame)


class TagReader:
    """Reads a text that comes in pieces of any size."""

    def __init__(self) -> None:
        self._held = ""
        """Tags, and what may become one: how much space they leave, the text behind them decides."""
        self._last = ""
        """The last character that was let go."""
        self._letters = 0

    def read(self, text: str) -> tuple[str, list[AvatarActFrame]]:
        """What of the text so far is certain now, without its tags; and those tags."""
        text = self._held + text
        tail = _TAIL.search(text)
        at = tail.start() if tail is not None and len(text) - tail.start() <= _LONGEST_TAIL else len(text)
        self._held = text[at:]
        return self._stripped(text[:at])

    def end(self) -> tuple[str, list[AvatarActFrame]]:
        """The rest of it."""
        rest, self._held = self._held, ""
        read = self._stripped(rest)
        self._last = ""
        return read

    def _stripped(self, text: str) -> tuple[str, list[AvatarActFrame]]:
        before = len(self._last)
        spoken, tags = strip_tags(self._last + text)
        acts = [AvatarActFrame(tag.act, self._letters + letters_in(spoken[before : tag.at])) for tag in tags]
        spoken = spoken[before:]
        self._letters += letters_in(spoken)
        self._last = spoken[-1:] or self._last
        return spoken, acts


def letters_in(text: str) -> int:
    """Letters and digits: what a voice's own copy of a text has, too, however it is spaced.

    >>> letters_in("It's 5 o'clock!")
    10
    """
    return sum(map(str.isalnum, text))
