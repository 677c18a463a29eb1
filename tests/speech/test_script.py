import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.script import MAX_CHARACTERS, Line, check_text, prepare
from avatar_rtc.speech.sentences import EMOJI, split
from avatar_rtc.speech.tags import TAG, Tag


def lines(text: str) -> list[Line]:
    return [prepare(sentence) for sentence in split(text)]


def felt(line: Line) -> list[str]:
    return [tag.act.emotion for tag in line.tags if isinstance(tag.act, Feeling)]


@pytest.mark.parametrize(
    ("text", "spoken", "shown"),
    [
        ("**Well**, *this* is `code`, ~~no~~ __yes__.", "Well, this is code, no yes.", None),
        ("**Cut in", "Cut in", None),
        ("two.**", "two.", None),
        ("# Title", "Title", None),
        ("- item", "item", None),
        ("> quoted", "quoted", None),
        ("这是**粗体**字", "这是粗体字", None),
        ("2 * 3 = 6, 2**3, snake_case, -5 degrees", "2 * 3 = 6, 2**3, snake_case, -5 degrees", None),
        ("a [link](https://a.example/b_(c)) here", "a link here", None),
        ("![A cat](cat.png)", "A cat", None),
        ("\\*not bold\\* \\[joy]", "*not bold* [joy]", None),
        ("See https://www.a.example/b_c_d?e=f.", "See a.example.", "See https://www.a.example/b_c_d?e=f."),
        ("Go to <www.b.example>!", "Go to b.example!", "Go to www.b.example!"),
        ("Hi 😀👩‍👩‍👧‍👦 you ❤️!", "Hi you!", "Hi 😀👩‍👩‍👧‍👦 you ❤️!"),
        ("Hi :-) you (^_^)!", "Hi you!", "Hi :-) you (^_^)!"),
        ("¯\\_(ツ)_/¯ well", "well", "¯\\_(ツ)_/¯ well"),
        ("press 1️⃣ now", "press 1 now", "press 1️⃣ now"),
        ("One\n two\t three ", "One two three", None),
        ("a\x00b\u200bc\ud800d\u202ee\x1b", "abcde", None),
        ("[1] and [text]", "[1] and [text]", None),
        ("5° (x > y), 3 < 4", "5° (x > y), 3 < 4", None),
    ],
)
def test_what_is_spoken_and_what_is_shown(text: str, spoken: str, shown: str | None):
    line = prepare(text)
    assert (line.spoken, line.shown) == (spoken, spoken if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "tags", "shown"),
    [
        ("", [], ""),
        ("[joy]", ["joy"], ""),
        ("[sad] [joy:0.5]", ["sadness", "joy"], ""),
        ("😀❤️", [], "😀❤️"),
        ("[joy] 😀", ["joy"], "😀"),
        ("?!...", [], "?!..."),
        ("(^_^)", [], "(^_^)"),
        ("---", [], ""),
    ],
)
def test_with_nothing_to_say_the_tags_are_kept(text: str, tags: list[str], shown: str):
    line = prepare(text)
    assert (line.spoken, felt(line), line.shown) == ("", tags, shown)
    assert [tag.at for tag in line.tags] == [0] * len(tags)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("**Well**, [joy] *hello* you", "hello"),
        ("😀 see https://a.example/b [joy] **there**", "there"),
        ("[joy] 😀 **first**", "first"),
        ("so [joy] [this page](https://a.example)", "this"),
        ("so [joy] https://www.a.example/b", "a.example"),
        ("one\n\n[joy]\ttwo", "two"),
    ],
)
def test_a_tag_is_at_its_word_in_what_is_spoken(text: str, word: str):
    line = prepare(text)
    assert line.tags == (Tag(line.spoken.index(word), Feeling("joy")),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**Hi** 😀 [joy] you ❤️!", ["Hi", "you ❤️"]),
        ("See https://www.a.example/b?c, then go", ["See", "https://www.a.example/b?c", "then", "go"]),
        ("plain words only", ["plain", "words", "only"]),
        ("<speak>Fish <break/>&amp; <b>chi</b>ps</speak>", None),
    ],
)
def test_a_spoken_word_is_found_in_the_subtitle(text: str, words: list[str] | None):
    line = prepare(text)
    if words is None:
        begin, stop = line.spoken.index("Fish"), line.spoken.index("ps")
        assert line.shown == "Fish & chips"
        assert line.shown[slice(*line.shown_span(begin, begin + 4))] == "Fish"
        assert line.shown[slice(*line.shown_span(line.spoken.index("chi"), stop + 2))] == "chips"
        return
    found, at = [], 0
    for spoken in line.spoken.split():
        bare = spoken.strip(",!")
        begin = line.spoken.index(bare, at)
        at = begin + len(bare)
        found.append(line.shown[slice(*line.shown_span(begin, at))])
    assert found == words


def test_ssml_is_spoken_as_it_is():
    text = '<speak>I &lt;3 it. <mark name="wave"/>[joy] <!-- no -->Bye</speak>'
    line = prepare(text)
    assert line.shown == "I <3 it. [joy] Bye" and line.tags == ()
    assert line.spoken == text.replace("<!-- no -->", "")
    assert lines(text) == [line]


def test_a_text_becomes_its_sentences():
    prepared = lines("Hello! 😀\n---\n[sad] **Oh.** [joy]")
    assert [line.spoken for line in prepared] == ["Hello!", "Oh.", ""]
    assert [felt(line) for line in prepared] == [[], ["sadness"], ["joy"]]


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x1b\x07", "\u200b\ufeff \ud800"])
def test_nothing_to_say_is_refused(text: str):
    with pytest.raises(InputError, match="nothing to say"):
        check_text(text)


def test_a_text_of_a_megabyte_is_refused_at_once():
    with pytest.raises(TooLarge, match="1000000 characters; at most 20000"):
        check_text("a" * 1_000_000)
    assert len(check_text("a" * MAX_CHARACTERS)) == MAX_CHARACTERS


@pytest.mark.parametrize("text", ["😀", "[joy]", "?"])
def test_a_text_that_only_shows_is_taken(text: str):
    assert check_text(text) == text


@given(
    st.lists(
        st.sampled_from(
            "[joy] ** * _ ` # - > 😀 ❤️ :) (^_^) https://a.b/c [t](u) word Two 3 . ! , \n".split(" ")
        )
    )
)
def test_whatever_the_text_the_places_rise_within_the_subtitle(parts: list[str]):
    line = prepare(" ".join(parts))
    assert len(line.places) == len(line.spoken) + 1
    assert list(line.places) == sorted(line.places) and line.places[-1] <= len(line.shown)
    assert not EMOJI.search(line.spoken) and not TAG.search(line.shown)
    assert line.spoken == " ".join(line.spoken.split())
    assert len(line.tags) == parts.count("[joy]")
    assert all(tag.at == len(line.spoken) or line.spoken[tag.at].isalnum() for tag in line.tags)


@given(st.text(max_size=80) | st.text(max_size=80).map("<speak>{}</speak>".format))
def test_no_text_breaks_it(text: str):
    try:
        line = prepare(text)
    except InputError:
        assert text.startswith("<speak>")
        return
    line.spoken.encode()
    line.shown.encode()
    assert len(line.places) == len(line.spoken) + 1
    assert line.shown_span(0, len(line.spoken))[1] <= len(line.shown)
