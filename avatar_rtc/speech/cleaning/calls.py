"""Bare JSON that calls a tool, as small models write it: `{"name": "get_time", "arguments": {}}`.

Only an object that no word touches, or a list of them that begins a line, and only by its first keys: other
JSON is text.
"""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Json

_LONGEST = 300
_OPENING = r"\[?\s{0,20}\{\s{0,20}"
_KEY = r'"[A-Za-z_]{1,30}"\s{0,5}:\s{0,5}'
_VALUE = r'(?:"(?:[^"\\\n]|\\.){0,120}"|null|true|false|[\d.]{1,20})\s{0,5},\s{0,20}'
_SURE = (
    r"tool|tool_name|tool_call|tool_calls|tool_use|function|function_call|function_calls|arguments|parameters|"
    r"action_input|tool_input"
)
_MAYBE = r"name|id|type|action|call_id|index|description|thought"
_CALL = re.compile(rf'{_OPENING}(?:"(?:{_MAYBE})"\s{{0,5}}:\s{{0,5}}{_VALUE}){{0,4}}"(?:{_SURE})"\s{{0,5}}:')
_PART = re.compile(
    rf"\[?\s{{0,20}}(?:\{{\s{{0,20}}(?:{_KEY}{_VALUE}){{0,4}}"
    r'(?:"[A-Za-z_]{0,30}(?:"\s{0,5}(?::\s{0,5}(?:"(?:[^"\\\n]|\\.){0,120}\\?"?|[a-z\d.]{0,20})\s{0,5},?\s{0,20})?)?)?)?\Z'
)


def bare_call(text: str, at: int, is_all: bool) -> Found | None:
    """The call that begins there, whatever its length."""
    if _CALL.match(text, at, at + _LONGEST):
        return Found(0, " ", Json())
    is_open = not is_all and len(text) < at + _LONGEST and _PART.match(text, at)
    return UNDECIDED if is_open else None
