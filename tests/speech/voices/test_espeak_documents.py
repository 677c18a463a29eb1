"""SSML in several scripts: each is read in its language, and nobody spells it."""

import pytest

from avatar_rtc.speech.voices.espeak import render
from avatar_rtc.speech.voices.espeak_documents import with_voices


def own(script: str, _: str) -> bool:
    return script == "LATIN"


@pytest.mark.parametrize(
    ("words", "language"),
    [("你好吗", "cmn"), ("привет", "ru"), ("こんにちは", "ja"), ("안녕", "ko"), ("γειά σου", "el")],
)
def test_words_of_another_script_sound_as_in_their_language(words: str, language: str) -> None:
    text = f"<speak>Hello <b>{words}</b> friend <mark name='a'/>now</speak>"
    speech = render(text, "en-us")
    alone = sum(bool(phoneme.ipa) for phoneme in render(words, language).phonemes)
    around = sum(bool(phoneme.ipa) for phoneme in render("Hello friend now", "en-us").phonemes)
    assert abs(sum(bool(phoneme.ipa) for phoneme in speech.phonemes) - alone - around) <= 3
    said = "".join(text[word.begin : word.stop] for word in speech.words)
    assert said == f"Hello{words}friendnow".replace(" ", "")
    assert [mark.name for mark in speech.marks] == ["a"]


def test_markup_and_entities_stay_whole() -> None:
    given, unread = with_voices("<speak>a 你<b>好</b>&amp;您 b</speak>", "en", own, {"cmn"}.__contains__)
    voice = '<voice xml:lang="cmn">{}</voice>'.format
    assert given.text == f"<speak>a {voice('你')}<b>{voice('好')}</b>&amp;{voice('您 ')}b</speak>"
    assert unread == ""


def test_what_no_voice_reads_is_left_out_and_told() -> None:
    given, unread = with_voices("<speak>a 你好 b</speak>", "en", own, frozenset[str]().__contains__)
    assert (given.text, unread) == ("<speak>a b</speak>", "你好")


@pytest.mark.parametrize(
    "text",
    [
        "<speak>Hello</speak>",
        '<speak><s xml:lang="ja">東京</s></speak>',
        "<speak><voice name='ru'>да</voice></speak>",
    ],
)
def test_a_document_that_names_its_voices_stays(text: str) -> None:
    assert with_voices(text, "en", own, {"ru"}.__contains__)[0].text == text
