"""What stands between two stretches of speech: silence, and acts that wait for a word."""

from dataclasses import replace

from avatar_rtc.face.timeline import Timeline
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.sound.pcm import silence
from avatar_rtc.speech.acting.acts import MAX_ACTED_PAUSE_S, Pause
from avatar_rtc.speech.script import Line
from avatar_rtc.speech.tags import Tag
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ


class BetweenWords:
    """Of one utterance: what comes behind what was said last."""

    def __init__(self) -> None:
        self.waiting: tuple[Tag, ...] = ()
        """Acts without a word so far."""
        self._end = 0.0
        """When the last word ended, in s from the end of its piece; never above 0."""
        self._paused_s = 0.0
        """How long it has been silent since the last word."""

    def wait_for_a_word(self, line: Line) -> None:
        """Keep the acts of a line with nothing to say."""
        self.waiting += line.tags

    def with_waiting(self, line: Line) -> Line:
        """The line, with what waited at its first word."""
        return replace(line, tags=(*(replace(tag, at=0) for tag in self.waiting), *line.tags))

    def said(self, piece: Piece) -> Piece:
        """The piece as it is heard; behind a pause it comes without a gap."""
        self.waiting = ()
        self._end = min(0.0, piece.words[-1].end - piece.seconds) if piece.words else 0.0
        paused_s, self._paused_s = self._paused_s, 0.0
        return replace(piece, gap=0.0) if paused_s else piece

    def pause(self, seconds: float) -> Piece:
        """So much silence, within MAX_ACTED_PAUSE_S between two words; what waited is done before it."""
        seconds = min(seconds, MAX_ACTED_PAUSE_S - self._paused_s)
        acts = tuple(TimedAct(self._end, tag.act) for tag in self.waiting if not isinstance(tag.act, Pause))
        self.waiting, self._end = (), 0.0
        self._paused_s += seconds
        return Piece(silence(round(seconds * AUDIO_CLOCK_HZ)), Timeline(seconds, ()), "tts", acts=acts)
