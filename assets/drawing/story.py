"""What a shipped character does in a picture of the docs: what it says and feels, and when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animators import Animators
from avatar_rtc.resources import resource
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.hibari import Hibari
from avatar_rtc.stream.framing import Framing
from avatar_rtc.worker.offline import OfflineAvatar

AHEAD_S = 0.3
"""So long before it is heard lips know of a sentence."""


@dataclass(frozen=True)
class Story:
    """Times are seconds from the first frame, in order."""

    emotions: Sequence[tuple[float, str]]
    words: Sequence[tuple[float, str]] = ()


def opened(name: str, fps: float, seed: int, headroom: float | None = None) -> OfflineAvatar:
    """A shipped character's bust, animated by the student it is shipped with."""
    store = CharacterStore(resource("assets", "characters"), Path("/nonexistent"))
    character = store.load_any_character(name)
    animator, _ = Animators("cpu").get("student", character.student, character.rgba)
    message = OpenAvatar(
        avatar=name, rgba=character.rgba.tobytes(), epoch=0.0,
        state=AvatarState(framing=Framing("bust", headroom)), fps=fps, seed=seed,
        cels=character.cels, emotions=character.emotions, own_emotions=character.own_emotions,
        views=character.views,
    )  # fmt: skip
    return OfflineAvatar(message, animator, load_emotions(resource("assets", "emotions")))


def spoken(story: Story, voice: str = "heart") -> list[tuple[float, Speech]]:
    """What is said, and from when on."""

    async def speak() -> list[tuple[float, Speech]]:
        engine = Hibari()
        try:
            return [(begin, await engine.synthesize(text, voice, 1.0)) for begin, text in story.words]
        finally:
            await engine.close()

    return asyncio.run(speak())


def appearances(
    avatar: OfflineAvatar, story: Story, said: Sequence[tuple[float, Speech]], fps: float, count: int
) -> list[Appearance]:
    """Those of the first `count` frames."""
    looks, coming = [], list(said)
    for number in range(count):
        t = number / fps
        while (
            coming and coming[0][0] <= t + AHEAD_S
        ):  # lips forget what is over when they hear of what follows
            begin, speech = coming.pop(0)
            avatar.say(begin, timeline(speech.pcm, speech.rate, speech.phonemes))
        felt = [name for begin, name in story.emotions if begin <= t][-1]
        looks.append(avatar.appearance(number, felt))
    return looks


def on_ground(rgba: NDArray[np.uint8], ground: tuple[int, int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB of a picture with straight alpha (H, W, 4)."""
    alpha = rgba[..., 3:] / np.float32(255)
    return (rgba[..., :3] * alpha + np.float32(ground) * (1 - alpha) + 0.5).astype(np.uint8)
