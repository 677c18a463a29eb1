"""Gestures: short movements of a face and head that come once and go, such as a nod."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CEL_RANGES, FX
from avatar_rtc.face.emotions import MAX_NAME, by_id, emotion_id
from avatar_rtc.face.pose import MORPH_RANGES
from avatar_rtc.face.ranges import Ranges
from avatar_rtc.intake.complaints import complaint, refusing

GESTURES = (
    "blush", "gasp", "giggle", "look_away", "look_down", "nod", "shake", "shrug", "sigh", "tilt", "wink",
    "yawn",
)  # fmt: skip
"""Those that are shipped."""
MAX_OWN_GESTURES = 32
"""Of an avatar, or of a character."""
MAX_AT_ONCE = 4
"""That an avatar makes; one more ends the oldest."""
MAX_GESTURE_S = 10.0
MAX_KEYS = 16
"""Of one track."""
MAX_TRACKS = 48
"""Of one gesture."""
GESTURE_RANGES = Ranges(
    "morph or cel", {**MORPH_RANGES.limits, **CEL_RANGES.limits, **dict.fromkeys(FX, (0.0, 1.0))}
)
"""What a gesture may move: morphs, cels on the character, and common effects around it."""

Key = tuple[float, float]
"""(seconds from the beginning, value)."""
Track = tuple[Key, ...]
"""How one morph or cel goes: in order, from 0 to 0; smooth between its keys."""
T = TypeVar("T")


def gesture_id(name: str) -> str:
    """How a gesture is known whose name is free text; as emotions are, but with "_" for "-", too.

    >>> gesture_id("Look-Away"), gesture_id("look away")
    ('look_away', 'look_away')

    Raises:
        InputError: nothing, or more than 64 characters.
    """
    if not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"{name!r:.80} cannot be a gesture's name; wanted are 1 to {MAX_NAME} characters")
    return emotion_id(emotion_id(name).replace("-", "_"))


GestureId = Annotated[
    str,
    AfterValidator(refusing(gesture_id)),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_NAME}),
]
"""A name, known by its id from then on."""


def by_gesture_id(named: Mapping[str, T]) -> dict[str, T]:
    """The same under the ids of these names; raises as `by_id`."""
    return by_id(named, gesture_id, "gestures")


@dataclass(frozen=True)
class GestureTemplate:
    """What a gesture at full strength adds to a face, over its time."""

    name: str
    tracks: Mapping[str, Track]
    """Morph or cel → its way."""
    title: str = ""
    """The name it was given, where that is not its id."""

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return max((track[-1][0] for track in self.tracks.values()), default=0.0)

    def json(self) -> dict[str, object]:
        """As `GestureFile` reads it."""
        return {"tracks": {name: [list(key) for key in track] for name, track in self.tracks.items()}}


def _check_track(name: str, keys: list[Key]) -> None:
    for _, value in keys:
        GESTURE_RANGES.check({name: value})
    times = [t for t, _ in keys]
    if times[0] != 0 or keys[0][1] != 0 or keys[-1][1] != 0:
        raise InputError(f"the track of {name} must go from [0, 0] to [end, 0], for a gesture comes and goes")
    if any(b <= a for a, b in itertools.pairwise(times)):
        raise InputError(f"the keys of {name} must follow each other in time")
    if times[-1] > MAX_GESTURE_S:
        raise InputError(
            f"the track of {name} ends after {times[-1]:g} s; wanted are {MAX_GESTURE_S:g} at most"
        )


def _can_be_played(tracks: dict[str, list[Key]]) -> dict[str, list[Key]]:
    for name, keys in tracks.items():
        _check_track(name, keys)
    return tracks


_Tracks = Annotated[
    dict[str, Annotated[list[Key], Field(min_length=2, max_length=MAX_KEYS)]],
    Field(min_length=1, max_length=MAX_TRACKS),
    AfterValidator(refusing(_can_be_played)),
]


class GestureFile(BaseModel):
    """A gesture as it is written: in messages and files."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: str = Field("", max_length=MAX_NAME)
    """How editors call it; the name it has if not given."""
    tracks: _Tracks
    """Morph or cel → [[seconds, value], …], in order, from [0, 0] to [end, 0]."""

    def template(self, name: str) -> GestureTemplate:
        """As a gesture known by the id of its name; raises as `gesture_id`."""
        known, title = gesture_id(name), self.title or name
        tracks = {moved: tuple(keys) for moved, keys in self.tracks.items()}
        return GestureTemplate(known, tracks, "" if title == known else title)


def load_gestures(folder: Path) -> dict[str, GestureTemplate]:
    """The gestures of a folder of `NAME.json`, by name.

    Raises:
        InputError: a file that is no gesture; names it.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.stem] = GestureFile.model_validate(json.loads(path.read_text("utf-8"))).template(
                path.stem
            )
        except ValidationError as error:
            raise complaint(error, GestureFile, f"{path.name}: ", otherwise=InputError) from None
        except ValueError as error:
            raise InputError(f"{path.name}: not JSON: {error}") from None
    return found
