"""The moving picture of the README, docs/liora.webp: Liora lives and speaks in three emotions.

It ends as it began.

python assets/drawing/door.py
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState
from avatar_rtc.curves import hermite
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.colour import converted
from avatar_rtc.resources import resource
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.voices.espeak import render
from avatar_rtc.worker.live import LiveAvatar, open_avatar

FILE = Path(__file__).resolve().parents[2] / "docs" / "liora.webp"
FPS, SIDE, SEED = 20, 300, 5
BEFORE_S = 1.5
"""She lives this long before the first picture, so that there is something to begin anew from."""
LOOP_S = 6.0
JOIN_S = 0.8
"""Over the last of it the pose turns into that of before the first picture."""
EMOTIONS = ((0.2, "joy"), (2.2, "surprise"), (3.5, "embarrassment"), (5.1, "neutral"))
"""From which second of the loop on; each is there by a third of a second later."""
WORDS = ((0.45, "Hello! I am Liora."), (2.45, "Oh, you can see me?"), (3.95, "How nice."))
LEFT, TOP, SHOWN = 85, 0, 344
"""The square that is shown, in px of 512: the signs around the head, and the shoulders."""
GROUND = (50, 54, 74)
"""sRGB; neither of a light page nor of a dark one. Transparency would make the file four times as large."""


def appearances(avatar: LiveAvatar) -> list[Appearance]:
    """The appearances of the loop, of which the first follows the last."""
    for second, words in WORDS:
        speech = render(words)
        avatar.mixer.lips.append(
            timeline(words, BEFORE_S + second, speech.pcm, speech.rate, speech.phonemes, marks_burst=True)
        )
    before, loop, join = (round(seconds * FPS) for seconds in (BEFORE_S, LOOP_S, JOIN_S))
    seen = []
    for number in range(before + loop):
        t = number / FPS
        emotion = [name for second, name in ((-BEFORE_S, "neutral"), *EMOTIONS) if second <= t - BEFORE_S][-1]
        seen.append(avatar.mixer.appearance(replace(avatar.state, emotions={emotion: 1.0}), t))
    for number in range(join):
        share = (number + 1) / join
        share = hermite(share)
        seen[-join + number] = between(seen[-join + number], seen[before - join + number], share)
    return seen[before:]


def between(one: Appearance, other: Appearance, share: float) -> Appearance:
    """A look on the way from one to another."""

    def mixed(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
        sums = {name: a.get(name, 0.0) * (1 - share) + b.get(name, 0.0) * share for name in {**a, **b}}
        return {name: value for name, value in sums.items() if value > 0}

    pose = one.pose + (other.pose - one.pose) * np.float32(share)
    return Appearance(pose, mixed(one.cels, other.cels), mixed(one.fx, other.fx))


@torch.inference_mode()
def pictures(avatar: LiveAvatar) -> Iterator[NDArray[np.uint8]]:
    """(SIDE, SIDE, 3) sRGB, on the ground."""
    ground = np.array(GROUND, np.float32) / 255
    for appearance in appearances(avatar):
        pose = torch.from_numpy(appearance.pose[None].copy())
        posed = avatar.animator.animate(pose, [avatar.character.under(appearance.cels)])[0]
        shown = converted(
            avatar.shown(posed, appearance).float(), avatar.animator.space, "srgb-premultiplied"
        )
        part = shown.permute(1, 2, 0).numpy()[TOP : TOP + SHOWN, LEFT : LEFT + SHOWN]
        small = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        yield ((small[..., :3] + ground * (1 - small[..., 3:])).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def opened() -> LiveAvatar:
    """Liora, animated by the student she is shipped with."""
    character = CharacterStore(resource("assets", "characters"), Path("/nonexistent")).load_any_character(
        "liora"
    )
    animator, _ = Animators("cpu").get("student", character.student, character.rgba)
    message = OpenAvatar(
        avatar="door", rgba=character.rgba.tobytes(), epoch=0.0, state=AvatarState(), fps=FPS, seed=SEED,
        cels=character.cels, emotions=character.emotions, own_emotions=character.own_emotions,
        crop=character.crop,
    )  # fmt: skip
    return open_avatar(message, animator, load_emotions(resource("assets", "emotions")))


def main() -> None:
    """Write the picture."""
    first, *others = [Image.fromarray(rgb) for rgb in pictures(opened())]
    first.save(
        FILE, save_all=True, append_images=others, duration=1000 // FPS, loop=0, quality=64, method=6,
    )  # fmt: skip
    print(f"docs/{FILE.name}: {len(others) + 1} pictures, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
