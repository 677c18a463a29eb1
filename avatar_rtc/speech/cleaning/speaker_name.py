"""Who speaks, where a model writes it: "Assistant:" before all that is heard, "### Response:" on its line."""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Until

_NAMES = ("ai assistant", "assistant", "chatbot", "chat bot", "bot", "chatgpt", "ai")
_NAME = re.compile(
    rf"[\[*]{{0,3}}(?:{'|'.join(_NAMES)})[\]*]{{0,3}}[ ]?[:：](?:\*\*)?(?!/)|assistant[ \t]{{0,3}}(?=\n)",
    re.IGNORECASE,
)
_PART = re.compile(r"[\[*]{0,3}(?P<name>[A-Za-z]*(?: [A-Za-z]*)?)[\]*]{0,3}[ \t]{0,3}(?:[:：]\*?)?\Z")


def speaker_name(text: str, at: int, is_all: bool) -> Found | None:
    """The name there, with its colon, or alone on its line."""
    name = _NAME.match(text, at)
    if name and (is_all or name.end() + 1 < len(text)):
        return Found(len(name[0]))
    if is_all:
        return None
    part = _PART.match(text, at)
    is_open = part and any(role.startswith(part["name"].lower().strip()) for role in _NAMES)
    return UNDECIDED if name or is_open else None  # asterisks may follow a name


_OWN = "assistant|response|answer|output|ai|model|bot"
_OTHERS = "instruction|input|system"
_TURN = re.compile(
    rf"###[ ]?(?i:(?P<own>{_OWN})[ ]?:[ \t]{{0,4}}|(?:user|human)[ ]?:|(?:{_OTHERS})[ ]?:[ \t]{{0,4}}(?=\n))"
    r"|(?:USER|HUMAN|Human):[ ]"
)
_PART_OF_TURN = re.compile(
    r"(?:#{1,3}[ ]?[A-Za-z]{0,11}[ ]?:?[ \t]{0,4}|U(?:S(?:E(?:R:?)?)?)?|H(?:[UMANuman]{0,4}):?)\Z"
)
_SPACE_TO_ITS_END = r"(?:[ \t]{4}|[ \t]{0,3}(?=[^ \t]))"
_NEXT_OWN_TURN = Until(
    re.compile(rf"\n[ \t]{{0,4}}(?:#{{2,3}}[ ]?)?(?:{_OWN})[ ]?:{_SPACE_TO_ITS_END}", re.IGNORECASE), 32
)


def turn_label(text: str, at: int, is_all: bool) -> Found | None:
    """The name of whose turn it is, at the beginning of a line, and all of a turn that is somebody else's."""
    label = _TURN.match(text, at)
    if label is None or (label.end() == len(text) and not is_all):
        is_open = label is not None or _PART_OF_TURN.match(text, at)
        return UNDECIDED if is_open and not is_all else None
    return Found(len(label[0]), "", None if label["own"] else _NEXT_OWN_TURN)
