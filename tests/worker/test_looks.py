"""Cels, effects and crop through the whole render loop, on a character of our own."""

import io
import queue
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState, DataEyes
from avatar_rtc.face.pose import neutral
from avatar_rtc.link.orders import AvatarReady, Down, OpenAvatar, SetState, StartRendition, Up
from avatar_rtc.link.pipe import pack, read
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import StaticAnimator, StaticCharacter
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import Crop
from avatar_rtc.stream.frame import EncodedFrame, Rendition
from avatar_rtc.stream.framing import Views
from avatar_rtc.worker.live import open_avatar
from avatar_rtc.worker.loop import RenderLoop

ALPHA = Rendition("h264", "alpha")
EMOTIONS = load_emotions(resource("assets", "emotions"))
STORE = CharacterStore(resource("assets", "characters"), resource("assets", "none"))
CHEEKS = (slice(156, 172), slice(208, 226))
"""Of Liora: the one on the left of the picture."""


class Still(StaticAnimator):
    """The static animator with a face at rest, so that only cels and effects change pixels."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.prepared = 0

    def prepare(self, portrait: Portrait) -> StaticCharacter:
        self.prepared += 1
        return super().prepare(portrait)

    def animate(
        self, poses: Tensor, characters: Sequence[StaticCharacter], between: Sequence[bool] = ()
    ) -> Tensor:
        return super().animate(torch.from_numpy(neutral())[None].expand(len(characters), -1), characters)


def opened(state: AvatarState, **fields: Any) -> OpenAvatar:
    liora = STORE.load_character("liora")
    message = OpenAvatar(
        "main", liora.rgba.tobytes(), 0.0, state, "static", 10.0, cels=liora.cels, emotions=liora.emotions
    )
    travelled = read(io.BytesIO(b"".join(pack(message))).read).__dict__ | fields  # as the pipe brings it
    return OpenAvatar(**travelled)


def play(script: Sequence[tuple[float, Down | None]], animator: Still) -> list[Up]:
    now, left, heard = 0.0, list(script), list[Up]()

    class Timeline:
        def get(self, timeout: float | None = None) -> Down | None:
            nonlocal now
            if timeout is not None and now + timeout < left[0][0]:
                now += timeout
                raise queue.Empty
            now = max(now, left[0][0])
            return left.pop(0)[1]

    RenderLoop(Timeline(), heard.append, EMOTIONS, lambda _: (animator, ""), lambda: now).run()  # type: ignore[arg-type]
    assert isinstance(heard[0], AvatarReady)
    return heard


def pictures(heard: Sequence[Up]) -> list[np.ndarray]:
    """RGB of every frame, colour over alpha."""
    codec = av.CodecContext.create("h264", "r")
    frames = [f for m in heard if isinstance(m, EncodedFrame) for f in codec.decode(av.Packet(m.data))]
    return [frame.to_ndarray(format="rgb24").astype(int) for frame in [*frames, *codec.decode(None)]]


def watched(state: AvatarState, *later: tuple[float, Down | None], **fields: Any) -> list[tuple]:
    return [(0.0, opened(state, **fields)), (0.0, StartRendition("main", ALPHA)), *later]


def test_an_emotion_with_blush_reddens_the_cheeks_and_lets_go() -> None:
    love = SetState("main", AvatarState(emotions={"love": 1.0}))
    calm = SetState("main", AvatarState())
    animator = Still()
    shown = pictures(play(watched(AvatarState(), (0.55, love), (2.05, calm), (5.05, None)), animator))
    redness = [float((p[CHEEKS][..., 0] - p[CHEEKS][..., 1]).mean()) for p in shown]
    blush = redness[19] - redness[0]
    assert blush > 8
    assert abs(redness[-1] - redness[0]) < blush / 3  # the encoder keeps a trace of what was there
    # Easing there and back composes; calm and love that has arrived do not, wavering goes round two.
    assert animator.prepared < 40


def test_nothing_is_composed_while_nothing_changes() -> None:
    animator = Still()
    play(watched(AvatarState(), (3.05, None)), animator)
    assert animator.prepared == 1
    play(watched(AvatarState(data_eyes=DataEyes(True, 0.0)), (3.05, None)), animator)
    assert animator.prepared == 1 + 1 + 4  # bare, then four pictures that go round


def test_flowers_appear_around_the_figure_and_go() -> None:
    joy = SetState("main", AvatarState(emotions={"joy": 1.0}))
    shown = pictures(play(watched(AvatarState(), (0.55, joy), (2.55, None)), Still()))
    # The lower half of the picture is alpha: what was transparent beside the head shows now.
    covered = [int((p[512 : 512 + 200] > 100).sum()) for p in shown]
    assert covered[6] > covered[0] + 10_000
    assert covered[-1] == pytest.approx(covered[0], abs=600)


def test_the_crop_is_what_viewers_get() -> None:
    crop = Crop(0.25, 0.125, 0.75, 0.625)
    seen = pictures(play(watched(AvatarState(), (0.35, None), views=Views(crop)), Still()))
    assert seen[0].shape == (512, 256, 3)
    message = opened(AvatarState(), views=Views(crop))
    avatar = open_avatar(message, Still(), EMOTIONS)
    picture = torch.from_numpy(np.frombuffer(message.rgba, np.uint8).reshape(512, 512, 4).copy())
    shown = avatar.shown(picture.permute(2, 0, 1) / 255, Appearance(neutral(), {}, {}))
    assert torch.equal(shown, picture.permute(2, 0, 1)[:, 64:320, 128:384] / 255)


def test_a_swap_that_fails_leaves_the_running_motion_as_it_is() -> None:
    animator = Still()
    running = open_avatar(opened(AvatarState()), animator, EMOTIONS)
    before = running.mixer.appearance(AvatarState(emotions={"love": 1.0}), 1.0)
    bad = opened(AvatarState(), rgba=b"short")
    with pytest.raises(ValueError):
        running.take_over(open_avatar(bad, animator, EMOTIONS))
    after = running.mixer.appearance(AvatarState(emotions={"love": 1.0}), 1.0)
    assert (before.pose == after.pose).all() and before.cels == after.cels
