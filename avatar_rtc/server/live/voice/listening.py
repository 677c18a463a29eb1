"""What one viewer says to the avatar: where it begins, how loud it is, where it ends.

48 kHz ──► 16 kHz ──► chunks of 32 ms ──► voice? ──► Stretches ──► Ears, and the viewer itself
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from avatar_rtc.server.live.voice.ears import Ears
from avatar_rtc.server.live.voice.utterance import Event
from avatar_rtc.sound.pcm import Floats, Pcm, as_floats, pcm_to_bytes, silence
from avatar_rtc.sound.resample import Resampler
from avatar_rtc.speech.ears.stretches import EAR_CHUNK_S, WINDOW, Stretches
from avatar_rtc.speech.ears.voice_activity import chunk_db, create_detector, loudness
from avatar_rtc.speech.ears.voice_network import EAR_CHUNK, EAR_RATE
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

PRE_ROLL_S = 0.3
"""So much of what came before a stretch belongs to it: words begin quietly."""
LEVEL_CHUNKS = 3
"""A level is told for each so many chunks: ten a second."""


class Listening:
    """One viewer who is listened to; a `SoundWay` of its sound. Made and used on the event loop."""

    def __init__(
        self,
        viewer: str,
        ears: Ears,
        tell: Callable[[Event], None],
        detector: Callable[[Floats], float] | None = None,
    ) -> None:
        """
        Args:
            viewer: what tells it apart, and opens nothing.
            tell: tells this viewer alone.
            detector: of a voice; None is the best there is here.
        """
        self._viewer, self._ears, self._tell = viewer, ears, tell
        self._detector = detector or create_detector()
        self._resampler = Resampler(AUDIO_CLOCK_HZ, EAR_RATE)
        self._rest = silence()
        self._stretches = Stretches()
        self._before: deque[Pcm] = deque(maxlen=round(PRE_ROLL_S / EAR_CHUNK_S) + WINDOW)
        self._is_interrupting = False
        self._levels: list[float] = []
        self._told = (0.0, False)

    def hear(self, block: Pcm) -> None:
        """See `SoundWay.hear`."""
        samples = np.concatenate([self._rest, self._resampler.push(block)])
        whole = len(samples) // EAR_CHUNK * EAR_CHUNK
        self._rest = samples[whole:]
        for chunk in samples[:whole].reshape(-1, EAR_CHUNK):
            self._hear(chunk)

    def pause(self) -> None:
        """See `SoundWay.pause`; what was being said is over."""
        if self._stretches.end() == "ended":
            self._ended()
        self._tell_level(0.0)

    def close(self) -> None:
        """See `SoundWay.close`."""
        self.pause()

    def _hear(self, chunk: Pcm) -> None:
        samples = as_floats(chunk)
        probability, is_speaking = self._detector(samples), self._ears.is_speaking
        edge = self._stretches.push(probability, chunk_db(samples), is_speaking)
        if edge == "began":
            self._is_interrupting = self._ears.began(self._viewer)
            event = {"type": "hearing.started", "viewer": self._viewer}
            self._tell({**event, "interrupted": self._is_interrupting})
            lead = round((PRE_ROLL_S + self._stretches.seconds) / EAR_CHUNK_S) - 1
            for each in list(self._before)[-lead:]:
                self._ears.sound(self._viewer, pcm_to_bytes(each))
        if self._stretches.is_open or edge is not None:
            self._ears.sound(self._viewer, pcm_to_bytes(chunk))
        if edge == "ended":
            self._ended()
            self._before.clear()  # it was heard already
        else:
            self._before.append(chunk)
        self._levels.append(loudness(samples))
        if len(self._levels) == LEVEL_CHUNKS:
            self._tell_level(round(max(self._levels), 3))

    def _tell_level(self, level: float) -> None:
        """What was heard of late; that it is still, is told once."""
        self._levels.clear()
        now = level, self._stretches.is_voice
        if now != (0.0, False) or now != self._told:
            self._told = now
            self._tell({"type": "hearing.level", "level": level, "voice": self._stretches.is_voice})
            self._ears.heard(self._viewer, level, self._stretches.is_voice)

    def _ended(self) -> None:
        seconds = round(self._stretches.seconds, 2)
        self._ears.ended(self._viewer, seconds, self._is_interrupting)
        event = {"type": "hearing.ended", "viewer": self._viewer, "seconds": seconds}
        self._tell({**event, "interrupted": self._is_interrupting})
