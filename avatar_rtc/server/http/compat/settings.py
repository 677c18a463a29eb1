"""What the predecessor's clients send, as ours would: names without `_index`, and what cannot be is left out.

Its server dropped unknown and ill-typed settings with a warning and went on; a client that relies on it must
not fail here. Overrides are not of this kind: a wrong one is refused.
"""

import contextlib
import copy
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from avatar_rtc.control.former_settings import FormerSettings
from avatar_rtc.control.settings import AnimatorSettings, AnySettings
from avatar_rtc.errors import AvatarRtcError, InputError
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.effects import Effect
from avatar_rtc.face.pose import INDEX, MORPHS
from avatar_rtc.filters_schema.chain import chain_json
from avatar_rtc.server.http.compat.imagefx import old_chain
from avatar_rtc.stream.frame import ImageCodec

log = logging.getLogger(__name__)

FPS = 25
"""What its clients expect where they do not say."""


def our_name(name: str) -> str:
    """A morph's name here; a cel's is the same.

    >>> our_name("mouth_aaa_index")
    'mouth_aaa'
    """
    return name.removesuffix("_index")


def our_templates(emotions: Mapping[str, Any]) -> dict[str, Any]:
    """Emotion templates with our names of morphs; morphs and cels that do not exist are left out, as is
    breath. Values are brought into their range.

    Raises:
        InputError: a template that is not `{"pose": {…}, "cels": {…}}`.
    """
    return {name: _our_template(name, template) for name, template in emotions.items()}


def _our_template(name: str, template: Any) -> dict[str, Any]:
    if not isinstance(template, Mapping) or not isinstance(template.get("pose"), Mapping):
        raise InputError(
            f'emotion {name!r:.80} must be {{"pose": {{morph: value}}, "cels": {{cel: opacity}}}}'
        )
    cels = template.get("cels", {})
    if not isinstance(cels, Mapping):
        raise InputError(f'the "cels" of emotion {name!r:.80} must be {{cel: opacity}}')
    pose = {}
    for given, value in template["pose"].items():
        morph = our_name(given)
        if morph in INDEX and morph != "breathing":
            pose[morph] = _within(value, MORPHS[INDEX[morph]].low, MORPHS[INDEX[morph]].high)
    return {"pose": pose, "cels": {cel: _within(v, 0, 1) for cel, v in cels.items() if cel in CELS}}


def _within(value: Any, low: float, high: float) -> Any:
    return min(max(value, low), high) if isinstance(value, int | float) else value


def our_settings(data: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as `settings.set` takes them, without whatever of them cannot be.

    All are named but the chain, the backdrop and what has no effect here: its settings are replaced as a
    whole, so a crop that is not named is none.
    """
    wanted: dict[str, Any] = {"target_fps": FPS, **copy.deepcopy(dict(data))}
    wanted.pop("backdrop_path", None)  # a file of the client, which draws it by itself
    if isinstance(chain := wanted.get("postprocessor_chain"), list):
        wanted["postprocessor_chain"] = [op for entry in chain for op in _operation(entry)]
    if isinstance(effects := wanted.get("animefx"), list):
        wanted["animefx"] = [effect for entry in effects for effect in _effect(entry)]
    former = {name: wanted.pop(name) for name in FormerSettings.model_fields if name in wanted}
    motion, picture = _read(AnimatorSettings, wanted), _read(FormerSettings, former)
    return {**motion.model_dump(mode="json"), **_named(picture)}


def feed_format(data: Mapping[str, Any]) -> ImageCodec:
    """What the pictures of the feed are to be, by the settings of a client."""
    formats: dict[str, ImageCodec] = {"QOI": "qoi", "TGA": "tga"}
    return formats.get(str(data.get("format")).upper(), "png")


def _named(picture: FormerSettings) -> dict[str, Any]:
    shown = picture.model_dump(include={"crop", "upscale", "upscale_quality"})
    chain = picture.postprocessor_chain
    return shown if chain is None else {**shown, "postprocessor_chain": chain_json(chain)}


def _read(model: type[AnySettings], wanted: dict[str, Any]) -> AnySettings:
    # Each round leaves out what the last one complained of.
    for _ in range(len(model.model_fields) * 8):
        try:
            return model.model_validate(wanted)
        except ValidationError as error:
            faults = [fault["loc"] for fault in error.errors()]
        except AvatarRtcError as error:
            faults = [(_culprit(model, wanted),)]
            log.warning("%r", str(error))
        for path in faults:
            log.warning("setting %r is left out: it is unknown or cannot be", ".".join(map(str, path)))
            _leave_out(wanted, path)
    return model()


def _operation(entry: Any) -> list[list[object]]:
    """The operation as ours; none if it cannot be."""
    try:
        return chain_json(old_chain([entry]))
    except AvatarRtcError as error:
        log.warning("operation left out: %r", str(error))
        return []


def _effect(entry: Any) -> list[dict[str, Any]]:
    """The effect as ours; none if it cannot be."""
    named = {**entry[1], "name": entry[0]} if isinstance(entry, list) and len(entry) == 2 else entry
    try:
        return [Effect.model_validate(named).model_dump(mode="json")]
    except (ValidationError, AvatarRtcError) as error:
        log.warning("effect left out: %r", str(error))
        return []


def _culprit(model: type[BaseModel], wanted: Mapping[str, Any]) -> str:
    """The first setting that cannot be even alone; else the last, whose range contradicts another's."""
    for name, value in wanted.items():
        try:
            model.model_validate({name: value})
        except (ValidationError, AvatarRtcError):
            return name
    return next(reversed(list(wanted)))


def _leave_out(node: Any, path: Sequence[int | str]) -> None:
    """Delete what lies at a path, or the nearest thing above it that is there."""
    for depth, step in enumerate(path):
        below = _at(node, step)
        if depth == len(path) - 1 or not isinstance(below, dict | list):
            with contextlib.suppress(LookupError, TypeError):
                del node[step]
            return
        node = below


def _at(node: Any, step: int | str) -> Any:
    try:
        return node[step]
    except (LookupError, TypeError):
        return None
