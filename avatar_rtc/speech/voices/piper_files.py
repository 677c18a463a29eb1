"""Which voices of Piper lie here: files NAME.onnx with NAME.onnx.json beside them."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from avatar_rtc.errors import InputError

PIPER_PACKAGE = "piper"
PIPER_LAG_S = 0.030
"""Its graph dates a sound so much later than it is heard: over 20 sentences of en_US-joe-medium low
frequencies are loud where the phonemes say so best 30 ms before their time, and a p is quietest up to 38 ms
before it."""
NO_PIPER = "piper is not installed; run: pip install 'avatar-rtc[piper]'"
_SPEAKER = "#"


@dataclass(frozen=True)
class PiperFile:
    """A voice that lies here."""

    name: str
    """That of its file, such as "en_US-joe-medium"."""
    path: Path
    language: str
    """BCP 47, such as "en-us"."""
    pace: float = 1.0
    """Its own length of a sound; more is slower."""
    speakers: Mapping[str, int] | None = None
    """Of a voice with several, their numbers by name."""


class _Code(BaseModel):
    code: str = ""


class _Espeak(BaseModel):
    voice: str = ""


class _Inference(BaseModel):
    length_scale: float = Field(1.0, gt=0, le=10)


class _Card(BaseModel):
    """What the file beside a voice tells."""

    language: _Code = _Code()
    espeak: _Espeak = _Espeak()
    inference: _Inference = _Inference()
    speaker_id_map: dict[str, int] = {}
    num_speakers: int = 1


def piper_is_installed() -> bool:
    """Whether the package is here."""
    return importlib.util.find_spec(PIPER_PACKAGE) is not None


def piper_files(place: Path) -> dict[str, PiperFile]:
    """The voices of a place by name, in order of their names.

    Args:
        place: a voice (NAME.onnx), what stands beside it (NAME.onnx.json), or a folder of voices.

    Raises:
        InputError: there is none, or what stands beside one cannot be read; the text tells what is wanted.
    """
    if place.name.endswith(".onnx.json"):
        place = place.with_suffix("")
    paths = sorted(place.rglob("*.onnx")) if place.is_dir() else [place]
    if not paths or not all(path.is_file() for path in paths):
        raise InputError(
            f"setting speech.piper_voice: no voice of Piper in {place}; wanted: NAME.onnx, or a folder"
        )
    return {path.stem: _read(path) for path in paths}


def speaker_of(file: PiperFile, speaker: str) -> int | None:
    """The number of a speaker; None for the only one, or the voice's own choice.

    Args:
        speaker: a name, or a number.

    Raises:
        InputError: the voice has no such speaker.
    """
    if not speaker:
        return None
    known = file.speakers or {}
    number = known.get(speaker, int(speaker) if speaker.isdecimal() and len(speaker) < 6 else -1)
    if number not in known.values():
        raise InputError(f"voice {file.name!r} has no speaker {speaker!r:.80}; it has {len(known) or 1}")
    return number


def split_speaker(voice: str) -> tuple[str, str]:
    """The voice and the speaker of a name.

    >>> split_speaker("en_US-libritts-high#p12"), split_speaker("de_DE-thorsten-low")
    (('en_US-libritts-high', 'p12'), ('de_DE-thorsten-low', ''))
    """
    name, _, speaker = voice.partition(_SPEAKER)
    return name, speaker


def heard_at(t: float) -> float:
    """When that is heard which its graph dates at t; both in s."""
    return max(0.0, t - PIPER_LAG_S)


def _read(path: Path) -> PiperFile:
    beside = path.with_name(f"{path.name}.json")
    try:
        card = _Card.model_validate_json(beside.read_bytes())
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"setting speech.piper_voice: cannot read {beside}: {why}") from None
    except (ValidationError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise InputError(f"setting speech.piper_voice: {beside} is not that of a voice: {why}") from None
    tag = (card.language.code or card.espeak.voice).replace("_", "-").lower()
    speakers = card.speaker_id_map or {str(number): number for number in range(card.num_speakers)}
    return PiperFile(
        path.stem,
        path.resolve(),
        tag,
        card.inference.length_scale,
        speakers if card.num_speakers > 1 else None,
    )
