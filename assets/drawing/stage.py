"""The picture of a stage in `docs/`: Liora speaks to the audience, and Tavi, mirrored, looks at her."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.cast import Cast, OnStage, Placing, toward
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.backdrop import behind
from avatar_rtc.resources import resource
from avatar_rtc.worker.frames import Order, made_alone
from avatar_rtc.worker.grounds import picture_behind
from avatar_rtc.worker.live import LiveAvatar, open_avatar

FILE = Path(__file__).resolve().parents[2] / "docs" / "stage.jpg"
FPS, SECONDS = 25, 2.4
PLACES = {"liora": Placing(0.32), "tavi": Placing(0.71, flip=True)}
BACKDROP = Backdrop("night", blur=2.0)


def opened(name: str, **state: object) -> LiveAvatar:
    """A shipped character's student in a state."""
    store = CharacterStore(resource("assets", "characters"), Path("/nonexistent"))
    character = store.load_any_character(name)
    animator, _ = Animators("cpu").get("student", character.student, character.rgba)
    message = OpenAvatar(
        avatar=name,
        rgba=character.rgba.tobytes(),
        epoch=0.0,
        state=replace(character.start, **state),
        fps=FPS,
        cels=character.cels,
        emotions=character.emotions,
        views=character.views,
        seed=len(name),
    )
    return open_avatar(message, animator, load_emotions(resource("assets", "emotions")))


def scene() -> NDArray[np.uint8]:
    """(540, 960, 3) sRGB."""
    listens = Gaze(toward(PLACES["tavi"], PLACES["liora"]))
    company = [
        opened("liora", emotions={"joy": 1.0}, gaze=Gaze("viewer"), overrides={"mouth_aaa": 0.7}),
        opened("tavi", emotions={"amusement": 0.6}, gaze=listens),
    ]
    cast = Cast(members=tuple(OnStage(each.opened.avatar, PLACES[each.opened.avatar]) for each in company))
    message = OpenAvatar("stage", bytes(512 * 512 * 4), 0.0, AvatarState(cast=cast), "static", FPS)
    empty, _ = Animators("cpu").get("static", None, np.zeros((512, 512, 4), np.uint8))
    stage = open_avatar(message, empty, load_emotions(resource("assets", "emotions")))
    rgba = None
    for number in range(round(SECONDS * FPS)):
        order = Order(stage, number / FPS, is_frame=False, is_snapshot=True)
        both = list(zip(cast.members, company, strict=True))
        rgba = made_alone(replace(order, company=both), lambda: 0.0).rgba
    assert rgba is not None
    return behind(BACKDROP, picture_behind(BACKDROP))(rgba)[..., :3]


def main() -> None:
    """Write the picture."""
    page = scene()
    cv2.imwrite(str(FILE), page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])
    print(f"{FILE.name}: {page.shape[1]}x{page.shape[0]}, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
