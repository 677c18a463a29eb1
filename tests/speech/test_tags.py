import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.tags import MAX_HOLD_S, Tag, emotion_named, next_word, strip_tags


def feelings(tags: tuple[Tag, ...]) -> list[Feeling]:
    return [tag.act for tag in tags if isinstance(tag.act, Feeling)]


@pytest.mark.parametrize(
    ("text", "clean", "tag"),
    [
        ("[joy] Hello", "Hello", Tag(0, Feeling("joy"))),
        ("Well [joy:0.7] then", "Well then", Tag(5, Feeling("joy", 0.7))),
        ("[sad:0.5,3s] Oh", "Oh", Tag(0, Feeling("sadness", 0.5, 3.0))),
        ("[anger,800ms] Oh", "Oh", Tag(0, Feeling("anger", 1.0, 0.8))),
        ("[ JOY : .5 , 1.5 s ] Oh", "Oh", Tag(0, Feeling("joy", 0.5, 1.5))),
        ("[joy:70%] Oh", "Oh", Tag(0, Feeling("joy", 0.7))),
        ('<emotion name="joy" strength="0.7"> Oh', "Oh", Tag(0, Feeling("joy", 0.7))),
        ("<emotion hold='2s' name='Shy'/>Oh", "Oh", Tag(0, Feeling("embarrassment", 1.0, 2.0))),
        ('Oh <emotion name="fear">no</emotion>!', "Oh no!", Tag(3, Feeling("fear"))),
        ("Bye [sad]", "Bye", Tag(3, Feeling("sadness"))),
        ("Bye [sad]!", "Bye!", Tag(4, Feeling("sadness"))),
        ('[joy] "Yes", she said', '"Yes", she said', Tag(1, Feeling("joy"))),
        ("**[joy] Yes**", "**Yes**", Tag(2, Feeling("joy"))),
        ("Hi![joy]Bye", "Hi! Bye", Tag(4, Feeling("joy"))),
        ("今日は[joy]いい", "今日はいい", Tag(3, Feeling("joy"))),
        ("One\n[joy] two", "One\ntwo", Tag(4, Feeling("joy"))),
    ],
)
def test_a_tag_goes_and_is_found_at_the_next_word(text: str, clean: str, tag: Tag):
    assert strip_tags(text) == (clean, (tag,))


def test_numbers_out_of_range_become_the_nearest_that_makes_sense():
    tags = strip_tags("[joy:2] a [joy:-1] b [joy:900%,99999s] c")[1]
    assert [(act.strength, act.hold_s) for act in feelings(tags)] == [
        (1.0, None),
        (0.0, None),
        (1.0, MAX_HOLD_S),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "[text](https://a.example)",
        "[joy](https://a.example)",
        "![joy](joy.png)",
        "[link]",
        "[[joy]]",
        "\\[joy]",
        "[joy",
        "joy]",
        "[]",
        "[joy:much]",
        "[joy:1.2.3]",
        "[joy:0.5,3]",
        "[joy\n]",
        "[" + " " * 40 + "joy]",
        "list[0] = {joy}",
        '<emotion name="table">',
        "<emotion>",
        "<emotional name='joy'>",
        "a < b > c",
    ],
)
def test_what_is_no_tag_is_left_alone(text: str):
    assert strip_tags(text) == (text, ())


@pytest.mark.parametrize("name", EMOTIONS)
def test_every_emotion_is_a_tag_in_any_case(name: str):
    for written in (name, name.upper(), name.title()):
        assert strip_tags(f"[{written}] x") == ("x", (Tag(0, Feeling(name)),))


@pytest.mark.parametrize(
    ("synonym", "emotion"),
    [
        ("happy", "joy"),
        ("angry", "anger"),
        ("sad", "sadness"),
        ("surprised", "surprise"),
        ("shy", "embarrassment"),
        ("relaxed", "relief"),
        ("scared", "fear"),
        ("excited", "excitement"),
        ("smile", "joy"),
        ("thinking", "curiosity"),
        ("confused", "confusion"),
        ("laugh", "amusement"),
        (" Worried ", "nervousness"),
        ("table", None),
        ("", None),
    ],
)
def test_synonyms_stand_for_emotions(synonym: str, emotion: str | None):
    assert emotion_named(synonym) == emotion


def test_tags_side_by_side_belong_to_the_same_word_in_their_order():
    assert strip_tags("Oh [sad] [joy:0.5] well [fear]") == (
        "Oh well",
        (Tag(3, Feeling("sadness")), Tag(3, Feeling("joy", 0.5)), Tag(7, Feeling("fear"))),
    )


WORDS = st.lists(st.sampled_from(["One", "two,", "(three)", '"four"', "五", "six."]), min_size=1, max_size=8)


@given(WORDS, st.data())
def test_a_text_with_tags_between_its_words_is_the_text_without_them(words: list[str], data: st.DataObject):
    names = [data.draw(st.sampled_from(["", *EMOTIONS])) for _ in words]
    tagged = " ".join(f"[{name}] {word}" if name else word for name, word in zip(names, words, strict=True))
    clean, tags = strip_tags(tagged)
    assert clean == " ".join(words)
    starts = [next_word(clean, len(" ".join([*words[:index], ""]))) for index in range(len(words))]
    assert [(tag.at, act.emotion) for tag, act in zip(tags, feelings(tags), strict=True)] == [
        (start, name) for start, name in zip(starts, names, strict=True) if name
    ]


@given(st.text(alphabet="[]<>joysad:,.0 %m\n\"'=/emtin\\(", max_size=60))
def test_no_text_breaks_it_and_none_is_left_with_a_tag(text: str):
    clean, tags = strip_tags(text)
    assert all(0 <= tag.at <= len(clean) for tag in tags)
    assert all(0 <= act.strength <= 1 for act in feelings(tags))
    assert tags or clean == text or "</emotion" in text
