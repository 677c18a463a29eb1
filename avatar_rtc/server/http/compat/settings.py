"""What the predecessor's clients send, as ours would: what cannot be is left out or brought into its range.

Its server dropped unknown and ill-typed settings with a warning and went on; a client that relies on it must
not fail here, but is told. Overrides are not of this kind: a wrong one is refused.
"""

import contextlib
import copy
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from avatar_rtc.control.former_settings import FormerSettings, without_effect
from avatar_rtc.control.settings import AnimatorSettings, AnySettings
from avatar_rtc.errors import AvatarRtcError, InputError
from avatar_rtc.face.cels import CEL_RANGES
from avatar_rtc.face.effects import Effect
from avatar_rtc.face.pose import MORPH_RANGES
from avatar_rtc.face.ranges import Ranges
from avatar_rtc.filters_schema.chain import chain_json, check_chain
from avatar_rtc.stream.crop import MIN_SIDE
from avatar_rtc.stream.frame import ImageCodec

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FPS = 25
"""What its clients expect where they do not say."""


NOTES = "X-Notes"
"""The header with what was left out, changed, or has no effect: a JSON list of sentences."""
_PNG = "PNG"
_FEED_FORMATS: Mapping[str, ImageCodec] = {"QOI": "qoi", "TGA": "tga"}
_MOST_NOTED = 2048
"""Characters of that header; clients read heads of 8 KiB."""


@dataclass(frozen=True)
class Understood:
    """What a client's file says, as ours would say it."""

    wanted: dict[str, Any]
    """As the message takes it."""
    notes: tuple[str, ...] = ()
    """What was left out, brought into its range, or has no effect; one sentence each."""


def noted(notes: Iterable[str]) -> str:
    """Notes as the header has them, as many as fit; "" is none."""
    shown: list[str] = []
    for note in notes:
        told = json.dumps([*shown, f"{note:.300}"])
        if len(told) > _MOST_NOTED:
            break
        shown.append(f"{note:.300}")
    return json.dumps(shown) if shown else ""


def our_templates(emotions: Mapping[str, Any]) -> Understood:
    """Emotion templates, without morphs and cels that do not exist. Values are brought into their range.

    Raises:
        InputError: a template that is not `{"pose": {…}, "cels": {…}}`.
    """
    notes: list[str] = []
    return Understood(
        {name: _our_template(name, template, notes) for name, template in emotions.items()}, tuple(notes)
    )


def _our_template(name: str, template: Any, notes: list[str]) -> dict[str, Any]:
    if not isinstance(template, Mapping) or not isinstance(template.get("pose"), Mapping):
        raise InputError(
            f'emotion {name!r:.80} must be {{"pose": {{morph: value}}, "cels": {{cel: opacity}}}}'
        )
    cels = template.get("cels", {})
    if not isinstance(cels, Mapping):
        raise InputError(f'the "cels" of emotion {name!r:.80} must be {{cel: opacity}}')
    return {
        "pose": _known(name, template["pose"], MORPH_RANGES, notes),
        "cels": _known(name, cels, CEL_RANGES, notes),
    }


def _known(emotion: str, values: Mapping[str, Any], ranges: Ranges, notes: list[str]) -> dict[str, Any]:
    """Those that there are, each in its range; what is no number stays, and is refused later."""
    known = {}
    for given, value in values.items():
        name = given.removesuffix(ranges.former_suffix)
        if name not in ranges.limits:
            notes.append(f"emotion {emotion!r:.80}: there is no {ranges.kind} {given!r:.80}")
            continue
        low, high = ranges.limits[name]
        known[name] = min(max(value, low), high) if isinstance(value, int | float) else value
    return known


def our_settings(data: Mapping[str, Any]) -> Understood:
    """Settings as `settings.set` takes them, without whatever of them cannot be.

    They are replaced as a whole: what is not named is as it is by default, the chain and the crop as well.
    The backdrop is the client's, which draws it by itself. Signs come once, as such a client is used to.
    """
    wanted: dict[str, Any] = {"target_fps": FPS, "animefx_repeat": 0.0, **copy.deepcopy(dict(data))}
    wanted.pop("backdrop_path", None)
    notes = [f"setting {name!r} has no effect here" for name in without_effect() if name in data]
    if str(data.get("format", _PNG)).upper() not in (_PNG, *_FEED_FORMATS):
        notes.append(f"the feed is of PNG pictures: format {data['format']!r:.80} is not sent")
    for name, read in (("postprocessor_chain", _operation), ("animefx", _effect)):
        if isinstance(entries := wanted.get(name), list):
            wanted[name] = [read_entry for entry in entries for read_entry in read(entry, notes)]
    if isinstance(crop := wanted.get("crop"), Mapping):
        wanted["crop"] = _roomy(crop, notes)
    former = {name: wanted.pop(name) for name in FormerSettings.model_fields if name in wanted}
    motion, picture = _read(AnimatorSettings, wanted, notes), _read(FormerSettings, former, notes)
    return Understood({**motion.model_dump(mode="json"), **_named(picture)}, tuple(notes))


