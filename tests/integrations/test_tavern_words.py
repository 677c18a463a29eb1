"""What of a reply the extension hands on, and what the server then says of it."""

import random

from avatar_rtc.speech.cleaning.cleaner import clean
from avatar_rtc.speech.tags import TAG
from tests.integrations.in_node import in_node

READ = """return cases.map(({ words, pieces }) => {
  const reader = it.readerFor(words);
  return pieces.map((piece) => reader.push(piece)).join('') + reader.end();
});"""
SPOKEN = ("hello there", "come in, quickly", "I never said that!", "who are you?", "wait…", "ja, gern")
OUTSIDE = (
    "she says:",
    "*He walks to the window and looks at the rain.*",
    "said Alice, with a sigh",
    "(laughs)",
    "Don't look back.",
    "1. The door — it creaks: slowly; again",
    "~ hums ~",
    "_quietly_",
)
MARKS = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("「", "」"), ("＂", "＂"))


def replies(seed: int, count: int) -> list[tuple[str, list[str]]]:
    """Replies of quotations and narration, with the quotations."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        text, said = "", []
        for _ in range(chance.randint(1, 7)):
            if chance.random() < 0.5:
                opening, closing = chance.choice(MARKS)
                said.append(chance.choice(SPOKEN))
                text += f"{opening}{said[-1]}{closing}"
            else:
                text += chance.choice(OUTSIDE)
            text += chance.choice((" ", " ", "\n", "\n\n"))
        made.append((text, said))
    return made


def cut(text: str, chance: random.Random) -> list[str]:
    pieces = []
    while text:
        length = chance.randint(1, 9)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


def words_of(text: str) -> list[str]:
    letters = "".join(letter if letter.isalnum() else " " for letter in TAG.sub(" ", text))
    return letters.lower().split()


def test_of_quotations_all_is_said_and_of_the_rest_nothing() -> None:
    made = replies(1, 300)
    handed_on = in_node("words.js", READ, [{"words": "quotes", "pieces": [text]} for text, _ in made])
    for (text, said), handed in zip(made, handed_on, strict=True):
        assert words_of(clean(handed)) == words_of(" ".join(said)), text


def test_narration_is_acted_as_it_would_be_alone() -> None:
    cases = {
        'She smiles sadly. "Hello," she nods, "you."': ("sadness", "nod"),
        '"Ha!" he laughs.': ("giggle",),
    }
    handed_on = in_node("words.js", READ, [{"words": "quotes", "pieces": [text]} for text in cases])
    for handed, acts in zip(handed_on, cases.values(), strict=True):
        acted = clean(handed)
        assert all(f"[{act}" in acted for act in acts), acted


def test_pieces_change_nothing() -> None:
    chance = random.Random(2)
    texts = [text for text, _ in replies(3, 100)]
    texts += [
        '<think>"no" she says</think>"Yes."',
        'Look:\n```\nprint("no")\n```\n"Done."',
        '"never closed\n\nand on',
    ]
    for words in ("quotes", "words", "all"):
        whole = [{"words": words, "pieces": [text]} for text in texts]
        parts = [{"words": words, "pieces": cut(text, chance)} for text in texts]
        assert in_node("words.js", READ, whole) == in_node("words.js", READ, parts)


def test_reasoning_and_code_are_not_quoted() -> None:
    texts = ['<think>"no" she says</think>"Yes."', 'Look:\n```\nprint("no")\n```\n"Done."']
    handed_on = in_node("words.js", READ, [{"words": "quotes", "pieces": [text]} for text in texts])
    assert [words_of(clean(handed)) for handed in handed_on] == [["yes"], ["done"]]


def test_other_words_go_as_they_are() -> None:
    text = 'She smiles. "Hi" *waves*'
    cases = [{"words": words, "pieces": [text]} for words in ("words", "all")]
    assert in_node("words.js", READ, cases) == [text, text]
    assert in_node("words.js", "return cases.map(it.narrationFor)", ["words", "quotes", "all"]) == [
        "act",
        "act",
        "speak",
    ]


def test_a_reply_ends_where_the_model_speaks_for_the_user() -> None:
    body = "return cases.map(([text, names, isWhole]) => it.ownPart(text, names, isWhole))"
    cases = [
        ["Hi.\nKim: and I said", ["Kim"], False],
        ["Hi.\nKi", ["Kim"], False],  # may become the name
        ["Hi.\nKi", ["Kim"], True],
        ["Hi.\nKing", ["Kim"], False],
        ["Kim: is a name", ["Kim"], True],
        ["Hi.\nBo: yes\nKim: no", ["Kim", "Bo"], True],
        ["Hi.\n", [""], False],
    ]
    assert in_node("words.js", body, cases) == [
        "Hi.",
        "Hi.",
        "Hi.\nKi",
        "Hi.\nKing",
        "Kim: is a name",
        "Hi.",
        "Hi.\n",
    ]


def test_a_streamed_reply_loses_nothing_where_a_name_was_held_back() -> None:
    chance = random.Random(4)
    texts = ["A king.\nKin is here, Ki too.\n\nKi", "One\nKim", "\nKim\nKi:\n"]
    body = """return cases.map((pieces) => {
      let [whole, said] = ['', ''];
      for (const piece of [...pieces, '']) {
        whole += piece;
        said += it.fresh(it.ownPart(whole, ['Kim'], piece === ''), said);
      }
      return said;
    });"""
    assert in_node("words.js", body, [cut(text, chance) for text in texts]) == texts


def test_only_what_is_new_is_said() -> None:
    body = "return cases.map(([whole, before]) => it.fresh(whole, before))"
    assert in_node("words.js", body, [["abc", "ab"], ["abc", ""], ["xbc", "ab"], ["a", "ab"]]) == [
        "c",
        "abc",
        "",
        "",
    ]
