"""What a pipeline lets an avatar say: which utterance takes sound, which is heard, what is due at a word.

begin, feed ─► open ─► end, its TTSStoppedFrame is held ─► started ─► finished ─► heard out, and it goes on
text ─► acts in it ─► each at its second of the utterance
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from avatar_rtc.pipecat.library import TTSStoppedFrame
from avatar_rtc.pipecat.tags import AvatarActFrame, letters_in
from avatar_rtc.speech.acting.acts import TextAct

LETTERS_PER_S = 13.0
"""Of speech: so an act inside a sentence finds its word."""
_BLOCK_S = 0.02
EARLY_S, LATE_S = 0.05, 0.09
"""The last sound of an utterance comes so much before or behind what the server says of its length."""
MOST_BLOCKS = 150
"""For which an end is waited for once the server has said so: on a busy machine sound comes late."""


@dataclass(eq=False)
class TurnUtterance:
    """One stretch of a pipeline's speech, on its way through the avatar."""

    context_id: str | None = None
    """The TTS's name for it."""
    fed_s: float = 0.0
    """Seconds of its sound that were sent."""
    stop: TTSStoppedFrame | None = None
    """Held back until it has been heard."""
    started_at: float | None = None
    """The loop's second in which it began to be heard."""
    heard_s: float | None = None
    """What the server says was heard of it; None while it goes on."""
    blocks: int = 0
    """That have come from the first audible one on."""
    blocks_over: int = 0
    """That have come since the server said that it is over."""
    acts: list[tuple[float, TextAct]] = field(default_factory=list)
    """With the second of it at which each is due; until it is heard."""

    def count(self, is_audible: bool) -> None:
        """One more block of it has come."""
        self.blocks += is_audible or self.blocks > 0
        self.blocks_over += self.heard_s is not None

    def is_over(self, is_audible: bool) -> bool:
        """Whether all of its sound has come, by what the server says of its length."""
        if self.heard_s is None:
            return False
        come = self.blocks * _BLOCK_S - self.heard_s
        is_complete = come >= (LATE_S if is_audible else -EARLY_S)
        return is_complete or self.started_at is None or self.blocks_over > MOST_BLOCKS


class SpokenTurn:
    """The speech of one pipeline. Made anywhere, used on its event loop."""

    def __init__(self, perform: Callable[[TextAct], None]) -> None:
        """`perform` does an act, now."""
        self._perform = perform
        self._utterances: dict[str, TurnUtterance] = {}
        """Those that are not heard out, the oldest first."""
        self._over: list[TTSStoppedFrame] = []
        self._next_acts: list[tuple[float, TextAct]] = []
        """Of the utterance that is not open yet."""
        self._expected: list[AvatarActFrame] = []
        self._letters = 0
        """That were said to be spoken."""
        self._timers: set[asyncio.TimerHandle] = set()
        self._silent = asyncio.Event()
        self._silent.set()
        self.open: str | None = None
        """The utterance that takes sound."""
        self.is_hushed = False
        """True until what was on its way at an interruption has passed."""

    @property
    def fed_s(self) -> float:
        """Seconds of the open utterance that were sent."""
        return self._utterances[self.open].fed_s if self.open is not None else 0.0

    async def silent(self) -> None:
        """Returns when all has been heard out."""
        await self._silent.wait()

    def begin(self, speech_id: str, context_id: str | None) -> None:
        """An utterance takes sound from now on."""
        self.open = speech_id
        acts, self._next_acts = self._next_acts, []
        self._utterances[speech_id] = TurnUtterance(context_id, acts=acts)
        self._silent.clear()

    def fed(self, seconds: float) -> None:
        """So much sound of the open one was sent."""
        if self.open is not None:
            self._utterances[self.open].fed_s += seconds

    def end(self, stop: TTSStoppedFrame) -> bool:
        """No more of it comes; False if none is open."""
        if self.open is None:
            return False
        self._utterances[self.open].stop, self.open = stop, None
        return True

    def expect(self, act: AvatarActFrame) -> None:
        """An act whose word is still to come."""
        self._expected.append(act)

    def announced(self, text: str) -> None:
        """A text is about to be spoken: the acts in it are due, each where its word is about to be."""
        begin, self._letters = self._letters, self._letters + letters_in(text)
        found = [each for each in self._expected if each.letters < self._letters]
        self._expected = [each for each in self._expected if each.letters >= self._letters]
        self.due((self.fed_s + max(0, each.letters - begin) / LETTERS_PER_S, each.act) for each in found)

    def due(self, acts: Iterable[tuple[float, TextAct]]) -> None:
        """Acts of the open utterance, or else of the next, with the seconds of it."""
        if self.open is None:
            self._next_acts += acts
            return
        utterance = self._utterances[self.open]
        utterance.acts += acts
        self._schedule(utterance)

    def told(self, event: dict[str, Any]) -> None:
        """What the server says of the sound that was sent."""
        utterance = self._utterances.get(str(event.get("speech_id")))
        if utterance is None:
            return
        if event["type"] == "speech.started":
            utterance.started_at = asyncio.get_running_loop().time()
            self.is_hushed = False
            self._schedule(utterance)
        elif event["type"] == "speech.finished":
            utterance.heard_s = float(event.get("position_ms") or 0) / 1000
            if self.open == event["speech_id"]:
                self.open = None  # it took too long to go on

    def sounding(self, is_audible: bool) -> TurnUtterance | None:
        """A block of sound has come: which utterance it is of, if any."""
        heard = None
        for speech_id, utterance in tuple(self._utterances.items()):
            # Its first block may overtake the word that it has started.
            if utterance.started_at is not None or (is_audible and not self.is_hushed):
                heard = heard or utterance
            if heard is utterance:
                utterance.count(is_audible)
            if utterance.is_over(is_audible):
                self._forget(speech_id)
        if not is_audible:
            self.is_hushed = False
        return heard

    def heard_out(self) -> list[TTSStoppedFrame]:
        """The ends of utterances that have been heard since this was asked last."""
        over, self._over = self._over, []
        return over

    def interrupt(self) -> tuple[str, ...]:
        """All of it is cut off; gives the ids of what was not heard out."""
        unheard = tuple(self._utterances)
        self._clear()
        self.is_hushed = bool(unheard)
        return unheard

    def lost(self) -> list[TTSStoppedFrame]:
        """The avatar is gone: nothing will be heard any more. The ends that were held."""
        held = [*self._over, *(each.stop for each in self._utterances.values() if each.stop is not None)]
        self._clear()
        return held

    def _forget(self, speech_id: str) -> None:
        utterance = self._utterances.pop(speech_id)
        if utterance.stop is not None:
            self._over.append(utterance.stop)
        if not self._utterances:
            self._silent.set()

    def _clear(self) -> None:
        self._utterances.clear()
        self._over, self._next_acts, self._expected = [], [], []
        self._letters, self.open = 0, None
        self._silent.set()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _schedule(self, utterance: TurnUtterance) -> None:
        if utterance.started_at is None:
            return
        loop = asyncio.get_running_loop()
        for second, act in utterance.acts:
            self._timers.add(loop.call_at(utterance.started_at + second, self._perform, act))
        utterance.acts.clear()
        self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
