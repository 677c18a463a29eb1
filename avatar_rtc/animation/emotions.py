"""Emotion templates: what each of the 28 emotions does to the face, read from `assets/emotions/*.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avatar_rtc.errors import InputError, SetupError, UnknownName
from avatar_rtc.face.cels import check_cels
from avatar_rtc.face.emotions import EmotionChange, EmotionTemplate
from avatar_rtc.face.pose import check_morphs


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


def changed(
    templates: Mapping[str, EmotionTemplate], changes: Mapping[str, EmotionChange]
) -> Mapping[str, EmotionTemplate]:
    """The templates with a character's own values over them, key by key.

    Raises:
        UnknownName: a change to an emotion there is no template for; names the nearest.
    """
    for name in changes:
        if name not in templates:
            raise UnknownName("emotion", name, templates)
    own = {
        name: EmotionTemplate(name, {**templates[name].pose, **to.pose}, {**templates[name].cels, **to.cels})
        for name, to in changes.items()
    }
    return MappingProxyType({**templates, **own})


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
        name, MappingProxyType(check_morphs(data["pose"])), MappingProxyType(check_cels(cels))
    )
