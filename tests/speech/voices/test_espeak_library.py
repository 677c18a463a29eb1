"""What espeak is kept from: crashes, the files of this machine, sound without end, and being missing."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_rtc.errors import SetupError, TooLarge
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices import espeak_library
from avatar_rtc.speech.voices.espeak import render
from avatar_rtc.speech.voices.espeak_library import PHONEME, EspeakLibrary, _printable, load_library
from tests.speech.stub_server import tone, wav


def sounds(speech: Speech) -> list[str]:
    return [phoneme.ipa for phoneme in speech.phonemes if phoneme.ipa]


@pytest.mark.parametrize(
    "text",
    [
        "😀", "👩‍👩‍👧‍👦", "\x00\x01\x02", "a\x00b", "\ud83d", "a" * 5000, "é" * 3000, "漢" * 200, "!?" * 100,
        ".", "   ", "", "\u0301" * 100, "[[h@l'oU]]", "a < b & c > d", "<speak>", "<speak><prosody rate=",
        "<speak></voice></p></speak>", "<speak>&#99999999; &bogus;</speak>", "<speak/>", "<speaker>",
        '<speak><voice name="../../etc">x</voice></speak>',
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_odd_text_is_spoken_or_not_but_harms_nothing(text: str) -> None:
    speech = render(text)
    for word in speech.words:
        assert 0 <= word.begin < word.stop <= len(text)
    assert sounds(render("pa ma ba")) == ["p", "ˈɑː", "m", "ˈɑː", "b", "ˈɑː"]


def test_a_nul_does_not_end_the_text() -> None:
    text = "one\0two"
    assert [text[word.begin : word.stop] for word in render(text).words] == ["one", "two"]


def test_emoji_are_named() -> None:
    assert render("😀").seconds > 0.5


def test_a_sound_file_named_in_a_text_is_not_played(tmp_path: Path) -> None:
    file = tmp_path / "secret.wav"
    file.write_bytes(wav(tone(5.0, 22_050), 22_050))
    assert render(f'<speak>a <audio src="{file}">b</audio></speak>').seconds < 3


def test_what_never_ends_is_refused() -> None:
    with pytest.raises(TooLarge, match="600 s"):
        render('<speak>a <break time="1000s"/> b</speak>')


def test_long_and_short_names_of_phonemes_are_read() -> None:
    """A phoneme's name has 8 bytes and no NUL if it needs them all."""
    for text, voice in (
        ("Olá, não há pão, coração", "pt-br"),
        ("sju sjösjuka sjömän", "sv"),
        ("źdźbło", "pl"),
    ):
        speech = render(text, voice)
        assert all("\ufffd" not in p.ipa and not p.ipa.startswith("(") for p in speech.phonemes)
        assert len(sounds(speech)) >= 5


def test_foreign_words_bring_no_language_names() -> None:
    """espeak says "(en)" where it changes the language."""
    for text, voice in (("кот cat кот", "ru"), ("la casa κόσμος", "it"), ("ああ cat ああ", "ja")):
        said = sounds(render(text, voice))
        assert len(said) >= 6 and not any("(" in ipa for ipa in said)


def test_without_the_package_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    espeak_library._load.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(SetupError, match=r"pip install 'avatar-rtc\[espeak\]'"):
        render("a")
    monkeypatch.undo()


def test_a_broken_library_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.so").write_bytes(b"no library")
    with pytest.raises(SetupError, match="cannot load espeak-ng"):
        EspeakLibrary(str(tmp_path / "broken.so"), str(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        *("a." * 1500, "é." * 150, "a.b.c." * 400, "<speak>" + "'s" * 800, "<speak>" + ".\u0301" * 400),
        *("<speak>" + "'s" * 800 + "</speak>", "<" + "a.b.c." * 400 + ">"),
    ],
)
def test_a_word_without_end_does_not_end_the_process(text: str):
    """Another process speaks it: espeak would write beyond its buffers."""
    code = "import sys; from avatar_rtc.speech.voices import espeak; espeak.render(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, text], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-300:]


def test_long_numbers_and_markup_keep_their_points():
    text = '<break time="0.5s"/>' + "12345.678" * 10
    assert _printable(text, True) == text


def test_no_voice_that_is_listed_is_silent() -> None:
    library = load_library()
    for voice in library.voices:
        _, events = library.synthesize("papa 1", voice.identifier, 400, ssml=False, stop=lambda: False)
        assert any(event.kind == PHONEME and event.name for event in events), voice
