"""Who speaks, where a model begins with it: "Assistant:" before all that is heard."""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found

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
