"""Expressions are emotions: each has a file of its name, and several may be active at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.vts.envelope import Fault, VtsError, lenient_number, lenient_text, lenient_truth, shown

SUFFIX = ".exp3.json"
MOST_FADE_S = 2.0
_MOST_AT_ONCE = 28


def expression_file(emotion: str) -> str:
    """The name of an emotion's file; nothing lies there."""
    return f"{emotion}{SUFFIX}"


def active_expressions(avatar: Avatar) -> list[str]:
    """The emotions that are shown and that will not end by themselves, but for the default one."""
    shown_now = avatar.lasting.emotions
    return [name for name, weight in shown_now.items() if weight > 0 and name != avatar.actor.default_emotion]


def show_expressions(avatar: Avatar, names: Iterable[str]) -> None:
    """Be in these emotions, in equal parts; in the default one if there are none.

    Raises:
        UnknownName: this avatar does not have one of them.
    """
    chosen = list(dict.fromkeys(names))[-_MOST_AT_ONCE:] or [avatar.actor.default_emotion]
    avatar.act(EmotionSet(weights=dict.fromkeys(chosen, 1.0)))


def toggle_expression(avatar: Avatar, name: str, active: bool | None = None) -> None:
    """Put an emotion to those that are active, or take it away; None is the other way round than it is."""
    names = active_expressions(avatar)
    wanted = name not in names if active is None else active
    others = [each for each in names if each != name]
    if wanted != (name in names):
        show_expressions(avatar, [*others, name] if wanted else others)


def activate_expression(avatar: Avatar, data: Mapping[str, Any]) -> None:
    """What `ExpressionActivationRequest` asks for. Emotions fade as they do here, however long it says.

    Raises:
        VtsError: there is no such expression, or it cannot fade for so long.
    """
    emotion = _emotion_of(
        avatar, lenient_text(data, "expressionFile"), Fault.EXPRESSION_FILE, Fault.EXPRESSION_NOT_FOUND
    )
    fade = lenient_number(data, "fadeTime", 0.25)
    if fade is None or not 0.0 <= fade <= MOST_FADE_S:
        raise VtsError(Fault.EXPRESSION_FILE, f"fadeTime has to be in 0..{MOST_FADE_S:g} s")
    toggle_expression(avatar, emotion, lenient_truth(data, "active"))


def expressions_told(
    avatar: Avatar | None, data: Mapping[str, Any], hotkeys: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What `ExpressionStateRequest` is told of the emotions.

    Args:
        hotkeys: emotion → id of its hotkey, which has its name.

    Raises:
        VtsError: there is no such expression.
    """
    if avatar is None:
        return []
    names: Iterable[str] = avatar.actor.emotions
    if data.get("expressionFile"):
        names = [
            _emotion_of(
                avatar,
                lenient_text(data, "expressionFile"),
                Fault.EXPRESSION_STATE_FILE,
                Fault.EXPRESSION_STATE_NOT_FOUND,
            )
        ]
    active, details = set(active_expressions(avatar)), lenient_truth(data, "details")
    return [
        {
            "name": name,
            "file": expression_file(name),
            "active": name in active,
            "deactivateWhenKeyIsLetGo": False,
            "autoDeactivateAfterSeconds": False,
            "secondsRemaining": 0,
            "usedInHotkeys": [{"name": name, "id": hotkeys[name]}] if details else [],
            "parameters": _parameters_of(avatar, name) if details else [],
        }
        for name in names
    ]


def _parameters_of(avatar: Avatar, emotion: str) -> list[dict[str, Any]]:
    return [{"name": morph, "value": value} for morph, value in _template(avatar, emotion).items()]


def shown_morphs(avatar: Avatar) -> dict[str, float]:
    """Morph → what the emotions that are shown now do to it."""
    state = avatar.state
    total = max(1.0, sum(state.emotions.values()))
    morphs: dict[str, float] = {}
    for name, weight in state.emotions.items():
        for morph, value in _template(avatar, name).items():
            morphs[morph] = morphs.get(morph, 0.0) + value * weight * state.intensity / total
    return morphs


def _template(avatar: Avatar, emotion: str) -> Mapping[str, float]:
    template = avatar.templates.get(emotion)
    return {} if template is None else template.pose


def _emotion_of(avatar: Avatar, file: str, invalid: Fault, not_found: Fault) -> str:
    if not file.lower().endswith(SUFFIX):
        raise VtsError(invalid, f"expressionFile has to end with {SUFFIX}")
    emotion = file[: -len(SUFFIX)].lower()
    if emotion not in avatar.actor.emotions:
        raise VtsError(not_found, f"there is no expression {shown(file)}")
    return emotion
