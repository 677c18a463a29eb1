"""Pieces of speech as JSON and back: their sound as FLAC in base64, lossless, so that nothing is lost."""

import base64
from binascii import Error as NoBase64
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import MAX_NAME
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import MouthShape
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.sound.files import write_sound
from avatar_rtc.sound.pcm import Pcm, silence
from avatar_rtc.speech.acting.acts import GLANCE_S, MAX_HOLD_S, Feeling, Gesture, Glance, LookName, act_json
from avatar_rtc.speech.spoken import LipSource, TimedWord
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

MAX_PIECE_S = 600.0
_GAIN_DIGITS = 5
ShareJson = Annotated[float, Field(ge=0.0, le=1.0)]
SecondJson = Annotated[float, Field(ge=-10.0, le=MAX_PIECE_S)]
WeightsJson = tuple[ShareJson, ShareJson, ShareJson, ShareJson, ShareJson, ShareJson]
SegmentRow = tuple[
    SecondJson, SecondJson, WeightsJson, ShareJson, Annotated[float, Field(gt=0.0, le=100.0)], bool
]
"""Start, end, weights, closure, dominance, whether it is rounded."""


class LipsJson(BaseModel):
    """A `Timeline`."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    seconds: Annotated[float, Field(ge=0.0, le=MAX_PIECE_S)]
    segments: tuple[SegmentRow, ...]
    gains: tuple[ShareJson, ...] = ()
    accents: tuple[SecondJson, ...] = ()
    pauses: tuple[tuple[SecondJson, SecondJson], ...] = ()
    is_hum: bool = False


class ActJson(BaseModel):
    """A `TimedAct`; one of emotion, gesture and look is named."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    t: SecondJson
    emotion: str | None = Field(None, min_length=1, max_length=MAX_NAME)
    gesture: str | None = Field(None, min_length=1, max_length=MAX_NAME)
    look: LookName | None = None
    strength: ShareJson = 1.0
    seconds: float | None = Field(None, gt=0.0, le=MAX_HOLD_S)

    @model_validator(mode="after")
    def _one(self) -> "ActJson":
        if sum(each is not None for each in (self.emotion, self.gesture, self.look)) != 1:
            raise ValueError("an act has one of 'emotion', 'gesture' and 'look'")
        return self

    def timed(self) -> TimedAct:
        """What it says."""
        if self.emotion is not None:
            return TimedAct(self.t, Feeling(self.emotion, self.strength, self.seconds))
        if self.gesture is not None:
            return TimedAct(self.t, Gesture(self.gesture, self.strength))
        assert self.look is not None
        return TimedAct(self.t, Glance(self.look, self.seconds or GLANCE_S))


class PieceJson(BaseModel):
    """A `Piece`."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    sound: str = Field(repr=False)
    lips: LipsJson
    source: LipSource = "tts"
    shown: str = ""
    words: tuple[tuple[SecondJson, SecondJson, int, int], ...] = ()
    """Start, end, and where in `shown`."""
    feelings: tuple[tuple[SecondJson, str, ShareJson, Annotated[float, Field(gt=0)] | None], ...] = ()
    """SecondJson, emotion, strength, for how long; as files of before acts have them."""
    acts: tuple[ActJson, ...] = ()
    gap: float = Field(0.0, ge=0.0, le=60.0)


def piece_json(piece: Piece) -> dict[str, Any]:
    """What `piece_from` reads; takes about 2 ms a second of sound."""
    lips = piece.lips
    return {
        "sound": _flac(piece.pcm),
        "lips": {
            "seconds": lips.seconds,
            "segments": [_row(segment) for segment in lips.segments],
            "gains": [round(float(gain), _GAIN_DIGITS) for gain in lips.gains],
            "accents": list(lips.accents),
            "pauses": list(lips.pauses),
            **({"is_hum": True} if lips.is_hum else {}),
        },
        "source": piece.source,
        "shown": piece.shown,
        "words": [[word.start, word.end, word.begin, word.stop] for word in piece.words],
        "acts": [{"t": timed.t, **act_json(timed.act)} for timed in piece.acts],
        "gap": piece.gap,
    }


def piece_from(data: PieceJson) -> Piece:
    """The piece that was written.

    Raises:
        InputError: its sound cannot be read.
    """
    lips = data.lips
    return Piece(
        _sound_of(data.sound),
        Timeline(
            lips.seconds,
            tuple(_segment(row) for row in lips.segments),
            lips.gains,
            lips.accents,
            lips.pauses,
            lips.is_hum,
        ),
        data.source,
        data.shown,
        tuple(TimedWord(*word) for word in data.words),
        tuple(TimedAct(t, Feeling(name, strength, hold)) for t, name, strength, hold in data.feelings)
        + tuple(each.timed() for each in data.acts),
        gap=data.gap,
    )


def _flac(pcm: Pcm) -> str:
    sound = write_sound(pcm, AUDIO_CLOCK_HZ, "flac", AUDIO_CLOCK_HZ) if len(pcm) else b""
    return base64.b64encode(sound).decode()


def _row(segment: Segment) -> list[object]:
    shape = segment.shape
    return [
        segment.start, segment.end, [float(weight) for weight in shape.weights], shape.closure,
        shape.dominance, shape.is_rounded,
    ]  # fmt: skip


def _segment(row: SegmentRow) -> Segment:
    start, end, weights, closure, dominance, is_rounded = row
    return Segment(start, end, MouthShape(weights, closure, dominance, is_rounded))


def _sound_of(text: str) -> Pcm:
    try:
        data = base64.b64decode(text, validate=True)
    except (NoBase64, ValueError):
        raise InputError("its sound is no base64") from None
    return read_sound(data, MAX_PIECE_S, AUDIO_CLOCK_HZ)[0] if data else silence()
