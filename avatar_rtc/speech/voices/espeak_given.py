"""What espeak is given for a text, for it spells letters it does not know, and leaves out signs and kanji."""

from functools import lru_cache, partial

from avatar_rtc.speech.languages import japanese
from avatar_rtc.speech.languages.completeness import shortened
from avatar_rtc.speech.languages.plain_letters import knows, plain_letters
from avatar_rtc.speech.languages.rewritten import RewrittenText
from avatar_rtc.speech.languages.scripts import HAN, LATIN, language_tag, reads_there
from avatar_rtc.speech.languages.stretches import has_han
from avatar_rtc.speech.languages.symbols import named_symbols
from avatar_rtc.speech.ssml import is_document
from avatar_rtc.speech.voices.espeak_documents import with_voices
from avatar_rtc.speech.voices.espeak_library import PHONEME, load_library

SPELL_LATIN = frozenset("ba cv hyw ja kok ky my nog shn ti".split())
"""Languages whose voices spell Latin words; all others read them, as English ones if they know no better."""
_WPM = 175


def reads_script(script: str, language: str) -> bool:
    """Kanji with the extra `japanese`, for espeak itself reads kana alone; some voices spell Latin."""
    if script == HAN and language == "ja":
        return japanese.is_installed()
    return script != LATIN or language not in SPELL_LATIN


def given(
    text: str, identifier: str, language: str, languages: frozenset[str]
) -> tuple[RewrittenText, tuple[str, ...]]:
    """The text as espeak reads it, and notes of what it does not read.

    Args:
        identifier: of the voice.
        language: which that voice speaks.
        languages: which there are voices of.
    """
    plain = partial(plain_letters, is_known=partial(_is_known, voice=identifier, language=language))
    if is_document(text):
        letters = plain(text)
        own = partial(_is_own, language)
        voices, unread = with_voices(letters.text, language, own, languages.__contains__)
        return voices.of(letters), _unread(unread)
    is_english = language_tag(language) == "en"
    named, unnamed = named_symbols(text, is_english, partial(_is_heard, voice=identifier))
    notes = (f"this voice has no word for {shortened(unnamed)}",) if unnamed else ()
    if has_han(text) and language == "ja" and japanese.is_installed():
        kana, unread = japanese.kana_of(named.text)
        return kana.of(named), (*_unread(unread), *notes)
    return plain(named.text).of(named), notes


def _unread(kanji: str) -> tuple[str, ...]:
    return (f"no reading is known for {shortened(kanji)}",) if kanji else ()


def _is_own(language: str, script: str, han: str) -> bool:
    return reads_there(language, script, han) and reads_script(script, language_tag(language))


@lru_cache(4096)
def _is_known(letter: str, voice: str, language: str) -> bool:
    return knows(letter, language, partial(_sounds, voice=voice))


@lru_cache(4096)
def _is_heard(sign: str, voice: str) -> bool:
    return _sounds(f"ba {sign} ba", voice) > _sounds("ba ba", voice)


def _sounds(text: str, voice: str) -> int:
    _, events = load_library().synthesize(text, voice, _WPM, ssml=False, stop=lambda: False)
    # "(en)" tells that a foreign word begins; it is no sound.
    return sum(event.kind == PHONEME and event.name[:1] not in ("", "(") for event in events)
