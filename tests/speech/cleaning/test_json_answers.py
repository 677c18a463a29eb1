"""An answer in JSON is heard by its text alone, however it is cut; other JSON is as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.acting.acts import Feeling, Gesture
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, Cleaner, clean
from tests.speech.cleaning.told import lines

KEYS = st.sampled_from(["text", "Response", "answer", "message", "speech"])
WORDS = st.text(alphabet='abc éあ"\\\n.!😀', min_size=1, max_size=30).filter(
    lambda text: text.strip(". !\n\\")
)
BESIDE = st.dictionaries(
    st.sampled_from(["emotion", "thought", "action"]), st.sampled_from(["happy", "hidden"])
)


@given(KEYS, WORDS, BESIDE, st.sampled_from([None, 2]), st.booleans(), st.booleans())
def test_the_text_of_an_answer_is_heard_and_nothing_else(
    key: str, text: str, beside: dict[str, str], indent: int | None, is_ascii: bool, is_fenced: bool
) -> None:
    written = json.dumps({**beside, key: text}, indent=indent, ensure_ascii=is_ascii)
    written = f"```json\n{written}\n```" if is_fenced else written
    cleaner = Cleaner()
    heard = "".join(map(cleaner.feed, written)) + cleaner.finish()
    feeling = "[joy] " if beside.get("emotion") == "happy" else ""
    assert heard == clean(written) == feeling + clean(text)


def test_its_feeling_is_shown() -> None:
    told = lines(['{"mood": "sad", "text": "Oh *sighs* no"}'], BY_DEFAULT)
    assert not isinstance(told, str)
    (line,) = told
    assert (line.spoken, [tag.act for tag in line.tags]) == (
        "Oh no",
        [Feeling("sadness"), Gesture("sigh")],
    )


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '{"answer": 42}', 'See {"text": "x"}.', '{"text": "cut', "{text}", "{}"]
)
def test_other_json_stays(text: str) -> None:
    assert clean(text) == text
