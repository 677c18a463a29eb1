"""Scripts in paragraphs and chapters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.speech.paragraphs import MAX_SCRIPT_CHARACTERS, Paragraph, paragraphs_of


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("Hello.", [("Hello.", None)]),
        ("One.\ntwo.\n\n\nThree.\r\n\r\nFour.", [("One.\ntwo.", None), ("Three.", None), ("Four.", None)]),
        ("# A\nx\n## B ##\ny", [("x", "A"), ("y", "B")]),
        ("# Empty\n\n# A\nx\n# Last", [("x", "A")]),
        ("Liora: Hello.\n#hashtag stays", [("Liora: Hello.\n#hashtag stays", None)]),
        ("<speak>a\n\n# b</speak>\n\nc", [("<speak>a\n\n# b</speak>", None), ("c", None)]),
        ("<speak>never closed\n\nc", [("<speak>never closed", None), ("c", None)]),
        ("```\n# a\n\nb\n```\n\nc", [("```\n# a\n\nb\n```", None), ("c", None)]),
        ("...\n\nx", [("x", None)]),
    ],
)
def test_a_script_has_paragraphs_and_chapters(script: str, found: list[tuple[str, str | None]]) -> None:
    assert paragraphs_of(script) == [Paragraph(*each) for each in found]


@given(st.text(st.sampled_from("a# \n<speak>/`"), max_size=80))
def test_no_word_is_lost_but_headings(script: str) -> None:
    try:
        found = paragraphs_of(script)
    except InputError:
        return
    said = "".join(each.text for each in found)
    assert script.count("a") - said.count("a") <= sum(
        line.count("a") for line in script.splitlines() if line.startswith("#")
    )


@pytest.mark.parametrize("script", ["", " \n\n", "# Only\n## headings", "...\n\n!"])
def test_nothing_to_say_is_told(script: str) -> None:
    with pytest.raises(InputError, match="nothing to say"):
        paragraphs_of(script)


def test_too_much_is_told() -> None:
    with pytest.raises(TooLarge, match="characters"):
        paragraphs_of("a" * (MAX_SCRIPT_CHARACTERS + 1))
