"""That espeak says all of a text, however long its clauses and words are, measured by the words alone."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.speech.languages.borders import may_cut
from avatar_rtc.speech.voices.espeak import render
from avatar_rtc.speech.voices.espeak_clauses import with_pauses
from tests.speech.words_of_languages import SPACED, UNSPACED

TEXTS = [(voice, words.split(), " ") for voice, words in SPACED.items()] + [
    (voice, words.split(), "") for voice, words in UNSPACED.items()
]
_SHARE = 0.9
"""Of the sounds of its words alone, in a whole text: neighbours shorten each other."""


@cache
def alone(word: str, voice: str) -> int:
    return sounds(render(word, voice))


def sounds(speech) -> int:
    return sum(bool(phoneme.ipa) for phoneme in speech.phonemes)


@pytest.mark.parametrize(("voice", "words", "gap"), TEXTS)
def test_nothing_of_a_long_clause_is_lost(voice: str, words: list[str], gap: str) -> None:
    said = (words * 60)[:90]
    speech = render(gap.join(said), voice)
    assert sounds(speech) >= _SHARE * sum(alone(word, voice) for word in said)
    assert not speech.notes


@pytest.mark.parametrize(
    ("voice", "word"),
    [("en-us", "banana"), ("ko", "나비"), ("ja", "さくら"), ("ru", "молоко"), ("am", "ሰላም")],
)
def test_nothing_of_a_word_that_never_ends_is_lost(voice: str, word: str) -> None:
    assert sounds(render(word * 60, voice)) >= 0.85 * 60 * alone(word, voice)


@settings(max_examples=25)
@given(st.sampled_from(TEXTS), st.data())
def test_nothing_of_any_text_is_lost(language: tuple[str, list[str], str], data: st.DataObject) -> None:
    voice, words, gap = language
    said = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=150))
    speech = render(gap.join(said), voice)
    assert sounds(speech) >= _SHARE * sum(alone(word, voice) for word in said) - 2
    text = gap.join(said)
    assert all(text[word.begin : word.stop].strip() for word in speech.words)
    assert [word.begin for word in speech.words] == sorted(word.begin for word in speech.words)


PIECES = st.sampled_from(
    [
        *"aZ9 ,.,、。가字あกé",
        "e\u0301",
        "क्षि",
        "👩\u200d🚀",
        "🇩🇪",
        "한글",
        "नमस्ते",
        "สวัสดี",
        " <b a='x y'>",
        "\n\n",
        "\u1112\u1161\u11ab",
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=900), st.sampled_from([1.0, 0.5, 0.25, 0.05]), st.booleans())
def test_pauses_are_all_that_is_added(pieces: list[str], share: float, ssml: bool) -> None:
    text = "".join(pieces)
    paused = with_pauses(text, share, ssml)
    added = set(paused.added)
    assert "".join(sign for at, sign in enumerate(paused.text) if at not in added) == text
    assert {paused.text[at] for at in added} <= {" ", "、"}
    for at in added:
        before = paused.index(at)
        assert may_cut(text, before)
        assert not (ssml and text.rfind("<b", 0, before) > text.rfind(">", 0, before))


def test_a_sentence_that_fits_is_left_alone() -> None:
    text = "When we had walked for an hour, we saw the lake, the old mill and the two swans of the miller."
    assert with_pauses(text).text == text
    assert with_pauses("오늘은 날씨가 정말 좋아서 친구들과 함께 공원에 갔습니다.").added == ()
