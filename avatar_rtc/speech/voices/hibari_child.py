"""The process in which hibari speaks: `python -m avatar_rtc.speech.voices.hibari_child`.

Asked for {"text", "voice", "model", "size", "speed"}; see `voice_child`.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.hibari_voice import HibariVoice
from avatar_rtc.speech.voices.voice_child import Kept, serve

KEPT_VOICES = 2
"""Loaded at the same time; each takes 40 MB."""


def main() -> None:
    """Answer until the input ends."""
    voices = Kept[tuple[str, str], HibariVoice](lambda key: HibariVoice(key[0], Path(key[1])), KEPT_VOICES)

    def say(asked: dict[str, Any]) -> Speech:
        voice = voices.get((asked["voice"], asked["model"]))
        return voice.say(asked["text"], asked["speed"], Fraction(asked["size"]))

    serve(say)


if __name__ == "__main__":
    main()
