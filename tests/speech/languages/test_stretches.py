"""Which language the letters of a text are in, and where another voice has to go on."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.languages.scripts import (
    LANGUAGES_OF,
    han_language,
    language_of,
    language_tag,
    reads,
    script_of,
)
from avatar_rtc.speech.languages.stretches import main_language, stretches
from avatar_rtc.speech.voices.espeak_library import load_library
from tests.speech.words_of_languages import SPACED, UNSPACED


def cut(text: str, own: str = "en-us") -> list[tuple[str, str]]:
    found = stretches(text, lambda script, han: reads(own, script), own)
    assert "".join(text[s.begin : s.end] for s in found) == text
    return [(text[s.begin : s.end], s.language) for s in found]


@pytest.mark.parametrize(("language", "words"), [*SPACED.items(), *UNSPACED.items()])
def test_every_language_is_known_by_its_letters(language: str, words: str) -> None:
    latin = {"vi", "de", "en-us"}
    assert main_language(words) == ("" if language in latin else language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Привет", "ru"), ("Привіт, їжаку", "uk"), ("Прывітанне, ўсё", "be"), ("Ђорђе", "sr"), ("Ќе", "mk"),
        ("Қазақ әні", "kk"), ("مرحبا", "ar"), ("چطوری", "fa"), ("ٹھیک ہے", "ur"), ("काळे", "mr"),
        ("ৰাতি", "as"), ("你好吗", "cmn"), ("東京", "cmn"), ("佢哋喺度", "yue"), ("東京タワー", "ja"),
        ("ﾊﾛｰ", "ja"), ("ㄅㄆㄇ", "cmn"), ("日本語の文章", "ja"), ("ሰላም", "am"), ("សួស្តី", ""), ("𐌲𐌿𐍄", ""),
    ],
)  # fmt: skip
def test_single_letters_tell_a_language_from_its_neighbours(text: str, language: str) -> None:
    assert main_language(text) == language


def test_the_voice_that_is_asked_keeps_its_script() -> None:
    assert language_of("CYRILLIC", "Привет", own="bg") == "bg"
    assert language_of("HAN", "東京", own="ja-JP") == "ja"
    assert han_language("東京", "ja") == "ja"
    assert reads("zh_CN", "HAN") and not reads("zh_CN", "KANA") and reads("", "THAI") and reads("th", "LATIN")
    assert [language_tag(tag) for tag in ("zh-TW", "ja_JP", "zh-HK", "", "no")] == [
        "cmn",
        "ja",
        "yue",
        "",
        "nb",
    ]


def test_digits_and_punctuation_go_with_their_neighbours() -> None:
    assert cut("Say こんにちは to 3 men.") == [("Say ", ""), ("こんにちは ", "ja"), ("to 3 men.", "")]
    assert cut("On 5 мая, (вечером) ok") == [("On ", ""), ("5 мая, (вечером) ", "ru"), ("ok", "")]
    assert cut("Он сказал: «Hello!»") == [("Он сказал: ", "ru"), ("«Hello!»", "")]
    assert cut("iPhoneを買った。") == [("iPhone", ""), ("を買った。", "ja")]
    assert cut("... 42 !") == [("... 42 !", "")]


def test_a_letter_of_science_stays_in_its_sentence() -> None:
    assert cut("The α-helix is 5 µm.") == [("The α-helix is 5 µm.", "")]
    assert cut("Say Γειά.")[1] == ("Γειά.", "el")


def test_han_is_japanese_in_a_japanese_sentence_and_chinese_in_a_quotation() -> None:
    assert cut("今日はNHK交響楽団の日です。")[-1][1] == "ja"
    assert [language for _, language in cut("He says 你好 to her and こんにちは to him.")] == [
        "",
        "cmn",
        "",
        "ja",
        "",
    ]


def test_kana_are_not_read_without_their_kanji() -> None:
    only_kana = lambda script, han: script in ("KANA", "LATIN")  # noqa: E731
    found = stretches("今日はいい天気。Yes.", only_kana, "ja")
    assert [(s.language, s.scripts) for s in found] == [("ja", {"HAN", "KANA"}), ("", set())]


def test_espeak_has_a_voice_for_every_language_of_the_table() -> None:
    known = {language for voice in load_library().voices for _, language in voice.languages}
    assert {language for languages in LANGUAGES_OF.values() for language in languages} <= known


SIGNS = st.sampled_from([*"aZé1 ,.「」«»あ漢Жαקस한ก\u0301\u200d😀", "  ", "\n", "<b>"])


@given(st.lists(SIGNS, max_size=60).map("".join), st.sampled_from(["", "en-us", "ja", "ru", "el"]))
def test_nothing_is_left_between_stretches(text: str, own: str) -> None:
    found = stretches(text, partial(lambda own, script, han: reads(own, script), own), own)
    assert [s.begin for s in found] == [0, *(s.end for s in found[:-1])]
    assert found[-1].end == len(text)
    for stretch in found:
        read = {script for sign in text[stretch.begin : stretch.end] if (script := script_of(sign))}
        assert stretch.scripts <= read
        assert not stretch.scripts or stretch.scripts == read
