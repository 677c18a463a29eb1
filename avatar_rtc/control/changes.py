"""What a message makes of an avatar's state: pure, so that every door has the same law.

next_state(state, message, t) ─► state'            answer(state', message) ─► the fields of its `ok`
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from avatar_rtc.control.acting_messages import ActivitySet, GesturePlay, GesturesSet, HearingSet
from avatar_rtc.control.backdrop import backdrop_json, backdrop_of
from avatar_rtc.control.messages import (
    BackdropSet,
    ChainSet,
    CropSet,
    CueSet,
    DataEyesSet,
    EmotionsSet,
    FramingSet,
    GazeSet,
    OverridesPatch,
    OverridesSet,
    PauseSet,
    PoseSet,
    SettingsPatch,
    SettingsSet,
    SetupSet,
    StillSet,
    TalkingSet,
)
from avatar_rtc.control.settings import check_settings, patched, settings_json
from avatar_rtc.control.setup import setup_json
from avatar_rtc.control.state import AvatarState, Cue, DataEyes, LivePose, PlayedGesture
from avatar_rtc.control.state_json import crop_json, framing_json, still_json
from avatar_rtc.errors import UnknownName
from avatar_rtc.face.activity import Activity, Hearing
from avatar_rtc.face.gestures import MAX_AT_ONCE, GestureTemplate
from avatar_rtc.face.holding import CUE_HOLD_S
from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS, Backdrops
from avatar_rtc.filters_schema.chain import chain_json, enlargement
from avatar_rtc.stream.framing import Views
from avatar_rtc.stream.levels import default_bitrate_bps, h264_level

_SIDE = 512
_BLOCK = 16

Flowing: TypeAlias = CueSet | PoseSet | HearingSet
"""What comes many times a second, and is nobody else's business."""
Change: TypeAlias = (
    EmotionsSet | OverridesSet | OverridesPatch | SettingsSet | SettingsPatch | GazeSet | TalkingSet
    | PauseSet | StillSet | CropSet | FramingSet | ChainSet | BackdropSet | SetupSet | DataEyesSet
    | GesturePlay | GesturesSet | ActivitySet | Flowing
)  # fmt: skip


NO_GESTURES: Mapping[str, GestureTemplate] = {}


def next_state(
    state: AvatarState,
    message: Change,
    t: float,
    backdrops: Backdrops = SHIPPED_BACKDROPS,
    gestures: Mapping[str, GestureTemplate] = NO_GESTURES,
) -> AvatarState:
    """The state once a message is taken at media time t; the same object if something newer is held.

    Args:
        backdrops: those that may be named.
        gestures: those that every avatar has.

    Raises:
        UnknownName: a morph, cel, setting, operation, … that does not exist; names the nearest.
        InputError: a value that cannot be.
    """
    match message:
        case EmotionsSet():
            return replace(state, templates=message.templates())
        case OverridesSet(overrides=values):
            return replace(state, overrides=values)
        case OverridesPatch(overrides=values):
            return replace(state, overrides=_patched_overrides(state.overrides, values))
        case SettingsSet(settings=data):
            return replace(state, settings=check_settings(data))
        case SettingsPatch(settings=data):
            return replace(state, settings=patched(state.settings, data))
        case GazeSet():
            return replace(state, gaze=message.target)
        case TalkingSet(on=on):
            return replace(state, talking=on)
        case PauseSet(on=on):
            return replace(state, paused=on)
        case StillSet(values=values):
            return replace(state, still=values)
        case CropSet():
            return replace(state, crop=message.crop())
        case FramingSet():
            # The newest wish counts: edges that go on deciding would make of the word an empty one.
            crop = replace(state.crop, enabled=False)
            return replace(state, crop=crop, framing=message.framing())
        case ChainSet(chain=chain):
            return replace(state, chain=chain, chain_on=message.on)
        case BackdropSet():
            return replace(state, backdrop=backdrop_of(message, backdrops))
        case SetupSet():
            return after_all(state, message.messages(), t, backdrops, gestures)
        case DataEyesSet(on=on):
            held = state.data_eyes
            # Said twice, a fade that runs would start anew.
            same = on == (held is not None and held.on)
            return state if same else replace(state, data_eyes=DataEyes(on, t))
        case GesturePlay():
            return _with_gesture(state, message, t, {**gestures, **state.own_gestures})
        case GesturesSet():
            return replace(state, own_gestures=message.templates())
        case ActivitySet(name=name):
            return state if name == state.activity.name else replace(state, activity=Activity(name, t))
        case HearingSet(level=level, voice=voice):
            return replace(state, hearing=Hearing(level, voice, t))
        case CueSet():
            return _with_cue(state, message, t)
        case PoseSet():
            return _with_pose(state, message, t)


