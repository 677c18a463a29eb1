"""Settings that are none any more, as the messages of today.

The animator's settings once held the picture, too, as the predecessor's do. Whoever still names that there,
in a file, a character or a message, is understood: crop, chain and backdrop have their own places in the
state, and their own messages.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from avatar_rtc.control.backdrop import backdrop_json
from avatar_rtc.control.changes import Change
from avatar_rtc.control.messages import (
    BackdropSet,
    ChainSet,
    CropSet,
    SettingsPatch,
    SettingsSet,
    SetupSet,
)
from avatar_rtc.control.settings import read_settings
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.filters_schema.anime4k_files import is_folder_given
from avatar_rtc.filters_schema.chain import Chain, Operation, chain_json
from avatar_rtc.filters_schema.size import Upscale
from avatar_rtc.stream.crop import NO_OWN_CROP, OwnCrop

BLUR = 6.7
"""Sigma of a backdrop that is out of focus, in px of 512, as the predecessor's clients had it."""


def _no_path(name: object) -> object:
    """A backdrop's name; a file on the client's own disk is none of ours."""
    return None if isinstance(name, str) and ("/" in name or "\\" in name) else name


def without_effect() -> tuple[str, ...]:
    """Of what settings held, what says nothing here: the times of all stages are always told, and presets are
    of Anime4K's networks, if they were given."""
    return ("metrics_enabled",) if is_folder_given() else ("metrics_enabled", "upscale_preset")


_NO_UPSCALE = Upscale(factor=1.0)


class FormerSettings(BaseModel):
    """What settings held beside motion; names, ranges and defaults are the predecessor's."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    crop: OwnCrop = NO_OWN_CROP
    upscale: float = Field(1.0, ge=1.0, le=4.0)
    """Output side / input side, before the chain; 1 is off."""
    upscale_quality: Literal["low", "high", "bilinear", "bicubic"] = "bicubic"
    """low and high are sizes of the network `anime`, the others are interpolation."""
    postprocessor_chain: Chain | None = None
    """None keeps what there is."""
    backdrop_path: Annotated[str | None, BeforeValidator(_no_path)] = Field(None, max_length=200)
    """Name of the backdrop; None, or a path on the client's disk, keeps what there is."""
    backdrop_blur: bool = True
    """Whether the backdrop of `backdrop_path` is out of focus."""
    format: str = Field("PNG", max_length=20)
    """Of the predecessor's feed, which hears of it at its own door; without effect elsewhere."""
    upscale_preset: Literal["A", "B", "C"] = "C"
    """Of Anime4K's networks, if the server was given them; else without effect."""
    metrics_enabled: bool = False
    """Without effect: times per stage are always measured."""


def translated(message: Change, state: AvatarState) -> list[Change]:
    """The message as today's, to be taken one after the other by a state that is this.

    Of settings it is the same message with motion alone, then what they name beside it; any other stays as it
    is. Whole settings that name any of it replace all of it but the backdrop: what they do not name is as it
    is by default. A patch changes a crop edge by edge, and of an upscaling factor or quality.

    Raises:
        UnknownName, OutOfRange, InputError: a value that cannot be, as `check_settings`.
    """
    if isinstance(message, SetupSet):
        return [each for part in message.messages() for each in translated(part, state)]
    if not isinstance(message, SettingsSet | SettingsPatch):
        return [message]
    former = FormerSettings.model_fields
    named = {name: value for name, value in message.settings.items() if name in former}
    motion = {name: value for name, value in message.settings.items() if name not in former}
    if not named:
        return [message]
    is_patch = isinstance(message, SettingsPatch)
    asked = _read(named, state.crop if is_patch else NO_OWN_CROP)
    return [
        message.model_copy(update={"settings": motion}),
        *(_crop(asked) if is_patch else [CropSet(**asdict(asked.crop))]),
        *(_chain(asked, state) if is_patch else [_whole_chain(asked)]),
        *_backdrop(asked, state.backdrop),
    ]


def _read(named: dict[str, Any], held: OwnCrop) -> FormerSettings:
    if isinstance(edges := named.get("crop"), Mapping):
        named["crop"] = asdict(held) | dict(edges)
    return read_settings(FormerSettings, named)


def _crop(asked: FormerSettings) -> list[CropSet]:
    return [CropSet(**asdict(asked.crop))] if "crop" in asked.model_fields_set else []


def _whole_chain(asked: FormerSettings) -> ChainSet:
    upscaling = _upscaling(asked, None)
    first = () if upscaling is None else (Operation("upscale", upscaling),)
    return ChainSet(chain=chain_json((*first, *(asked.postprocessor_chain or ()))))


def _chain(asked: FormerSettings, state: AvatarState) -> list[ChainSet]:
    """What `upscale` asks for is the operation `upscale` with which the chain begins."""
    before, rest = _upscaling_of(state.chain)
    enlarges = not asked.model_fields_set.isdisjoint(("upscale", "upscale_quality", "upscale_preset"))
    if (chain := asked.postprocessor_chain) is None:
        if not enlarges:
            return []
        chain = rest
    if enlarges:
        upscaling = _upscaling(asked, before or _NO_UPSCALE)
    else:
        upscaling = before if _upscaling_of(chain)[0] is None else None
    first = () if upscaling is None else (Operation("upscale", upscaling),)
    return [ChainSet(chain=chain_json((*first, *chain)))]


def _upscaling_of(chain: tuple[Operation, ...]) -> tuple[Upscale | None, tuple[Operation, ...]]:
    match chain:
        case (Operation(_, Upscale() as upscaling), *rest):
            return upscaling, tuple(rest)
    return None, chain


def _upscaling(asked: FormerSettings, held: Upscale | None) -> Upscale | None:
    changes: dict[str, object] = {"enabled": True}
    if "upscale" in asked.model_fields_set:
        changes["factor"] = asked.upscale
    if (quality := asked.upscale_quality) in ("low", "high"):
        changes |= {"method": "anime4k" if is_folder_given() else "anime", "quality": quality}
    elif "upscale_quality" in asked.model_fields_set:
        changes["method"] = quality
    if is_folder_given() and not asked.model_fields_set.isdisjoint(("upscale_quality", "upscale_preset")):
        changes["preset"] = asked.upscale_preset
    upscaling = (held or _NO_UPSCALE).model_copy(update=changes)
    # One that is off and not as it is by default waits for its factor: callers may patch one after the other.
    waits = held is not None and upscaling != _NO_UPSCALE
    return None if upscaling.neutral and not waits else upscaling


def _backdrop(asked: FormerSettings, held: Backdrop) -> list[BackdropSet]:
    if (name := asked.backdrop_path) is None:
        return []
    kept = held if held.name == name else Backdrop(name, held.colour)
    blur = (kept.blur or BLUR) if asked.backdrop_blur else 0.0
    return [BackdropSet.model_validate({**backdrop_json(kept), "blur": blur})]
