import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_rtc.speech.sentences import LIMIT, Splitter, split


@pytest.mark.parametrize(
    "sentences",
    [
        ["One.", "Two!", "Three?", "Four…", "Five"],
        ["Pi is 3.14.", "It is 10.30 a.m. now, v2.0 is out."],
        ["Dr. Smith met Mr. Jones, e.g. at noon.", "Then he left."],
        ["The U.S. Army came.", "I live in the U.S.", "It is big."],
        ["J. R. Tolkien wrote it.", "So did I.", "Bob too."],
        ["No. 5 is alive.", "Oh no.", "Bob died."],
        ["Apples, pears, etc. are fruit.", "I like apples, etc.", "They are good."],
        ["Wait... what?", "Well… yes.", "Hmm...", "No."],
        ["...and so it began.", "The end."],
        ['He said "Hello."', "“Really?!”", "(Yes.)", "*Good.*", "**Fine!**", "He left."],
        ['"Go!" he cried.', "He ran."],
        ["« Ça va ? »", "Oui !", "Bon."],
        ["See https://a.example/b.html?c=d!e.", "Go to example.com.", "Bye."],
        ["Great! 😀", "Love you! 👩‍👩‍👧‍👦❤️", "Bye! :)", "Me too! (^_^)", "End."],
        ["1. Buy milk.", "2. Eat."],
        ["Hi.", "[joy] Hello.", "[sad:0.5, 3s] Oh.", '<emotion name="joy"> Well.'],
        ["hello.", "how are you?"],
        ["Right?!", "Sure!!!", "Well?..", "Ok."],
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(sentences: list[str]):
    assert split(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("はい。そうです！本当？はい…でも", ["はい。", "そうです！", "本当？", "はい…でも"]),
        ("「はい。」と答えた。彼は行った。", ["「はい。」と答えた。", "彼は行った。"]),
        ("やった!次は３．５だ。", ["やった!", "次は３．５だ。"]),
        ("你好。(^_^) 再见。", ["你好。(^_^)", "再见。"]),
        ("One\nTwo\r\n\r\nThree.", ["One", "Two", "Three."]),
        ("[joy]\nHello.", ["[joy]\nHello."]),
        ("Hi![joy]Bye.😀Well", ["Hi!", "[joy]Bye.😀", "Well"]),
        ("", []),
        (" \n ", []),
        ("[joy]", ["[joy]"]),
        ("?!", ["?!"]),
        ("<speak>Hi. You</speak> Next. One", ["<speak>Hi. You</speak>", "Next.", "One"]),
        ("<speak version='1.0'>Hi. You", ["<speak version='1.0'>Hi.", "You"]),
        ("<?xml version='1.0'?> <speak>Hi. You</speak>", ["<?xml version='1.0'?> <speak>Hi. You</speak>"]),
        ("<speaker> says. Hi</speak>", ["<speaker> says.", "Hi</speak>"]),
    ],
)
def test_other_scripts_lines_and_markup(text: str, sentences: list[str]):
    assert split(text) == sentences


@pytest.mark.parametrize(
    ("chunks", "finished"),
    [
        (["Hello", ". ", "W"], [[], [], ["Hello."]]),
        (["Hello. [jo", "y] You"], [["Hello."], []]),
        (["Hello.[jo", "y] You"], [[], ["Hello."]]),
        (["Hello. ", "😀", " Yes"], [[], [], ["Hello. 😀"]]),
        (["3.", "14 is pi. ", "Yes"], [[], [], ["3.14 is pi."]]),
        (['Hello. "', "You"], [["Hello."], []]),
        (["It is the U.S. ", "A", "rmy there"], [[], [], []]),
        (["One. Two. T", "hree"], [["One."], ["Two."]]),  # "T" may begin a face: T_T
        (["One. Two. T", "_", "T "], [["One."], [], []]),
    ],
)
def test_a_sentence_comes_once_nothing_can_change_its_end(chunks: list[str], finished: list[list[str]]):
    splitter = Splitter()
    assert [splitter.feed(chunk) for chunk in chunks] == finished


def test_a_bracket_that_is_no_tag_holds_a_sentence_back_for_40_characters_only():
    splitter = Splitter()
    assert splitter.feed("Hello.[" + "x" * 39) == []
    assert splitter.feed("x") == []  # no space after the stop and no tag: the sentence goes on
    assert splitter.feed(" end. N") == ["Hello.[" + "x" * 40 + " end."]


def test_a_finished_splitter_takes_another_text():
    splitter = Splitter()
    assert splitter.feed("One") + splitter.finish() == ["One"]
    assert splitter.feed("Two") + splitter.finish() == ["Two"]


@pytest.mark.parametrize(
    ("mark", "at"),
    [("; ", 200), (", ", 200), (" — ", 200), (" ", 280), ("、", 250)],
)
def test_a_long_sentence_is_cut_where_one_may_breathe(mark: str, at: int):
    assert split("a" * at + mark + "b" * 250) == ["a" * at + mark.rstrip(), "b" * 250]


def test_a_better_breath_wins_over_a_later_one():
    assert split("a" * 150 + "; " + "b" * 50 + ", " + "word " * 60)[0] == "a" * 150 + ";"


def test_a_tag_at_the_limit_is_not_cut():
    text = "a" * (LIMIT - 5) + "[joy:0.5, 3s]" + "b" * 250
    assert split(text) == ["a" * (LIMIT - 5), "[joy:0.5, 3s]" + "b" * 250]


PARTS = st.sampled_from(
    [
        *"[ ] joy [joy] [sad:0.5, < > emotion . ... ! ? … 。 」 \" ' » « , ; —".split(),
        *"Dr U.S etc e.g The a Bob I 3".split(),
        *"😀 ❤️ 👍🏽 :) : ( ^_^ (^_^) ) http://a.b/c?d=e <speak> </speak> <3 T.T * (╯°□°）╯︵".split(),
        *"<speak <?xml ?> <speaker> <speak/>".split(),
        *("\n", "\u200d", "\u00a0", "\ud800", "[sad:0.5, 3s]", "<emotion name='joy'>"),
    ]
)
TEXTS = st.lists(PARTS | st.just(" ") | st.just("word " * 25), max_size=50).map("".join)


@given(TEXTS, st.randoms(use_true_random=False), st.integers(1, 12))
@example("(3…:),]... no", random.Random(1), 1)
@example("Hello. [joy] World. 3.14! 😀 U.S. The end (^_^)", random.Random(1), 1)
def test_how_a_text_is_cut_into_chunks_changes_nothing(text: str, chance: random.Random, longest: int):
    splitter, got, at = Splitter(), [], 0
    while at < len(text):
        length = chance.randint(1, longest)
        got += splitter.feed(text[at : at + length])
        at += length
    assert got + splitter.finish() == split(text)


@given(TEXTS)
def test_nothing_is_lost_doubled_empty_or_too_long(text: str):
    sentences = split(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(sentence and sentence == sentence.strip() for sentence in sentences)
    is_short = [len(s) <= LIMIT + 24 + 4 * 30 for s in sentences if not s.startswith("<speak")]
    assert all(is_short)  # a sentence may end a little past the limit: quotes and pictures stay with it


@given(st.text(max_size=80))
def test_any_text_at_all_keeps_the_law(text: str):
    splitter = Splitter()
    got = [sentence for char in text for sentence in splitter.feed(char)] + splitter.finish()
    assert got == split(text)
    assert "".join("".join(got).split()) == "".join(text.split())


def test_hostile_text_takes_time_in_proportion_only():
    start = time.process_time()
    for text in ("." * 20_000, "[" * 20_000, "a." * 10_000, "(^" * 10_000, " " * 20_000, "!😀" * 10_000):
        assert "".join(split(text)) == text.strip()
    assert time.process_time() - start < 10  # 0.5 s on a fast core; minutes if it were quadratic


@pytest.mark.parametrize("word", ["The", "Then", "Oh", "Our", "Under", "Quite", "X-ray", "Totally"])
def test_a_word_that_begins_as_a_face_does_keeps_nobody_waiting(word: str) -> None:
    """So a model that has written the first word of the next sentence has said that one is complete."""
    assert Splitter().feed(f"Hello there. {word}") == ["Hello there."]
    assert split(f"Hello there. {word}_{word} is here.")[0] == "Hello there."


@pytest.mark.parametrize("face", ["T_T", "xD", "OwO", "uwu", "o.o", "XDD", "Q_Q", "0_0"])
def test_a_face_behind_a_sentence_belongs_to_it_however_it_comes(face: str) -> None:
    splitter = Splitter()
    found = [sentence for sign in f"Hello there. {face} Bye." for sentence in splitter.feed(sign)]
    assert [*found, *splitter.finish()] == split(f"Hello there. {face} Bye.") == [f"Hello there. {face}", "Bye."]
