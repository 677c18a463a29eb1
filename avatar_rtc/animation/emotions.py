"""Emotion templates: what each of the 28 emotions does to the face, read from `assets/emotions/*.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from avatar_rtc.errors import InputError, SetupError, UnknownName
from avatar_rtc.face.emotions import EmotionChange, EmotionTemplate, Template
from avatar_rtc.intake.complaints import complaint


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
        return Template.model_validate(data, strict=True).template(path.stem)
    except ValidationError as error:
        raise complaint(error, Template, f"emotion template {path.name}: ") from None
    except (OSError, ValueError) as error:
        raise InputError(f"emotion template {path.name}: {error}") from None
