"""The laws of cleaning: pieces change nothing, prose does not wait, what is hidden stays so."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_rtc.speech.cleaning.cleaner import Cleaner, ReadAloud, clean
from avatar_rtc.speech.sentences import Splitter
from tests.speech.cleaning.llm_texts import WORD, Written, anything, written, written_of
from tests.speech.cleaning.told import lines

_FEW = 4
"""Signs by which a sentence may be late."""


def cut(text: str, chance: random.Random, longest: int) -> list[str]:
    pieces = []
    while text:
        length = chance.randint(1, longest)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


CHOICES = st.builds(ReadAloud, st.booleans(), st.booleans(), st.booleans(), st.booleans()) | st.just(
    ReadAloud()
)


@given(anything, CHOICES, st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_pieces_a_text_comes_in_change_nothing(
    template: str, read_aloud: ReadAloud, chance: random.Random, longest: int
) -> None:
    text = written_of(template).text
    assert lines(cut(text, chance, longest), read_aloud) == lines([text], read_aloud)


@pytest.mark.parametrize("space", ["", " ", "  ", "\t \t ", "      "])
def test_space_behind_the_name_of_the_next_turn_may_come_later(space: str) -> None:
    text = f"### User: not heard\n### Assistant:{space}This is."
    for at in range(len(text) + 1):
        cleaner = Cleaner()
        assert cleaner.feed(text[:at]) + cleaner.feed(text[at:]) + cleaner.finish() == clean(text)


@given(anything, st.data())
def test_it_may_be_cut_in_two_anywhere(template: str, data: st.DataObject) -> None:
    text = written_of(template).text
    at = data.draw(st.integers(0, len(text)))
    cleaner = Cleaner()
    assert cleaner.feed(text[:at]) + cleaner.feed(text[at:]) + cleaner.finish() == clean(text)


@given(st.text(alphabet="<>/|[]()*_`~$&;\\{}!#^:.,\"'= \naAbhikTHINKsp1＊｜◁", max_size=60))
@example("*a b*        c")
@example("<s><sp")
@example("<_｜>")
def test_signs_in_any_order_may_come_one_by_one(text: str) -> None:
    cleaner = Cleaner()
    assert "".join(map(cleaner.feed, text)) + cleaner.finish() == clean(text)


@given(written)
def test_what_is_to_be_heard_is_heard_and_shown_and_nothing_else(text: Written) -> None:
    told = lines([text.text], ReadAloud())
    assert not isinstance(told, str)
    for said in (
        " ".join(line.spoken for line in told if "<speak>" not in line.spoken),
        " ".join(line.shown for line in told),
    ):
        found = WORD.findall(said)
        assert not [word for word in found if word.startswith("hidden")]
        assert found == [word for word in text.heard if word in found]
    assert tuple(WORD.findall(" ".join(line.shown for line in told))) == text.heard


@given(st.text(alphabet="abc XYZ.,;:?'\"-–1290äé日本。\n", max_size=200))
def test_no_sentence_of_plain_prose_waits(text: str) -> None:
    cleaner, cleaned, plain = Cleaner(), Splitter(), Splitter()
    begun, due = 0, [0] * _FEW
    for sign in text:
        begun += len(cleaned.feed(cleaner.feed(sign)))
        due.append(due[-1] + len(plain.feed(sign)))
        assert begun >= due[-1 - _FEW]


@pytest.mark.parametrize(
    "sign", ["<", "*", "`", "[", "(", "&", "$", "{", "|", "_", "~", "!", "◁", "<th", "<a hr", "[^", "\\["]
)
def test_a_sign_that_begins_nothing_holds_prose_back_for_a_while_only(sign: str) -> None:
    cleaner = Cleaner()
    prose = " word" * 300
    got = cleaner.feed(f"Well. {sign}word")
    for at, letter in enumerate(prose):
        got += cleaner.feed(letter)
        assert len(got) + 700 > at
    assert got + cleaner.finish() in (f"Well. {sign}word{prose}", f"Well. word{prose}")


HOSTILE = (
    "<",
    "*",
    "[",
    "`",
    "```",
    "(",
    "*a",
    " *a",
    "[a",
    "<a ",
    "<!--",
    '{"name":',
    '{"a":"\\',
    "|",
    "\n|",
    "$",
    "$a",
    "\\(",
    "[a](",
    "[a](b",
    "(a(",
    "<|",
    "<|channel|>",
    "<|im_start|>",
    "&amp",
    "<speak>",
    "◁",
    "[TOOL_CALLS][",
    "[THINK]",
    "<think>",
    "</think>",
    "~",
    "\n```",
    "_a ",
    "＊",
    "<p style='",
    "[[[]",
    "<think a='",
    "*waves* ",
    "[^",
    "\\",
    "<?xml ",
    '{"text":"}',
    '{"text":{',
    "Thought: a\n",
    "### Human: ",
    "a | b\n",
    "a | b\n-|-\n",
    "~waves ",
    "-waves",
    "<waves ",
    "<action>",
    "\ue200",
    "【1†",
    "Reasoning: ",
)


def test_hostile_text_takes_time_in_proportion_only() -> None:
    start = time.process_time()
    for unit in HOSTILE:
        text = unit * (800 // len(unit))
        cleaner = Cleaner()
        got = "".join(map(cleaner.feed, text)) + cleaner.finish()
        assert got == clean(text)
    assert time.process_time() - start < 30  # 1 s on a fast core; minutes if it were quadratic


def test_a_finished_cleaner_takes_another_text() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("<think>a") + cleaner.finish() == " "
    assert cleaner.feed("b") + cleaner.finish() == "b"
