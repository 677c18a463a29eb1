"""The process in which Piper speaks: `python -m avatar_rtc.speech.voices.piper_child`.

Asked for {"text", "model", "slower", "speaker"}; see `voice_child`. Piper is under the GPL-3, and it is
loaded here alone.
"""

from pathlib import Path
from typing import Any

from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.piper_voice import PiperVoice
from avatar_rtc.speech.voices.voice_child import Kept, serve

_KEPT = 2
"""Loaded at the same time; each takes about twice its file."""


def main() -> None:
    """Answer until the input ends."""
    voices = Kept[str, PiperVoice](lambda model: PiperVoice(Path(model)), _KEPT)

    def say(asked: dict[str, Any]) -> Speech:
        return voices.get(asked["model"]).say(asked["text"], asked["slower"], asked["speaker"])

    serve(say)


if __name__ == "__main__":
    main()
