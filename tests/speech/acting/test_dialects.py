"""Texts in every dialect: what is heard, and at which word each act is done; the texts know."""

import re
from random import Random

import pytest

from avatar_rtc.bench.acted_texts import DIALECTS, ActedText, acted_texts, cut_at_random
from avatar_rtc.speech.acting.acts import TextAct
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, ReadAloud
from avatar_rtc.speech.script import Line
from tests.speech.cleaning.told import lines

WORD = re.compile(r"\w+")


def heard(told: list[Line]) -> list[str]:
    return [word.lower() for line in told for word in WORD.findall(line.spoken)]


def done(told: list[Line]) -> list[tuple[int, TextAct]]:
    """Before how many words are heard each act is done."""
    found, before = [], 0
    for line in told:
        starts = [word.start() for word in WORD.finditer(line.spoken)]
        found += [(before + sum(start < tag.at for start in starts), tag.act) for tag in line.tags]
        before += len(starts)
    return found


def told(pieces: list[str], read_aloud: ReadAloud = BY_DEFAULT) -> list[Line]:
    found = lines(pieces, read_aloud)
    assert not isinstance(found, str)
    return found


def check(text: ActedText, pick: Random) -> None:
    whole = told([text.text])
    assert heard(whole) == list(text.words)
    assert done(whole) == list(text.acts)
    assert told(cut_at_random(text.text, pick)) == whole


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_heard_but_speech_and_every_act_is_at_its_word(dialect: str) -> None:
    texts = [text for text in acted_texts() if text.dialect == dialect]
    assert len(texts) == 25
    for text in texts:
        check(text, Random(text.text))
