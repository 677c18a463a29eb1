"""Performances read again: checked line by line, then played; see `server/live/performance.py`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import InputError
from avatar_rtc.film.stage import StageMessage, stage_message
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.server.live.performance import PERFORMANCE_VERSION
from avatar_rtc.server.live.voice.piece_json import PieceJson, piece_from
from avatar_rtc.server.live.voice.utterance import Piece

MOST_LINE_BYTES = 64 << 20
MAX_PERFORMANCE_S = 24 * 3600.0
_EARLIER_S = 0.001
"""So much earlier than the line before it a line may be, by rounding."""
Moment = Annotated[float, Field(ge=0.0, le=MAX_PERFORMANCE_S)]


class PerformanceHeader(BaseModel):
    """The first line."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    avatar_performance: Literal[1]
    character: str = Field(min_length=1, max_length=4096)
    fps: float = Field(25.0, ge=1.0, le=120.0)
    seed: int = Field(0, ge=0, lt=2**63)
    begun: float = Field(0.0, ge=0.0, le=1e9)
    """Media time in s of the avatar that was live: drift, noise and blinks depend on it."""
    started: str = ""
    state: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class SaidPiece:
    """A piece of speech, heard from a second on."""

    begin: float
    piece: Piece


@dataclass(frozen=True)
class FellSilent:
    """Silence from a second on."""

    cut: float


@dataclass(frozen=True)
class CharacterChange:
    """Another character from now on."""

    character: str


@dataclass(frozen=True)
class PerformanceEnd:
    """Nothing comes behind."""


Happening = StageMessage | SaidPiece | FellSilent | CharacterChange | PerformanceEnd


@dataclass(frozen=True)
class Performance:
    """A file that was read through and is in order."""

    path: Path
    header: PerformanceHeader
    state: tuple[StageMessage, ...]
    seconds: float
    """How long it is."""

    def happenings(self) -> Iterator[tuple[float, Happening]]:
        """What happens, by the second of it; read from the file as it is asked for.

        Raises:
            InputError: a sound cannot be decoded, or the file is another one by now; names the line.
        """
        for number, line in _lines(self.path):
            if number > 1:
                yield _happening(self.path, number, line, decode=True)


def read_performance(path: Path) -> Performance:
    """Check all lines of a file; sounds are decoded when it is played.

    Raises:
        InputError: what is wrong, and in which line.
    """
    header: PerformanceHeader | None = None
    state: tuple[StageMessage, ...] = ()
    last = end = 0.0
    for number, line in _lines(path):
        if header is None:
            header = _header(path, line)
            state = tuple(_state(path, header))
            continue
        t, what = _happening(path, number, line, decode=False)
        if t < last - _EARLIER_S:
            raise InputError(f"{path}, line {number}: t is {t:g}, but the line before it is of {last:g}")
        last = max(last, t)
        end = max(end, t, what.begin + what.piece.lips.seconds if isinstance(what, SaidPiece) else t)
        if isinstance(what, PerformanceEnd):
            end = t
    if header is None:
        raise InputError(f"{path} is empty; wanted is a performance, as avatar-rtc keeps them")
    return Performance(path, header, state, end)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            number = 0
            while data := file.readline(MOST_LINE_BYTES + 1):
                number += 1
                if len(data) > MOST_LINE_BYTES:
                    raise InputError(f"{path}, line {number}: it has more than {MOST_LINE_BYTES} bytes")
                if data.strip():
                    yield number, _object(path, number, data)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _object(path: Path, number: int, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        cut = "" if data.endswith(b"\n") else "; the file ends within it"
        raise InputError(f"{path}, line {number}: it is no JSON ({error}){cut}") from None
    if not isinstance(found, dict):
        raise InputError(f'{path}, line {number}: it is no JSON object, such as {{"t": 1.5, …}}')
    return found


def _header(path: Path, line: Mapping[str, Any]) -> PerformanceHeader:
    version = line.get("avatar_performance")
    if version is None:
        raise InputError(f'{path}, line 1: no "avatar_performance" in it, so this is no performance')
    if version != PERFORMANCE_VERSION or isinstance(version, bool):
        raise InputError(
            f'{path}, line 1: "avatar_performance" is {version!r:.40}; {PERFORMANCE_VERSION} can be read here'
        )
    try:
        return PerformanceHeader.model_validate(dict(line))
    except ValidationError as error:
        raise complaint(error, PerformanceHeader, f"{path}, line 1: ") from None


def _state(path: Path, header: PerformanceHeader) -> Iterator[StageMessage]:
    for number, message in enumerate(header.state, 1):
        where = f"{path}, line 1: message {number} of its state"
        yield _told(message, where)


def _told(message: Mapping[str, Any], where: str) -> StageMessage:
    try:
        return stage_message(control_from(dict(message)), where)
    except InputError as error:
        if str(error).startswith(where):
            raise
        raise error.after(f"{where}: ") from None


class _Piece(PieceJson):
    begin: float = Field(ge=-60.0, le=MAX_PERFORMANCE_S)


class _Hush(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    cut: float = Field(ge=-60.0, le=MAX_PERFORMANCE_S)


class _Character(BaseModel):
    model_config = ConfigDict(extra="forbid")
    character: str = Field(min_length=1, max_length=4096)


class _End(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Moment(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    t: Moment


_OWN: dict[str, type[BaseModel]] = {
    "speech.piece": _Piece, "speech.hush": _Hush, "character.set": _Character, "performance.end": _End,
}  # fmt: skip


def _happening(path: Path, number: int, line: Mapping[str, Any], *, decode: bool) -> tuple[float, Happening]:
    where = f"{path}, line {number}"
    rest = {name: value for name, value in line.items() if name not in ("t", "type")}
    model: type[BaseModel] | None = None
    try:
        t = _Moment.model_validate({"t": line.get("t")}).t
        kind = line.get("type")
        model = _OWN.get(kind) if isinstance(kind, str) else None
        if model is None:
            return t, _told({"type": kind, **rest}, where)
        return t, _of(model.model_validate(rest), decode=decode)
    except ValidationError as error:
        raise complaint(error, model or _Moment, f"{where}: ") from None
    except InputError as error:
        raise error if str(error).startswith(where) else error.after(f"{where}: ") from None


def _of(data: BaseModel, *, decode: bool) -> Happening:
    match data:
        case _Piece():
            piece = data.model_dump(exclude={"begin"} if decode else {"begin", "sound"})
            return SaidPiece(
                data.begin, piece_from(PieceJson(**piece) if decode else PieceJson(sound="", **piece))
            )
        case _Hush():
            return FellSilent(data.cut)
        case _Character():
            return CharacterChange(data.character)
    return PerformanceEnd()
