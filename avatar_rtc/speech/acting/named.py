"""Acts that a tag names by a kind and a value: `face: happy`, `motion: nod`, `{"mood": "sad", "delay": 1}`.

ACT_KINDS is the table of the words that programs use. What is named but not known here may be the character's
own: it stays, under its own name.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import emotion_id
from avatar_rtc.speech.acting.acts import (
    MAX_ACTED_PAUSE_S,
    Feeling,
    Gesture,
    Glance,
    Pause,
    TextAct,
    look_named,
    scaled,
)
from avatar_rtc.speech.acting.words import acts_meant
from avatar_rtc.speech.tags import emotion_named, seconds_of, strength_of

ActKind = Literal["feeling", "gesture", "any", "look", "pause"]
_KINDS: Mapping[ActKind, str] = {
    "feeling": "face emotion emotions emo expression expressions expr exp mood feeling feelings feel "
    "表情 情绪 情緒 心情 感情 감정 표정",
    "gesture": "gesture gestures motion motions animation anim action actions pose move body 动作 動作 동작",
    "any": "emote act",
    "look": "look gaze eyes lookat look_at",
    "pause": "pause wait delay silence break sleep beat 停顿 停頓 間",
}
ACT_KINDS: Mapping[str, ActKind] = {word: kind for kind, row in _KINDS.items() for word in row.split()}
"""Word of a program → what it names."""
STRENGTHS = frozenset("strength intensity level weight amount degree".split())
HOLDS = frozenset("hold duration hold_s seconds time length".split())
_PAUSE_S = 1.0
"""A pause that does not say how long it is."""
_PAUSES = {
    "short": 0.5,
    "brief": 0.5,
    "weak": 0.3,
    "medium": 0.5,
    "strong": 0.8,
    "x-strong": 1.2,
    "long": 2.0,
}
_PAUSE = re.compile(
    r"(?:an?\s+)?(?:(?P<how>short|brief|long)\s+)?(?:pauses?|(?P<waits>waits?|delay)|silence|beat)(?:\s+(?:for|of))?"
    r"(?:\s+(?P<time>\d[\d.]{0,5}\s?(?:ms|s(?:ec(?:onds?)?)?)?))?",
    re.IGNORECASE,
)
_LOOKS = {
    "user": "viewer", "you": "viewer", "me": "viewer", "camera": "viewer", "front": "viewer",
    "center": "viewer", "centre": "viewer", "forward": "viewer", "aside": "away", "side": "away",
    "floor": "down", "ground": "down", "ceiling": "up", "sky": "up",
}  # fmt: skip
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_TIME = re.compile(rf"{_NUMBER}[ \t]*m?s(?:ec(?:onds?)?)?\b", re.IGNORECASE)
_SHARE = re.compile(rf"{_NUMBER}[ \t]*%?")
_NAME = re.compile(r"[^\W\d_][^:,;|=(){}<>\[\]\n\"*/0-9]*")
_PAIR = re.compile(r"""["']?([A-Za-z_]{1,20})["']?\s*[:=]\s*(?:["']([^"'\n]{0,60})["']|([\d.]{1,8}))""")


def acts_named(kind: str, value: str) -> tuple[TextAct, ...]:
    """What a kind and a value ask for; nothing where they ask for none.

    >>> acts_named("face", "happy:0.5")
    (Feeling(emotion='joy', strength=0.5, hold_s=None),)
    >>> acts_named("motion", "nod"), acts_named("delay", "0.5")
    ((Gesture(name='nod', strength=1.0),), (Pause(seconds=0.5),))
    """
    what = ACT_KINDS[kind.lower()]
    if what == "pause":
        return (Pause(_pause_s(value)),)
    time = _TIME.search(value)
    rest = _TIME.sub(" ", value)
    hold_s = seconds_of(time[0].replace(" ", "")) if time else None
    name = _NAME.search(rest)
    if name is None:
        return ()
    word = name[0].strip().replace("_", " ").strip(" -.")
    if what == "look":
        return _looks(word.lower(), hold_s)
    share = _SHARE.search(rest, name.end())
    strength = strength_of(share[0].replace(" ", "")) if share else None
    return tuple(_held(act, hold_s) for act in _named(what, word, strength))


def pause_told(words: str, is_tag: bool = False) -> tuple[TextAct, ...] | None:
    """The pause of "long pause", "pause for 2 seconds"; None for other words.

    Args:
        is_tag: they stand where nothing is heard: "wait 2s" is one, too.
    """
    pause = _PAUSE.fullmatch(words.strip())
    if pause is None or (pause["waits"] and not is_tag):
        return None
    return acts_named("pause", pause["time"] or pause["how"] or "")


def acts_of_object(data: Mapping[str, object]) -> tuple[TextAct, ...]:
    """What a JSON object asks for, in the order of its keys; other keys say nothing.

    >>> acts_of_object({"emotion": {"name": "happy", "intensity": 0.7}, "motion": "nod"})
    (Feeling(emotion='joy', strength=0.7, hold_s=None), Gesture(name='nod', strength=1.0))
    """
    lower = {str(key).lower(): value for key, value in data.items()}
    strength = _number_in(lower, STRENGTHS)
    found: list[TextAct] = []
    for key, value in lower.items():
        if key in ACT_KINDS:
            found += _of_value(key, value)
    return tuple(found) if strength is None else tuple(scaled(act, strength) for act in found)


def is_act_object(data: Mapping[str, object]) -> bool:
    """Whether nothing else is in it than acts and how strong they are."""
    keys = {str(key).lower() for key in data}
    return bool(keys & ACT_KINDS.keys()) and keys <= ACT_KINDS.keys() | STRENGTHS | HOLDS


def acts_in_token(body: str) -> tuple[TextAct, ...]:
    """What the inside of a token asks for: `ACT {"emotion": "happy"}`, `EMOTE_HAPPY`, `DELAY:1`.

    >>> acts_in_token("EMOTE_HAPPY"), acts_in_token("DELAY:1")
    ((Feeling(emotion='joy', strength=1.0, hold_s=None),), (Pause(seconds=1.0),))
    """
    kind, value = re.match(r"\W*([^\W_]*)[\s:=_-]*(.*)", body, re.DOTALL).groups()  # type: ignore[union-attr]
    if "{" in value or re.search(r"[\"']?\w+[\"']?\s*[:=]\s*[\"']", value):
        return acts_of_object(_object_in(value))
    return acts_named(kind, value) if kind.lower() in ACT_KINDS else ()


def expression_acts(value: str | Mapping[str, object], mood: str = "") -> tuple[TextAct, ...]:
    """What an expression told beside a text asks for, as the attribute `lk.expression` has it.

    Args:
        value: free words, JSON as text, or `{"value" | "expression": free words, "mood": …}`.
        mood: shown where the words name no emotion.

    >>> expression_acts('{"expression": "nods slowly", "mood": "hopeful"}')
    (Feeling(emotion='optimism', strength=1.0, hold_s=None), Gesture(name='nod', strength=0.5))
    """
    if isinstance(value, str):
        decoded = _json(value) if value.lstrip().startswith("{") else None
        if decoded is None:
            return _expressed(value, mood)
        value = decoded
    words = next((words for key in ("expression", "value") if isinstance(words := value.get(key), str)), "")
    told = value.get("mood")
    return _expressed(words, told if isinstance(told, str) else mood)


def _expressed(words: str, mood: str) -> tuple[TextAct, ...]:
    acts = acts_meant(words) if words.strip() else ()
    emotion = emotion_named(mood)
    if emotion is None or any(isinstance(act, Feeling) for act in acts):
        return acts
    return (Feeling(emotion), *acts)


def _of_value(kind: str, value: object) -> Iterable[TextAct]:
    match value:
        case str():
            return acts_named(kind, value)
        case bool() | None:
            return ()
        case int() | float():
            return acts_named(kind, f"{value}") if ACT_KINDS[kind] == "pause" else ()
        case Mapping():
            return _of_named_object(kind, {str(key).lower(): each for key, each in value.items()})
        case list():
            return [
                act for each in value[:4] if isinstance(each, str | Mapping) for act in _of_value(kind, each)
            ]
    return ()


def _of_named_object(kind: str, lower: Mapping[str, object]) -> Iterable[TextAct]:
    names = (lower.get(key) for key in ("name", "type", "value", "id", "label", "target"))
    name = next((name for name in names if isinstance(name, str)), "")
    strength, hold_s = _number_in(lower, STRENGTHS), _number_in(lower, HOLDS)
    acts = acts_named(kind, name) if name else ()
    acts = acts if strength is None else tuple(scaled(act, strength) for act in acts)
    return [_held(act, hold_s) for act in acts]


def _named(what: ActKind, name: str, strength: float | None) -> tuple[TextAct, ...]:
    emotion = emotion_named(name)
    if what == "feeling" and emotion is not None:
        return (Feeling(emotion, 1.0 if strength is None else strength),)
    acts = acts_meant(name, strength)
    if acts or what == "any":
        return acts
    try:
        own = emotion_id(name)
    except InputError:
        return ()
    share = 1.0 if strength is None else strength
    return (Gesture(own, share) if what == "gesture" else Feeling(own, share),)


def _held(act: TextAct, hold_s: float | None) -> TextAct:
    return replace(act, hold_s=hold_s) if isinstance(act, Feeling) and hold_s else act


def _looks(word: str, seconds: float | None) -> tuple[TextAct, ...]:
    for each in word.split():
        if look := look_named(_LOOKS.get(each, each)):
            return (Glance(look, seconds) if seconds else Glance(look),)
    return ()


def _pause_s(value: str) -> float:
    time = re.search(rf"{_NUMBER}[ \t]*(?:ms)?", value)
    if time is None:
        return next((seconds for word, seconds in _PAUSES.items() if value.strip().lower() == word), _PAUSE_S)
    return min(MAX_ACTED_PAUSE_S, seconds_of(time[0].replace(" ", "")) or 0.0)


def _number_in(data: Mapping[str, object], keys: Iterable[str]) -> float | None:
    found = (data[key] for key in keys if key in data)
    return next(
        (float(each) for each in found if isinstance(each, int | float) and not isinstance(each, bool)), None
    )


def _object_in(text: str) -> Mapping[str, object]:
    """The object there; one that is not well formed by its pairs of names and values."""
    begin, end = text.find("{"), text.rfind("}")
    decoded = _json(text[begin : end + 1]) if 0 <= begin < end else None
    if decoded is not None:
        return decoded
    return {key: value or _float(number) for key, value, number in _PAIR.findall(text)}


def _float(digits: str) -> float:
    """The number; 0 for what is none, such as "1.2.3"."""
    try:
        return float(digits)
    except ValueError:
        return 0.0


def _json(text: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None
