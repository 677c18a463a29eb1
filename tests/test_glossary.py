"""The glossary: its words, told in a line each, and each of them used where it points to."""

import re

import pytest

from tests.documents import DOCS, ROOT

MOST_WORDS = 15
ROW = r"^\| ([\w ]+) \| ([^|]+) \| \[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\) \|$"
TERMS = re.findall(ROW, (DOCS / "glossary.md").read_text().partition("\n## ")[0], re.MULTILINE)
CODE = [*(ROOT / "avatar_rtc").rglob("*.py")]
MEMBERS = r"^ *(?:(?:async )?def |class )?(\w+)(?=[(:])"


def test_there_are_as_many_as_it_says() -> None:
    assert (
        len({word for word, _, _ in TERMS}) == len(TERMS) == 46
    )  # "drawn mouth, drawn eyes" is of two, and "in-between"


@pytest.mark.parametrize(("word", "meaning", "page"), TERMS, ids=[word for word, _, _ in TERMS])
def test_a_word_is_told_in_a_line_and_used_where_it_points_to(word: str, meaning: str, page: str) -> None:
    assert len(meaning.split()) <= MOST_WORDS
    plain = re.sub(r"`[^`]+`", "", meaning)
    assert not re.search(rf"\b{word}s?\b", plain, re.IGNORECASE), "a word is not explained by itself"
    text = (DOCS / page).resolve().read_text()
    assert re.search(rf"\b{word}s?\b", text, re.IGNORECASE), f"{page} does not speak of {word}"


@pytest.mark.parametrize(("word", "meaning", "page"), TERMS, ids=[word for word, _, _ in TERMS])
def test_a_word_is_one_of_the_code(word: str, meaning: str, page: str) -> None:
    """In the name of a file, a definition or a field: whoever reads the pages finds it there again."""
    whole = re.compile(rf"(?:\b|_|(?<=[a-z])){word}s?(?=\b|_|[A-Z])", re.IGNORECASE)
    names = [path.stem for path in CODE]
    names += [name for path in CODE for name in re.findall(MEMBERS, path.read_text(), re.MULTILINE)]
    assert any(map(whole.search, names))
