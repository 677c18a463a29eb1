"""The sheet of gestures in `docs/`: both shipped characters, each gesture at some of its moments."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState, PlayedGesture
from avatar_rtc.face.gestures import GestureTemplate, load_gestures
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animators import Animators
from avatar_rtc.resources import resource
from avatar_rtc.stream.framing import Framing
from avatar_rtc.worker.offline import OfflineAvatar

FILE = Path(__file__).resolve().parents[2] / "docs" / "gestures.jpg"
FPS, SEED = 25, 3
BEFORE = 1.0
"""Seconds of a calm face before each."""
MOMENTS = (0.08, 0.24, 0.4, 0.56, 0.72, 0.9)
"""Shares of a gesture's time."""
SIDE, LABEL = 132, 20
PAPER, INK = (236, 239, 244), (50, 54, 66)


def moments(name: str, template: GestureTemplate) -> NDArray[np.uint8]:
    """A row of pictures of a character in a gesture, (SIDE, len(MOMENTS) * SIDE, 3)."""
    store = CharacterStore(resource("assets", "characters"), Path("/nonexistent"))
    character = store.load_any_character(name)
    animator, _ = Animators("cpu").get("student", character.student, character.rgba)
    calm = AvatarState(framing=Framing("face", None))
    avatar = OfflineAvatar(
        OpenAvatar(
            avatar=name, rgba=character.rgba.tobytes(), epoch=0.0, state=calm, fps=FPS, seed=SEED,
            cels=character.cels, emotions=character.emotions, own_emotions=character.own_emotions,
            views=character.views,
        ),
        animator,
        load_emotions(resource("assets", "emotions")),
    )  # fmt: skip
    shown = [round((BEFORE + share * template.seconds) * FPS) for share in MOMENTS]
    row = []
    for number in range(shown[-1] + 1):
        if number == round(BEFORE * FPS):
            avatar.take(replace(calm, gestures=(PlayedGesture(template, BEFORE),)))
        appearance = avatar.appearance(number)
        if number in shown:
            row.append(_small(avatar.finished(appearance, number)))
    return np.hstack(row)


def _small(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The upper square of a picture, on paper."""
    height, width = rgba.shape[:2]
    shown = rgba[: min(height, width)].astype(np.float32)
    alpha = shown[..., 3:] / 255
    flat = shown[..., :3] * alpha + np.array(PAPER) * (1 - alpha)
    wide = cv2.resize(flat, (SIDE, round(SIDE * flat.shape[0] / width)), interpolation=cv2.INTER_AREA)
    page = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
    page[: len(wide)] = wide.astype(np.uint8)
    return page


def main() -> None:
    """Write the sheet: a gesture a row, Liora left and Tavi right."""
    rows = []
    for name, template in load_gestures(resource("assets", "gestures")).items():
        row = np.hstack([moments("liora", template), moments("tavi", template)])
        words = f"{name.replace('_', ' ')}, {template.seconds:g} s"
        label = np.full((LABEL, row.shape[1], 3), PAPER, np.uint8)
        cv2.putText(label, words, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
        rows += [label, row]
    page = np.vstack(rows)
    cv2.imwrite(str(FILE), page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84])
    print(f"{FILE.name}: {page.shape[1]}x{page.shape[0]}, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
