"""Who has the word on a stage: utterances of all who are on it, in the order in which they were asked for.

say of anybody ─► enter ─► line ─► has_word ─► heard ─► leave ─► the next one's queue goes on
"""

from collections.abc import Callable
from typing import TypeAlias

from avatar_rtc.server.live.voice.utterance import Utterance

GoOn: TypeAlias = Callable[[], None]
"""Lets a queue look whether it may begin."""


class Rostrum:
    """The word of one stage. Made and used on the event loop."""

    def __init__(self, takes_turns: bool = True) -> None:
        self._takes_turns = takes_turns
        self._line: dict[Utterance, GoOn] = {}

    @property
    def takes_turns(self) -> bool:
        """Whether one speaks at a time."""
        return self._takes_turns

    @takes_turns.setter
    def takes_turns(self, on: bool) -> None:
        self._takes_turns = on
        for go_on in tuple(self._line.values()):
            go_on()

    @property
    def is_free(self) -> bool:
        """Whether nobody speaks or is about to."""
        return not self._line

    def enter(self, utterance: Utterance, go_on: GoOn) -> None:
        """Wait for the word; `go_on` is called when it may be there."""
        self._line[utterance] = go_on

    def has_word(self, utterance: Utterance) -> bool:
        """Whether it may begin now."""
        return not self._takes_turns or next(iter(self._line), utterance) is utterance

    def leave(self, utterance: Utterance) -> None:
        """It is over and not to be heard any more, or nobody wants it: the next one has the word."""
        if self._line.pop(utterance, None) is not None:
            for go_on in tuple(self._line.values())[:1]:
                go_on()
