"""An answer in JSON, as models give it that are asked for one: `{"emotion": "joy", "text": "Hello!"}`.

What is heard is its text, with its acts as tags. It waits for its end, and for a bounded one only.
"""

import json
import re
from collections.abc import Iterator, Mapping

from avatar_rtc.speech.acting.acts import Feeling, TextAct, written
from avatar_rtc.speech.acting.words import acts_meant
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.tags import emotion_named

LONGEST_ANSWER = 4_000
"""Characters; a longer object is text."""
_TEXT = (
    "text response answer reply message content speech say dialogue dialog output final_answer utterance"
).split()
_FEELING = "emotion mood feeling expression".split()
_BESIDE = ("thought thoughts thinking reasoning name character speaker role language type").split()
_MOVED = "action gesture animation motion".split()
_KEYS = (*_TEXT, *_FEELING, *_MOVED, *_BESIDE)
_OPENING = re.compile(
    rf'(?P<fence>```(?:json)?\s{{1,4}})?\{{\s{{0,20}}"(?:{"|".join(_KEYS)})"\s{{0,4}}:', re.IGNORECASE
)
_PART = re.compile(
    r'(?:`{1,3}[jJ]?[sS]?[oO]?[nN]?\s{0,4}|(?:```(?:json)?\s{1,4})?\{\s{0,20}(?:"(?P<key>[A-Za-z_]{0,12}"?)\s{0,4})?)\Z'
)
_FENCE = re.compile(r"\s{0,4}```[ \t]{0,4}(?=\n|\Z)")
_DECODER = json.JSONDecoder(strict=False)


def json_answer(text: str, at: int, is_all: bool) -> tuple[Found | None, str]:
    """The answer that begins there, before all that is heard, and what it says."""
    opening = _OPENING.match(text, at)
    limit = at + LONGEST_ANSWER
    if opening is None:
        part = _PART.match(text, at)
        is_open = part is not None and _may_be_key((part["key"] or "").lower())
        return UNDECIDED if is_open and not is_all else None, ""
    begin = text.index("{", at)
    answer, end = _object(text[begin:limit])
    if answer is None:
        return UNDECIDED if not is_all and len(text) < limit else None, ""
    said = _said(answer)
    end += begin
    if said is None:
        return None, ""
    if opening["fence"]:
        fence = _FENCE.match(text, end)
        if fence is None or (fence.end() == len(text) and not is_all):
            return UNDECIDED if not is_all and len(text) < end + 12 else None, ""
        end = fence.end()
    return Found(end - at), said


def _may_be_key(begun: str) -> bool:
    return begun.rstrip('"') in _KEYS if begun.endswith('"') else any(key.startswith(begun) for key in _KEYS)


def _object(text: str) -> tuple[Mapping[str, object] | None, int]:
    if "}" not in text:
        return None, 0
    try:
        answer, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None, 0
    return answer, end


def _said(answer: Mapping[str, object]) -> str | None:
    lower = {key.lower(): value for key, value in answer.items()}
    text = next((value for key in _TEXT if isinstance(value := lower.get(key), str)), None)
    if text is None:
        return None
    asked = written(_asked(lower))
    return f"{asked} {text}" if asked else text


def _asked(lower: Mapping[str, object]) -> Iterator[TextAct]:
    feeling = next(
        (emotion_named(value) for key in _FEELING if isinstance(value := lower.get(key), str)), None
    )
    if feeling:
        yield Feeling(feeling)
    for key in _MOVED:
        if isinstance(value := lower.get(key), str):
            yield from (act for act in acts_meant(value) if not isinstance(act, Feeling))