def feed_format(data: Mapping[str, Any]) -> ImageCodec:
    """What the pictures of the feed are to be, by the settings of a client."""
    return _FEED_FORMATS.get(str(data.get("format")).upper(), "png")


def _named(picture: FormerSettings) -> dict[str, Any]:
    shown = picture.model_dump(include={"crop", "upscale", "upscale_quality", "upscale_preset"})
    return {**shown, "postprocessor_chain": chain_json(picture.postprocessor_chain or ())}


def _roomy(crop: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """The crop with its edges at least as far apart as may be; what is no number stays."""
    edges = dict(crop)
    for low, high in (("left", "right"), ("top", "bottom")):
        at, to = edges.get(low, 0.0), edges.get(high, 1.0)
        if not all(isinstance(edge, int | float) and 0.0 <= edge <= 1.0 for edge in (at, to)):
            continue
        if to - at < MIN_SIDE:
            # On a grid on which the distance is exact.
            edges[low] = min(math.floor(at / MIN_SIDE * 64) * MIN_SIDE / 64, 1.0 - MIN_SIDE)
            edges[high] = edges[low] + MIN_SIDE
            notes.append(f"crop: {low} and {high} are kept {MIN_SIDE:g} apart at least")
    return edges


def _read(model: type[AnySettings], wanted: dict[str, Any], notes: list[str]) -> AnySettings:
    # Each round mends, or leaves out, what the last one complained of.
    for _ in range(len(model.model_fields) * 8):
        try:
            return model.model_validate(wanted)
        except ValidationError as error:
            faults = {fault["loc"]: _limit(fault) for fault in error.errors()}
        except AvatarRtcError as error:
            notes.append(str(error))
            faults = {(_culprit(model, wanted),): None}
        for path, limit in faults.items():
            name = ".".join(map(str, path))
            if limit is None or not _put(wanted, path, limit):
                _leave_out(wanted, path)
                notes.append(f"setting {name!r:.80} is left out: it is unknown or cannot be")
            else:
                notes.append(f"setting {name!r:.80} is {limit:g}, the nearest that can be")
    return model()


def _limit(fault: "ErrorDetails") -> float | None:
    """The bound that a number is beyond; None for faults of another kind."""
    context = fault.get("ctx", {})
    bound = context.get("le", context.get("ge"))
    return None if bound is None or isinstance(fault["input"], str) else float(bound)


def _operation(entry: Any, notes: list[str]) -> list[list[object]]:
    """The operation as ours; none if it cannot be."""
    try:
        return chain_json(check_chain([entry]))
    except AvatarRtcError as error:
        notes.append(f"operation left out: {error}")
        return []


def _effect(entry: Any, notes: list[str]) -> list[dict[str, Any]]:
    """The effect as ours; none if it cannot be."""
    named = {**entry[1], "name": entry[0]} if isinstance(entry, list) and len(entry) == 2 else entry
    try:
        return [Effect.model_validate(named).model_dump(mode="json")]
    except (ValidationError, AvatarRtcError) as error:
        notes.append(f"effect left out: {str(error).splitlines()[0]}")
        return []


def _culprit(model: type[BaseModel], wanted: Mapping[str, Any]) -> str:
    """The first setting that cannot be even alone; else the last, whose range contradicts another's."""
    for name, value in wanted.items():
        try:
            model.model_validate({name: value})
        except (ValidationError, AvatarRtcError):
            return name
    return next(reversed(list(wanted)))


def _put(node: Any, path: Sequence[int | str], value: float) -> bool:
    """Put a value at a path; False if there is no such place."""
    for step in path[:-1]:
        node = _at(node, step)
    if _at(node, path[-1]) is None:
        return False
    node[path[-1]] = value
    return True


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
