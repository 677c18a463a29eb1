"""Acts are taken out of a model's text, however it is cut."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.tests.utils import SleepFrame, run_test

from avatar_rtc.pipecat.tags import AvatarActFrame, AvatarTags, TagReader, letters_in
from avatar_rtc.speech.acting.acts import Feeling, Gesture, Glance
from avatar_rtc.speech.tags import strip_tags

TEXT = "Hello! [joy] It is [sad:0.5]so [1] good. [wink][look:away] Well,[joy]bye [no tag] [[joy]] x[joy]"


def read(pieces: list[str]) -> tuple[str, list[AvatarActFrame]]:
    reader, text = TagReader(), ""
    acts: list[AvatarActFrame] = []
    for spoken, found in (*map(reader.read, pieces), reader.end()):
        text, acts = text + spoken, acts + found
    return text, acts


def cut(text: str, at: list[int]) -> list[str]:
    bounds = [0, *sorted(each % (len(text) + 1) for each in at), len(text)]
    return [text[begin:end] for begin, end in pairwise(bounds)]


@given(st.lists(st.integers(0, 1000), max_size=40))
def test_pieces_of_any_size_give_what_the_whole_gives(at: list[int]) -> None:
    text, acts = read(cut(TEXT, at))
    whole, tags = strip_tags(TEXT)
    assert text.strip() == whole.strip()
    assert [act.act for act in acts] == [tag.act for tag in tags]
    assert [act.letters for act in acts] == [letters_in(whole[: tag.at]) for tag in tags]


@given(st.text(alphabet="ab [].:joy\n", max_size=200), st.lists(st.integers(0, 1000), max_size=20))
def test_no_letter_is_lost_or_made_up(text: str, at: list[int]) -> None:
    assert letters_in(read(cut(text, at))[0]) == letters_in(strip_tags(text)[0])


def test_a_bracket_without_an_end_is_not_waited_for() -> None:
    reader = TagReader()
    text, _ = reader.read("[" + "x" * 60)
    assert text == "[" + "x" * 60


async def test_in_a_pipeline() -> None:
    words = ["Oh", " [jo", "y]", " hello", " [wink]", "."]
    down, _ = await run_test(
        AvatarTags(),
        frames_to_send=[
            LLMFullResponseStartFrame(),
            *map(LLMTextFrame, words),
            LLMFullResponseEndFrame(),
            TTSSpeakFrame("[joy] stays"),
            SleepFrame(),
            InterruptionFrame(),
            SleepFrame(),
            LLMTextFrame("[look:away] again"),
        ],
    )
    acts = [(frame.act, frame.letters) for frame in down if isinstance(frame, AvatarActFrame)]
    assert [act for act, _ in acts] == [Feeling("joy"), Gesture("wink"), Glance("away")]
    assert [letters for _, letters in acts] == [2, 7, 0]
    assert "".join(frame.text for frame in down if isinstance(frame, LLMTextFrame)) == "Oh hello.again"
    assert isinstance(down[0], LLMFullResponseStartFrame)
    assert any(isinstance(frame, TTSSpeakFrame) for frame in down)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_of_a_stream_of_tokens(seed: int) -> None:
    pick = random.Random(seed)
    text = "".join(pick.choice(["word ", "[joy] ", "[nod]", "Yes. ", "["]) for _ in range(200))
    tokens = [text[at : at + 3] for at in range(0, len(text), 3)]
    spoken, acts = read(tokens)
    assert len(acts) == len(strip_tags(text)[1]) and letters_in(spoken) == letters_in(strip_tags(text)[0])