def after_all(
    state: AvatarState,
    messages: Iterable[Change],
    t: float,
    backdrops: Backdrops = SHIPPED_BACKDROPS,
    gestures: Mapping[str, GestureTemplate] = NO_GESTURES,
) -> AvatarState:
    """The state once these messages are taken, one after the other; raises as `next_state`."""
    for message in messages:
        state = next_state(state, message, t, backdrops, gestures)
    return state


def answer(state: AvatarState, message: Change) -> dict[str, object]:
    """What the `ok` to a message carries, now that the state is this."""
    match message:
        case EmotionsSet():
            return {"emotions": sorted(state.templates)}
        case GesturePlay():
            return {"seconds": round(state.gestures[-1].template.seconds, 3)}
        case GesturesSet():
            return {"gestures": sorted(state.own_gestures)}
        case OverridesSet() | OverridesPatch():
            return {"overrides": dict(state.overrides)}
        case SettingsSet() | SettingsPatch():
            return {"settings": settings_json(state.settings)}
        case StillSet():
            return {"still": still_json(state.still)}
        case CropSet():
            return {"crop": crop_json(state.crop)}
        case FramingSet():
            return {"framing": framing_json(state.framing)}
        case ChainSet():
            return {"chain": chain_json(state.chain)}
        case BackdropSet():
            return {"backdrop": backdrop_json(state.backdrop)}
        case SetupSet():
            return setup_json(state)
    return {}


def check_sendable(state: AvatarState, views: Views, fps: float) -> None:
    """Refuse a picture that could not be sent; `views` is the character's, `fps` the server's.

    Raises:
        InputError: it is beyond what H.264 carries.
    """
    factor = enlargement(state.chain)
    across, down = (_SIDE, _SIDE) if state.cast is None else (state.cast.width, state.cast.height)
    rows, columns = views.shown(state.crop, state.framing).window(down, across)
    width, height = (-(-round(len(side) * factor) // _BLOCK) * _BLOCK for side in (columns, rows))
    rate = min(fps, state.settings.target_fps)
    h264_level(width, 2 * height, rate, default_bitrate_bps(width, 2 * height, rate))


def _patched_overrides(held: Mapping[str, float], changes: Mapping[str, float | None]) -> dict[str, float]:
    kept = {name: value for name, value in held.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if value is not None}


def _with_gesture(
    state: AvatarState, message: GesturePlay, t: float, known: Mapping[str, GestureTemplate]
) -> AvatarState:
    if message.name not in known:
        raise UnknownName("gesture", message.name, known)
    # The same one begins anew in the place of the one before.
    others = (each for each in state.gestures if each.end > t and each.template.name != message.name)
    under_way = tuple(others)[1 - MAX_AT_ONCE :]
    played = PlayedGesture(known[message.name], t, message.strength)
    return replace(state, gestures=(*under_way, played))


def _with_cue(state: AvatarState, message: CueSet, t: float) -> AvatarState:
    held = state.cue
    # The channel is unordered. A held cue that ran out says nothing: a caller that starts over counts from 0.
    if held is not None and held.holds(t) and message.t_ms < held.t_ms:
        return state
    mouth = message.mouth()
    cue = Cue(message.t_ms, mouth.morphs, t + CUE_HOLD_S, mouth.sounds, mouth.closed)
    return replace(state, cue=cue)


def _with_pose(state: AvatarState, message: PoseSet, t: float) -> AvatarState:
    held = state.live_pose
    if held is not None and held.holds(t) and message.t_ms < held.t_ms:
        return state
    return replace(state, live_pose=LivePose(message.pose(), t, message.t_ms))
