"""Kanji in kana: with a stand-in for janome's words, and with janome where it is installed."""

from collections import namedtuple

import pytest

from avatar_rtc.speech.languages import japanese
from avatar_rtc.speech.languages.japanese import JANOME, kana_of
from avatar_rtc.speech.voices.espeak import render

Token = namedtuple("Token", "surface phonetic part_of_speech")
WORDS = {
    "今日は天気がいい。": [
        Token("今日", "キョー", "名詞"), Token("は", "ワ", "助詞"), Token("天気", "テンキ", "名詞"),
        Token("が", "ガ", "助詞"), Token("いい", "イイ", "形容詞"), Token("。", "。", "記号"),
    ],
    "3月 龘だ": [
        Token("3", "*", "名詞"), Token("月", "ツキ", "名詞"), Token("龘", "*", "名詞"),
        Token("だ", "ダ", "助動詞"),
    ],
}  # fmt: skip


class Tokenizer:
    def tokenize(self, text: str):
        return iter(WORDS[text])


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(japanese, "_tokenizer", Tokenizer)
    monkeypatch.setattr(japanese, "is_installed", lambda: True)


def test_words_become_phrases_in_kana(stand_in) -> None:
    kana, unread = kana_of("今日は天気がいい。")
    assert kana.text == "キョーワ テンキガ イイ。" and not unread
    assert [kana.index(at) for at in (0, 3, 4, 5, 9, len(kana.text))] == [0, 2, 3, 3, 6, 9]


def test_kanji_that_nobody_knows_are_left_out_and_told(stand_in) -> None:
    kana, unread = kana_of("3月 龘だ")
    assert (kana.text, unread) == ("3ガツ ダ", "龘")
    assert "龘" in render("3月 龘だ", "ja").notes[0]


def test_espeak_reads_kanji_and_knows_the_words(stand_in) -> None:
    text = "今日は天気がいい。"
    speech = render(text, "ja")
    assert [text[word.begin : word.stop] for word in speech.words] == ["今日は", "天気が", "いい"]
    assert not speech.notes and "".join(p.ipa for p in speech.phonemes).startswith("kʲ")


def test_with_janome() -> None:
    pytest.importorskip(JANOME)
    assert kana_of("私は東京へ行きます。")[0].text == "ワタシワ トーキョーエ イキマス。"
