"""Emotion templates: what each of the 28 emotions does to the face, read from `assets/emotions/*.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avatar_rtc.errors import InputError, OutOfRange, SetupError, UnknownName
from avatar_rtc.pose import check_morphs

_EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment "
    "disapproval disgust embarrassment excitement fear gratitude grief joy love nervousness neutral "
    "optimism pride realization relief remorse sadness surprise"
)
EMOTIONS = tuple(_EMOTIONS.split())
"""The labels of the GoEmotions data set, in alphabetical order."""
_CELS = (
    "blush1 blush2 blush3 shadow1 sweat1 sweat2 sweat3 tears1 tears2 tears3 "
    "data1 data2 data3 data4 waver1 waver2"
)
CELS = tuple(_CELS.split())
"""Overlays a character may have, in drawing order, bottom to top."""


@dataclass(frozen=True)
class EmotionTemplate:
    """What an emotion at full weight does; whatever it does not name is 0."""

    name: str
    pose: Mapping[str, float]
    """Morph → value."""
    cels: Mapping[str, float]
    """Cel → opacity in [0, 1]."""


def load_emotions(folder: Path) -> Mapping[str, EmotionTemplate]:
    """The templates in a folder of `<emotion>.json` files `{"pose": {…}, "cels": {…}}`, sorted by name.

    Raises:
        SetupError: the folder holds no template.
        InputError: a file cannot be read, or names an unknown morph or cel, or a value is out of range.
    """
    templates = {path.stem: _load(path) for path in sorted(folder.glob("*.json"))}
    if not templates:
        raise SetupError(f"there are no emotion templates in {folder}; reinstall the package")
    return MappingProxyType(templates)


def _load(path: Path) -> EmotionTemplate:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _template(path.stem, data)
    except (OSError, ValueError, InputError) as error:
        raise InputError(f"emotion template {path.name}: {error}") from None


def _template(name: str, data: Any) -> EmotionTemplate:
    if not isinstance(data, dict) or set(data) - {"pose", "cels"} or not isinstance(data.get("pose"), dict):
        raise InputError('wanted is {"pose": {morph: value}, "cels": {cel: opacity}}')
    if "breathing" in data["pose"]:
        raise InputError("breathing is not an emotion's; it follows the clock")
    cels = data.get("cels", {})
    if not isinstance(cels, dict):
        raise InputError('"cels" must be {cel: opacity}')
    return EmotionTemplate(
        name, MappingProxyType(check_morphs(data["pose"])), MappingProxyType(_check_cels(cels))
    )


def _check_cels(cels: Mapping[str, object]) -> dict[str, float]:
    checked = {}
    for name, value in cels.items():
        if name not in CELS:
            raise UnknownName("cel", name, CELS)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} is {value!r}, but must be a number")
        if not 0 <= value <= 1:
            raise OutOfRange(name, float(value), 0, 1)
        checked[name] = float(value)
    return checked
