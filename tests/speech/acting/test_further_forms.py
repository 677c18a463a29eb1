"""Forms that strangers' models write beside those of the dialects: elements, lines, words alone, stages."""

from random import Random

import pytest

from avatar_rtc.bench.acted_texts import cut_at_random
from avatar_rtc.speech.cleaning.cleaner import Cleaner, clean

ACTED = {
    "[开心] 你好": "[joy] 你好",
    "(pause for 2 seconds) Go.": "[pause:2] Go.",
    "Hm... *long pause* ... no.": "Hm... [pause:2] ... no.",
    "*beat* So.": "[pause:1] So.",
    "<pause 1s> Go.": "[pause:1] Go.",
    "[wait 2s] Go.": "[pause:2] Go.",
    "<happy>Hi</happy> there": "[joy]Hi there",
    "<happy> Hi": "[joy] Hi",
    "<excited>Wow!</excited> <sad>No.</sad>": "[excitement]Wow! [sadness]No.",
    "<laugh>Ha</laugh>": "[amusement]Ha",
    "<whisper>A secret.</whisper>": "A secret.",
    "<mood:happy> Hi": "[joy] Hi",
    "<|happy|> Hi": "[joy] Hi",
    "(excited) Yes!": "[excitement:0.75] Yes!",
    "[SOUND: a door creaks] What?": " What?",
    "Emotion: happy\nHello.": "[joy]Hello.",
    "Hi.\nMood: sad\nBye.": "Hi.\n[sadness]Bye.",
    "> *smiles* Hi.": "> [joy:0.75] Hi.",
}
HEARD = (
    "[重要] 你好", "I <love> you", "[Note: this] Hi", "Emotion: happy. Hello.", "Emotion: unheardof\nHello.",
    "He is (happy) now.", "(sorry) I cannot.", "(wait) What?", "The *silence* was loud.", "We *beat* them.",
    "a < b and c > d", "if x <y then", "5 <smile", "Mood swings happen.\nYes.", "Feeling good\nYes.",
)  # fmt: skip


@pytest.mark.parametrize("text", ACTED)
def test_it_is_acted(text: str) -> None:
    assert clean(text) == ACTED[text]


@pytest.mark.parametrize("text", HEARD)
def test_it_is_heard(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("text", (*ACTED, *HEARD))
def test_how_it_is_cut_changes_nothing(text: str) -> None:
    for seed in range(20):
        cleaner = Cleaner()
        pieces = [cleaner.feed(piece) for piece in cut_at_random(text, Random(seed))]
        assert "".join([*pieces, cleaner.finish()]) == clean(text)
