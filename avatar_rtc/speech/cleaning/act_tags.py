"""Acts as programs and prompts have models write them, in brackets, braces and colons.

    [joy:0.5]  [face:happy]  [motion=nod]  [pause:1]   【开心】   {joy}  {"emotion": "happy"}   :nod:
    <mood:happy>   <happy>Hi</happy>   <pause 1s>   a line "Emotion: happy"   [SOUND: a door]

Other tags are read where their signs are: `<emotion value="happy"/>` and `<|ACT {…}|>` by `model_marks`. What
has the form of such a tag, and names nothing that is known, is not heard either.
"""

import json
import re

from avatar_rtc.speech.acting.acts import Feeling, Gesture, TextAct, written
from avatar_rtc.speech.acting.named import (
    ACT_KINDS,
    HOLDS,
    STRENGTHS,
    acts_named,
    acts_of_object,
    is_act_object,
    pause_told,
)
from avatar_rtc.speech.acting.words import acts_in_signs, acts_told
from avatar_rtc.speech.cleaning.acts import begins_act
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.cleaning.narration import ENDED
from avatar_rtc.speech.tags import ACT_NAMES, TAG, act_named, emotion_named, strip_tags

_LONGEST_CORNER = 16
_LONGEST_OBJECT = 300
_KIND = "|".join(sorted(map(re.escape, ACT_KINDS), key=len, reverse=True))
_KINDED = re.compile(
    rf"[ \t]{{0,3}}(?P<kind>{_KIND})[ \t]{{0,3}}(?:[:：=][ \t]{{0,3}}(?P<value>[^\[\]【】\n]{{1,60}}))",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\[(?P<inside>[^\[\]\n]{1,80})\](?!\()")
_STAGED = re.compile(
    r"\s*(?:sounds?(?:\s+effects?)?|sfx|fx|music|bgm|ambience|noise|scene|setting|camera|stage(?:\s+direction)?)\s*[:：]",
    re.IGNORECASE,
)
"""What a stage does, and no face."""
_ANGLED = re.compile(r"<(?P<closes>/?)(?P<inside>[A-Za-z][^<>\n]{0,60}?)[ \t]{0,3}/?>")
_PART_OF_ANGLED = re.compile(r"</?(?:[A-Za-z][^<>\n]{0,63})?\Z")
_MANNERS = frozenset("whisper whispers whispering shout shouting soft softly loud loudly singing".split())
"""Elements around words that say how they are spoken; no voice here can."""
_ANGLED_WORDS = (*ACT_NAMES, *ACT_KINDS, *_MANNERS, "short", "brief", "long", "a ", "an ")
"""What an element may begin with."""
_FELT = "emotion|mood|expression|feeling"
_LINE = re.compile(
    rf"[ \t]{{0,3}}(?P<kind>{_FELT})[ \t]{{0,3}}[:：=]"
    r"[ \t]{0,3}(?P<value>[^\W\d_]{2,30})[ \t]{0,3}(?P<end>\n|\Z)",
    re.IGNORECASE,
)
_PART_OF_LINE = re.compile(
    rf"[ \t]{{0,3}}(?:(?:{_FELT})[ \t]{{0,3}}"
    r"(?:[:：=][ \t]{0,3}[^\W\d_]{0,30}[ \t]{0,3})?|[a-z]{1,10})\Z",
    re.IGNORECASE,
)
_CORNERED = re.compile(rf"【(?P<inside>[^【】\n]{{1,{_LONGEST_CORNER}}})】")
_PART_OF_CORNERED = re.compile(rf"【[^【】\n]{{0,{_LONGEST_CORNER}}}\Z")
_BRACED = re.compile(r"\{[ \t]{0,2}(?P<name>[A-Za-z_]{2,20})[ \t]{0,2}\}")
_PART_OF_BRACED = re.compile(r"\{[ \t]{0,2}[A-Za-z_]{0,20}[ \t]{0,2}\Z")
_OBJECT = re.compile(
    rf'\{{\s{{0,20}}"(?:{"|".join({*ACT_KINDS, *STRENGTHS, *HOLDS})})"\s{{0,5}}:', re.IGNORECASE
)
_PART_OF_OBJECT = re.compile(r'\{\s{0,20}(?:"[A-Za-z_]{0,20}(?:"\s{0,5})?)?\Z')
_CODE = re.compile(r":(?P<name>[a-z][a-z_]{1,20}):(?![\w/:])")
_PART_OF_CODE = re.compile(r":[a-z_]{1,20}:?\Z")
_COVERED = 0.5
"""Of the signs in corner brackets, that a word which is known has to be."""
_DECODER = json.JSONDecoder(strict=False)


def act_bracket(text: str, at: int, before: str) -> Found | None:
    """The tag in square brackets there, whose end is in the text, and what is behind it."""
    whole = _BRACKETED.match(text, at)
    if whole is None or before[-1:] in ("[", "\\"):
        return None
    inside = whole["inside"]
    if inside[0] == "/" and (act_named(inside[1:]) or inside[1:].lower() in ACT_KINDS):
        return Found(len(whole[0]))  # [happy]…[/happy]
    acts = _acts_of_ours(whole[0], inside) if TAG.fullmatch(whole[0]) else _acts_of(inside)
    if acts is None and (_STAGED.match(inside) or not inside.isascii()):
        acts = () if inside.isascii() else acts_in_signs(inside, _COVERED) or None
    return None if acts is None else Found(len(whole[0]), acts=written(acts))


def _acts_of_ours(tag: str, inside: str) -> tuple[TextAct, ...]:
    acts = tuple(each.act for each in strip_tags(tag)[1])
    told = acts_told(inside) if all(isinstance(act, Feeling) for act in acts) else ()
    # [laughs] is seen, too.
    return told if any(isinstance(act, Gesture) for act in told) else acts


def act_corner(text: str, at: int, is_all: bool) -> Found | None:
    """`【开心】`, if what is in it is an act; `【重要】` is text."""
    whole = _CORNERED.match(text, at)
    if whole is None:
        return UNDECIDED if not is_all and _PART_OF_CORNERED.match(text, at) else None
    inside = whole["inside"]
    acts = _acts_of(inside)
    if acts is None:
        acts = acts_in_signs(inside, _COVERED) if not inside.isascii() else _one(act_named(inside))
    return Found(len(whole[0]), acts=written(acts)) if acts else None


def act_angle(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """`<mood:happy>`, `<pause 1s>`, and `<happy>Hi</happy>`; `I <love> you` is text."""
    if before[-1:].isalnum() and text[at + 1 : at + 2] not in ("", "/"):
        return None
    whole = _ANGLED.match(text, at)
    if whole is None or (whole.end() == len(text) and not is_all):
        part = whole or _PART_OF_ANGLED.match(text, at)
        return UNDECIDED if part and not is_all and _may_be_angled(part[0].strip("</> \t")) else None
    inside = whole["inside"]
    named = act_named(inside)
    if inside.lower() in _MANNERS or (whole["closes"] and named):
        return Found(len(whole[0]))
    if whole["closes"]:
        return None
    acts = _acts_of(inside)
    following = text[whole.end() : whole.end() + 1]
    if acts is None and begins_act(inside, True) and not following.isalpha():
        return None  # `<laughs>` is narration
    if acts is None and named and (not following.isspace() or ENDED.search(before)):
        acts = (named,)
    return None if acts is None else Found(len(whole[0]), acts=written(acts))


def act_line(text: str, at: int, is_all: bool) -> Found | None:
    """`Emotion: happy` on a line of its own, if the emotion is known; to be asked where a line begins."""
    whole = _LINE.match(text, at)
    if whole is None or (not whole["end"] and not is_all):
        part = whole or _PART_OF_LINE.match(text, at)
        return UNDECIDED if part and not is_all and _may_be_felt(part[0].strip().lower()) else None
    if emotion_named(whole["value"]) is None:
        return None
    return Found(len(whole[0]), acts=written(acts_named(whole["kind"], whole["value"])))


def act_brace(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """`{joy}`, and an object of acts alone."""
    if before.rstrip()[-1:] in ("=", "$", "(", ",", ":"):
        return None
    named = _BRACED.match(text, at)
    if named:
        act = act_named(named["name"])
        return Found(len(named[0]), acts=written([act])) if act else None
    if not is_all and (_PART_OF_BRACED.match(text, at) or _PART_OF_OBJECT.match(text, at)):
        return UNDECIDED
    return _act_object(text, at, is_all) if _OBJECT.match(text, at) else None


def act_code(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """`:nod:`, as chats write emoji; what is no act stays one."""
    if before[-1:].isalnum() or before[-1:] in (":", "/", "\\"):
        return None
    whole = _CODE.match(text, at)
    if whole is None or (whole.end() == len(text) and not is_all):
        part = whole or _PART_OF_CODE.match(text, at)
        return UNDECIDED if part and not is_all and _may_name(part[0].strip(":")) else None
    act = act_named(whole["name"])
    return Found(len(whole[0]), acts=written([act])) if act else None


def _acts_of(inside: str) -> tuple[TextAct, ...] | None:
    """Of a kind and its value, or of a pause; None if it is neither."""
    if pause := pause_told(inside, is_tag=True):
        return pause
    kinded = _KINDED.fullmatch(inside)
    return acts_named(kinded["kind"], kinded["value"]) if kinded else None


def _one(act: TextAct | None) -> tuple[TextAct, ...]:
    return () if act is None else (act,)


def _may_name(begun: str) -> bool:
    return any(name.startswith(begun) for name in ACT_NAMES)


def _may_be_angled(begun: str) -> bool:
    lower = begun.lower()
    return any(word.startswith(lower) or lower.startswith(word) for word in _ANGLED_WORDS)


def _may_be_felt(begun: str) -> bool:
    return any(kind.startswith(begun) or begun.startswith(kind) for kind in _FELT.split("|"))


def _act_object(text: str, at: int, is_all: bool) -> Found | None:
    limit = at + _LONGEST_OBJECT
    try:
        data, end = _DECODER.raw_decode(text[at:limit])
    except (ValueError, RecursionError):
        return UNDECIDED if not is_all and len(text) < limit else None
    return Found(end, acts=written(acts_of_object(data))) if is_act_object(data) else None
