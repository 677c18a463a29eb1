"""When somebody begins to talk, and when it is over: a law of the probability of a voice, chunk by chunk."""

from collections import deque
from typing import Literal

from avatar_rtc.speech.ears.voice_network import EAR_CHUNK, EAR_RATE

EAR_CHUNK_S = EAR_CHUNK / EAR_RATE
"""0.032 s."""
VOICE_FROM, VOICE_TO = 0.5, 0.35
"""A voice begins above the first probability, and is over below the second."""
WINDOW = 6
"""Chunks that are looked back on."""
NEEDED = 3
"""Of them that begin a stretch: 96 ms. Noises that were tried make two in a row at most."""
NEEDED_OVER_SPEECH = 5
"""While the avatar speaks: 160 ms, for what echo cancellation leaves of its voice comes in short bits."""
OVER_SPEECH_DB = -45.0
"""And is fainter than this, as hardly any voice is that a browser has levelled."""
TALK_PAUSE_S = 0.7
"""A pause this long ends a stretch."""
MAX_TALK_S = 60.0
"""A stretch without a pause is cut."""

Edge = Literal["began", "ended"]


class Stretches:
    """The stretches in which one sound is a voice."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self.is_open = False
        """Whether somebody talks now; short pauses count."""
        self.is_voice = False
        """Whether the last chunk was a voice."""
        self._chunks = self._quiet = 0

    @property
    def seconds(self) -> float:
        """From the beginning of the stretch to the last voice in it."""
        return (self._chunks - self._quiet) * EAR_CHUNK_S

    def push(self, probability: float, level_db: float = 0.0, over_speech: bool = False) -> Edge | None:
        """Take the next chunk; what changed by it.

        Args:
            probability: that there is a voice in it.
            level_db: its RMS in dB of full scale.
            over_speech: whether the avatar is heard meanwhile.
        """
        is_echo = over_speech and not self.is_open and level_db < OVER_SPEECH_DB
        self.is_voice = not is_echo and probability > (VOICE_TO if self.is_voice else VOICE_FROM)
        if not self.is_open:
            self._recent.append(self.is_voice)
            if sum(self._recent) < (NEEDED_OVER_SPEECH if over_speech else NEEDED):
                return None
            first = self._recent.index(True)
            self._chunks, self._quiet, self.is_open = len(self._recent) - first, 0, True
            self._recent.clear()
            return "began"
        self._chunks += 1
        self._quiet = 0 if self.is_voice else self._quiet + 1
        if self._quiet * EAR_CHUNK_S >= TALK_PAUSE_S or self._chunks * EAR_CHUNK_S >= MAX_TALK_S:
            return self.end()
        return None

    def end(self) -> Edge | None:
        """No more sound comes; "ended" if somebody was talking."""
        was_open, self.is_open, self.is_voice = self.is_open, False, False
        self._recent.clear()
        return "ended" if was_open else None
