"""The nearest voice to one that callers name out of habit: Kokoro's, OpenAI's, those of Edge and Azure.

Clients have them as defaults. A refusal would make them mute, though nobody chose that voice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from avatar_rtc.speech.spoken import Voice

Sex = Literal["f", "m"]
_KOKORO = re.compile(r"([abefhijpz])([fm])_([a-z]+)")
KOKORO_LANGUAGES = MappingProxyType(
    dict(a="en-us", b="en-gb", e="es", f="fr-fr", h="hi", i="it", j="ja", p="pt-br", z="cmn")
)
"""By the first letter of a voice; as espeak, which makes its phonemes, calls them."""
_CLOUD = re.compile(r"([a-z]{2,3})-([a-z]{2,4})-([a-z]+?)(?:multilingual)?neural")
_OPENAI: dict[str, Sex] = dict(
    alloy="f", ash="m", ballad="m", cedar="m", coral="f", echo="m", fable="m", marin="f", nova="f", onyx="m",
    sage="f", shimmer="f", verse="m",
)  # fmt: skip
OPENAI_NAMES = frozenset(_OPENAI)
_CLOUD_MEN = frozenset(
    "guy davis tony jason brian andrew christopher eric roger steffan ryan thomas william liam conrad killian"
    " florian henri remy keita dmitry yunxi yunyang yunjian diego giuseppe alvaro jorge antonio "
    "injoon".split()
)
_HIBARI: dict[str, Sex] = dict(heart="f", emma="f", kore="f", fenrir="m", fable="m", boy="m")
"""Its voices have names of their own, whose Kokoro namesakes are called af_heart, bf_emma, …"""
_ESPEAK, _WOMAN = "espeak", "+f3"
"""Its voices are men's, and a timbre makes a woman's of them."""


@dataclass(frozen=True)
class Wish:
    """What a name says of a voice."""

    language: str
    """As espeak calls it; "" is any."""
    sex: Sex
    name: str = ""
    """The voice itself, where an engine here may have it under this name."""


def wish_of(name: str) -> Wish | None:
    """What one of these names says; None if it is none of them. Of a mixture, its first voice counts.

    >>> wish_of("bm_george"), wish_of("nova"), wish_of("nobody")
    (Wish(language='en-gb', sex='m', name='george'), Wish(language='', sex='f', name='nova'), None)
    """
    first = re.split(r"[+(,]", name.strip().lower())[0]
    if kokoro := _KOKORO.fullmatch(first):
        return Wish(KOKORO_LANGUAGES[kokoro[1]], "f" if kokoro[2] == "f" else "m", kokoro[3])
    if first in _OPENAI:
        return Wish("", _OPENAI[first], first)
    if cloud := _CLOUD.fullmatch(first):
        language = {"zh": "cmn"}.get(cloud[1], f"{cloud[1]}-{cloud[2]}")
        return Wish(language, "m" if cloud[3] in _CLOUD_MEN else "f")
    return None


def nearest_voice(wish: Wish, voices: Sequence[Voice], usual: str) -> Voice | None:
    """The voice that comes nearest; None if there are none.

    The language counts before the sex, and the order of the voices decides between those that are alike.

    Args:
        usual: the language if the wish is for any.
    """
    return min(voices, key=lambda voice: _distance(wish, voice, usual), default=None)


def sex_of(voice: Voice) -> Sex | None:
    """Of whom a voice sounds; None where its name does not tell. Those of espeak are men's."""
    if voice.engine == _ESPEAK:
        return "m"
    if voice.engine == "hibari":
        return _HIBARI.get(voice.name)
    known = wish_of(voice.name)
    return known.sex if known else None


def wish_of_timbre(name: str) -> Sex | None:
    """Whose voice a name with a timbre of espeak asks for, as "en-us+f3" does; None if it has none.

    >>> wish_of_timbre("en-us+f3"), wish_of_timbre("de+m1"), wish_of_timbre("en-us")
    ('f', 'm', None)
    """
    found = re.fullmatch(r"[^+]+\+([fm])\d", name)
    return None if found is None else "f" if found[1] == "f" else "m"


def name_of(voice: Voice, wish: Wish) -> str:
    """How its engine calls it, with a timbre of the sex that is wished for where the engine has them."""
    return voice.name + _WOMAN if voice.engine == _ESPEAK and wish.sex == "f" else voice.name


def _distance(wish: Wish, voice: Voice, usual: str) -> tuple[int, int, bool]:
    wanted, spoken = (wish.language or usual).lower(), voice.language.lower()
    if spoken == wanted:
        language = 0
    elif spoken.partition("-")[0] == wanted.partition("-")[0]:
        language = 1
    else:
        language = 2 if not spoken else 3  # a voice of no language may speak them all
    told = wish.sex if voice.engine == _ESPEAK else sex_of(voice)
    return language, 0 if told == wish.sex else 1 if told is None else 2, voice.name != wish.name
