"""What is SSML and what is text with angle brackets: of neither is a word lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.speech.script import check_text, prepare, prepare_all
from avatar_rtc.speech.sentences import Splitter, split
from avatar_rtc.speech.ssml import begins, check_document, is_document, may_begin, one_document, without_tags
from avatar_rtc.speech.voices import espeak
from tests.speech.angle_brackets import Marked, clean, documents, filled, heard, marked

BROKEN = (
    "<speak>a & b</speak>", "<speak>a < b</speak>", "<speak><b>a</speak>", "<speak>a</b></speak>",
    "<speak>a <speak>b</speak>", "<speak a=b>c</speak>", "<speak><![CDATA[a]]></speak>",
    "<speak>&bogus;</speak>",
)  # fmt: skip
HUMAN = (
    "a < b", "I <3 you", "<speaker> says hello", "<b>bold</b>", "I <love> you", "<speak up> please",
    "<speak>hello", "<speaks>hi</speak>", "<SPEAK>hi</SPEAK>", "hi </speak> there", "< speak>hi</speak>",
    "<speak", "say <speak>hi",
)  # fmt: skip


@pytest.mark.parametrize("text", HUMAN)
def test_what_people_type_is_text_and_reaches_every_engine_as_it_is(text: str):
    assert not is_document(text)
    said = [prepare(sentence).spoken for sentence in split(check_text(text))]
    assert re.findall(r"\w{2,}|[ab]", " ".join(said)) == re.findall(r"\w{2,}|[ab]", text)
    assert prepare_all(text).spoken == prepare(text).spoken == prepare(text, reads_ssml=False).spoken


@pytest.mark.parametrize("text", HUMAN)
def test_espeak_speaks_every_word_that_people_type(text: str):
    spoken = prepare(text).spoken
    said = [spoken[word.begin : word.stop] for word in espeak.render(spoken).words]
    assert re.findall(r"\w{2,}", " ".join(said)) == re.findall(r"\w{2,}", spoken)


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_document_is_refused_at_every_door_with_what_is_wrong_and_where(text: str):
    for door in (check_text, prepare, prepare_all, lambda text: [prepare(s) for s in split(f"Hi. {text}")]):
        with pytest.raises(InputError, match=r"SSML cannot be read: .*\(line 1, column \d+\); wanted is"):
            door(text)


def test_a_document_type_is_refused():
    with pytest.raises(InputError, match="document type"):
        check_document('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>')


def said_of(text: str, reads_ssml: bool) -> list[str]:
    return [prepare(sentence, reads_ssml).spoken for sentence in split(text)]


@given(marked, st.booleans())
@example(filled("<speak>W. <speak>W</speak> W</speak> W"), True)
@example(filled("<?xml version='1.0'?> W <speak>W</speak>"), True)
def test_every_word_is_heard_once_in_order_or_the_document_is_refused(marked: Marked, reads_ssml: bool):
    for told in (
        lambda: said_of(marked.text, reads_ssml),
        lambda: [prepare_all(marked.text, reads_ssml).spoken],
    ):
        try:
            assert heard(told()) == marked.words
        except InputError as refusal:
            assert "SSML" in str(refusal) and "</speak>" in marked.text


@given(clean, st.booleans())
def test_whole_documents_are_never_refused_and_their_markup_is_heard_of_no_engine_without_ssml(
    marked: Marked, reads_ssml: bool
):
    for told in (said_of(marked.text, reads_ssml), [prepare_all(marked.text, reads_ssml).spoken]):
        assert heard(told) == marked.words
        hidden = re.findall("hidden", "".join(without_tags(t) if is_document(t) else t for t in told))
        assert not hidden or (not reads_ssml and "hidden" not in "".join(told))


@given(marked, st.integers(1, 9))
def test_the_pieces_a_text_comes_in_change_nothing(marked: Marked, length: int):
    splitter = Splitter()
    chunks = [marked.text[at : at + length] for at in range(0, len(marked.text), length)]
    found = [sentence for chunk in chunks for sentence in splitter.feed(chunk)]
    assert found + splitter.finish() == split(marked.text)


@given(st.lists(documents, max_size=4).map("".join), st.data())
def test_what_may_still_become_a_document_is_waited_for_and_nothing_else(text: str, data: st.DataObject):
    for at in range(1, len(text)):
        if begins(text):
            assert may_begin(text[:at]) or begins(text[:at])
    assert not may_begin(data.draw(st.sampled_from(("<b", "speak", "<speaker", "< s", "<?xl", "<speak>"))))


def test_several_documents_make_one():
    whole = one_document(["a < b", "<?xml version='1.0'?><speak xml:lang='de'>c &amp; <s>d</s></speak>"])
    assert is_document(whole) and prepare(whole).shown == "a < b c & d"
    assert "xml:lang='de'" in whole
