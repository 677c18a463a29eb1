"""An avatar's state as JSON: in `state` events, over HTTP, in answers."""

from collections.abc import Mapping
from dataclasses import asdict

from avatar_rtc.control.backdrop import backdrop_json
from avatar_rtc.control.cast import cast_json
from avatar_rtc.control.settings import changes_json
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.filters_schema.chain import chain_json
from avatar_rtc.stream.crop import OwnCrop
from avatar_rtc.stream.framing import Framing


def state_json(state: AvatarState) -> dict[str, object]:
    """What is held, in the words of the messages that set it; of the settings those not at their default."""
    return {
        "emotion": {"weights": dict(state.emotions), "intensity": state.intensity},
        "overrides": dict(state.overrides),
        "gaze": gaze_json(state.gaze),
        "talking": state.talking,
        "paused": state.paused,
        "still": still_json(state.still),
        "data_eyes": state.data_eyes is not None and state.data_eyes.on,
        "activity": state.activity.name,
        "settings": changes_json(state.settings),
        "crop": crop_json(state.crop),
        "framing": framing_json(state.framing),
        "chain": chain_json(state.chain),
        "chain_on": state.chain_on,
        "backdrop": backdrop_json(state.backdrop),
        "stage": cast_json(state.cast),
    }


def gaze_json(gaze: Gaze | None) -> object:
    """A gaze as `gaze.set` takes it."""
    if gaze is None or isinstance(gaze.target, str):
        return gaze and gaze.target
    x, y = gaze.target
    return {"x": x, "y": y}


def still_json(still: Mapping[str, float] | None) -> dict[str, float] | None:
    """The pose that is held, as `still.set` takes it."""
    return None if still is None else dict(still)


def crop_json(crop: OwnCrop) -> dict[str, object]:
    """A crop as `crop.set` takes it."""
    return asdict(crop)


def framing_json(framing: Framing) -> dict[str, object]:
    """A framing as `framing.set` takes it."""
    return asdict(framing)
