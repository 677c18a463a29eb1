"""Texts in every dialect: what is heard, and at which word each act is done; the texts know."""

import re
import time
from random import Random

import pytest

from avatar_rtc.bench.acted_texts import DIALECTS, ActedText, acted_texts, cut_at_random
from avatar_rtc.speech.acting.acts import TextAct
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, Cleaner, ReadAloud, clean
from avatar_rtc.speech.script import Line
from tests.speech.cleaning.told import lines

WORD = re.compile(r"\w+")
SILENT = ReadAloud(acts=False)


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
    assert heard(told([text.text], SILENT)) == list(text.words)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_heard_but_speech_and_every_act_is_at_its_word(dialect: str) -> None:
    texts = [text for text in acted_texts() if text.dialect == dialect]
    assert len(texts) == 25
    for text in texts:
        check(text, Random(text.text))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 21))
def test_the_same_of_thousands_of_texts(seed: int) -> None:
    for text in acted_texts(seed):
        check(text, Random(seed))


TAGS = (
    "[wink]",
    "*nods*",
    "(sighs)",
    "<emote>sad</emote>",
    "<|DELAY:1|>",
    ":nod:",
    "{joy}",
    "【开心】",
    "[face:x]",
)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    "text", ["Well{} you?", "({}) Yes.", "[{}] x", "\\{} x", "{}(yes) no", '"{}" x', "{}{}{}"]
)
def test_what_stands_around_an_act_changes_nothing_of_how_it_may_be_cut(tag: str, text: str) -> None:
    written = text.replace("{}", tag)
    cleaner = Cleaner()
    assert "".join(map(cleaner.feed, written)) + cleaner.finish() == clean(written)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Set [index] of {name} to `[joy]`.", "Set [index] of {name} to."),
        ("I <love> you [1] and [[joy]].", "I <love> you [1] and [[joy]]."),
        ("It is 10:30:45 at http://a.example/:nod:/b now.", "It is 10:30:45 at a.example now."),
        ("He (optional) has 【重要】 f(x) = {fear}.", "He (optional) has 【重要】 f(x) = {fear}."),
        ("*smiles*(really) yes", "(really) yes"),
        ("[happy]Hello[/happy] you.", "Hello you."),
        ('<emotion>joy</emotion>Hi <|ACT {"emotion": "hap', "Hi"),
        ("[face:blorp] Hi <mood value='x y z'/> there.", "Hi there."),
    ],
)
def test_what_is_a_tag_and_what_is_text(text: str, spoken: str) -> None:
    assert " ".join(line.spoken for line in told([text])) == spoken


UNITS = (
    *("[face:", "[face:happy] ", "{joy", '{"emotion":', ":nod", "【开", "【开心】", "<|ACT {", "<emote>"),
    *(
        "<emotion value='",
        "[pause",
        "[pause:1] ",
        "(smiles softly) ",
        "[look:",
        '{"emotion":{',
        "<ha",
        "[/happy]",
    ),
)


def test_tags_that_never_end_take_time_in_proportion_only() -> None:
    for unit in UNITS:
        text = unit * (5_000 // len(unit))
        begun = time.process_time()
        clean(text[:1_000])
        short = time.process_time() - begun
        begun = time.process_time()
        clean(text[:5_000])
        assert time.process_time() - begun < 12 * short + 0.3, unit
