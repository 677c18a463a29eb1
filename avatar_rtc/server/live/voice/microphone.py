"""A viewer lends the avatar its voice: what comes over its microphone is spoken, silence between is not.

microphone ──► no faster than it sounds ──► gate ──► SoundStream per stretch of speech ──► Speaking.play

Nothing here waits: sound for which there is no room is left out, so that none piles up before it.
"""

from collections import deque

from avatar_rtc.errors import CapacityExceeded, NotFound
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.voice.hearing import SOUND_PATIENCE_S, STREAM_LEAD_S, SoundStream
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.sound.levels import FLOOR_DB, levels_db
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

OPEN_DB, SHUT_DB = -38.0, -46.0
"""Speech begins above the first level and is over below the second, in dB of full scale."""
HANG_S = 0.7
"""A pause this long ends an utterance."""
BEFORE_S = 0.2
"""So much of what came before is spoken too: words begin quietly."""


MAX_STRETCH_S = 60.0
"""A stretch without a pause is cut, so that others are heard too."""


class Microphone:
    """The gate of one viewer's microphone; a `SoundWay` of its sound."""

    def __init__(self, speaking: Speaking, pool: Pool | None = None) -> None:
        """What waits to be heard is taken of `pool`, in seconds."""
        self._speaking, self._pool = speaking, pool
        self._before: deque[Pcm] = deque()
        self._stream: SoundStream | None = None
        self._speech_id = ""
        self._quiet_s = self._stretch_s = 0.0

    def hear(self, block: Pcm) -> None:
        """Speak what is said; see `SoundWay.hear`."""
        seconds = len(block) / AUDIO_CLOCK_HZ
        level = float(levels_db(block, AUDIO_CLOCK_HZ).max(initial=FLOOR_DB))
        if self._stream is None and level > OPEN_DB:
            self._begin()
        if self._stream is None:
            self._before.append(block)
            while sum(map(len, self._before)) > BEFORE_S * AUDIO_CLOCK_HZ:
                self._before.popleft()
            return
        self._quiet_s = 0.0 if level > SHUT_DB else self._quiet_s + seconds
        self._stretch_s += seconds
        for each in (*self._before, block):
            self._stream.offer(each)
        self._before.clear()
        if self._quiet_s >= HANG_S or self._stretch_s >= MAX_STRETCH_S or self._stream.is_complete:
            self._stream.finish()
            self._stream = None

    def pause(self) -> None:
        """See `SoundWay.pause`; what came is said to its end."""
        if self._stream is not None:
            self._stream.finish()
            self._stream = None

    def close(self) -> None:
        """The sound ends; what is being said of it ends with it."""
        if self._stream is not None:
            self._stream.finish()
            self._stream = None
            self._speaking.stop(self._speech_id)

    def _begin(self) -> None:
        stream = SoundStream(AUDIO_CLOCK_HZ, self._pool, is_bare=True)
        try:
            self._speech_id = self._speaking.play(
                stream.pieces(),
                lead_s=STREAM_LEAD_S,
                patience_s=2 * SOUND_PATIENCE_S,
                on_over=stream.abandon,
            )
        except (CapacityExceeded, NotFound):
            return  # too much waits to be said already, or the avatar is gone: this is not heard
        self._stream, self._quiet_s, self._stretch_s = stream, 0.0, 0.0
