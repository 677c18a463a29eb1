"""Captions: laws of any text, and examples of what is easily done wrong."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.face.timeline import Timeline
from avatar_rtc.film.captions import COLUMNS, LINES, Caption, captions_of, columns_of, webvtt, wrapped
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.spoken import TimedWord

TEXTS = st.text(st.sampled_from("ab ,.日本。あ「」'&<>-éя"), max_size=300)
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3})")


def piece(shown: str, seconds: float, words: tuple[TimedWord, ...] = ()) -> Piece:
    pcm = np.zeros(round(seconds * 48_000), np.int16)
    return Piece(pcm, Timeline(seconds, ()), "tts", shown, words)


@given(TEXTS)
def test_all_of_a_text_is_read_in_order_in_lines_that_fit(text: str) -> None:
    found = captions_of(piece(text, 10.0), 2.0)
    assert "".join("".join(c.lines) for c in found).replace(" ", "") == text.replace(" ", "")
    assert all(len(c.lines) <= LINES and max(map(columns_of, c.lines)) <= COLUMNS for c in found)
    assert all(a.end <= b.begin for a, b in pairwise(found))
    assert all(2.0 <= c.begin < c.end <= 12.0 for c in found)


def test_a_caption_begins_with_its_first_word() -> None:
    shown = "The first clause is rather long indeed, so it has a caption of its own, and then a second one."
    starts = [match.start() for match in re.finditer(r"\S+", shown)]
    words = tuple(TimedWord(n * 0.5, n * 0.5 + 0.4, at, at + 1) for n, at in enumerate(starts))
    first, second = captions_of(piece(shown, 11.0, words), 1.0)
    number = starts.index(shown.index(second.lines[0].split()[0] + " " + second.lines[0].split()[1]))
    assert first.begin == 1.0 and first.end == second.begin == pytest.approx(1.0 + number * 0.5)
    assert second.end == 12.0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Short.", ("Short.",)),
        ("a  b", ("a b",)),
        (
            "It rained all day long, and nobody wanted to leave.",
            ("It rained all day long,", "and nobody wanted to leave."),
        ),
        (
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと。",
            ("吾輩は猫である。名前はまだ無い。", "どこで生れたかとんと。"),
        ),
    ],
)
def test_lines_end_where_one_may_breathe(text: str, lines: tuple[str, ...]) -> None:
    assert wrapped(text) == lines


@given(st.lists(st.tuples(st.floats(0, 9_000), st.floats(0, 9), TEXTS.filter(str.strip)), max_size=5))
def test_a_file_of_webvtt_can_be_read_again(given_cues: list[tuple[float, float, str]]) -> None:
    captions = [Caption(begin, begin + length, wrapped(text)) for begin, length, text in given_cues]
    blocks = webvtt(captions).rstrip("\n").split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert len(blocks) == 1 + len(captions)
    for block, caption in zip(blocks[1:], captions, strict=True):
        times, *lines = block.split("\n")
        begin, end = (
            (int(h) * 60 + int(m)) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in TIME.findall(times)
        )
        assert begin < end and begin == pytest.approx(caption.begin, abs=0.001)
        read = [line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for line in lines]
        assert tuple(read) == caption.lines and "-->" not in "".join(lines)
