"""Frames without a clock: the same as a live avatar's, and fitted into any size."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.image import read_character
from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.static import create_static
from avatar_rtc.resources import resource
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.worker.live import open_avatar
from avatar_rtc.worker.offline import EMOTION_SETTLED_S, OfflineAvatar, framed
from avatar_rtc.worker.slots import Slot

DATA = Path(__file__).parents[1] / "data"
EMOTIONS = load_emotions(resource("assets", "emotions"))
FPS = 25.0


def opening(seed: int = 7, chain: list[list[object]] | None = None) -> OpenAvatar:
    rgba = read_character((DATA / "disc_short.png").read_bytes())
    state = AvatarState(emotions={"joy": 1.0}, chain=check_chain(chain or []))
    return OpenAvatar("main", rgba.tobytes(), 0.0, state, fps=FPS, seed=seed)


def offline(opened: OpenAvatar, size: tuple[int, int] | None = None) -> OfflineAvatar:
    return OfflineAvatar(opened, create_static("cpu"), EMOTIONS, size)


def alpha_layout_of(rgba: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luma of the premultiplied colour and of alpha, BT.601 (219 (0.299 R + 0.587 G + 0.114 B) + 16)."""
    share = rgba.astype(float) / 255
    luma = 219 * (share[..., :3] * share[..., 3:]) @ [0.299, 0.587, 0.114] + 16
    return luma, 219 * share[..., 3] + 16


@pytest.mark.parametrize("chain", [[], [["noise"], ["scanlines"], ["translucent_display"]]], ids=len)
def test_its_frames_are_those_a_live_avatar_sends(chain: list[list[object]]) -> None:
    live = open_avatar(opening(chain=chain), create_static("cpu"), EMOTIONS)
    live.slots[Rendition("h264", "alpha")] = Slot(Rendition("h264", "alpha"))
    for number, frame in enumerate(offline(opening(chain=chain)).frames(4)):
        t = number / FPS
        appearance = live.mixer.appearance(live.state, t)
        pose = torch.from_numpy(appearance.pose[None].copy())
        picture = live.animator.animate(pose, [live.character.under(appearance.cels)])[0]
        planes = live.planes(live.shown(picture, appearance), t, {"alpha"})["alpha"].numpy()
        colour, alpha = alpha_layout_of(frame)
        assert np.abs(planes[:512] - colour).max() <= 2 and np.abs(planes[512:1024] - alpha).max() <= 1.01


def test_a_still_is_the_frame_of_its_second() -> None:
    chain: list[list[object]] = [["noise", {"strength": 0.5}]]
    *_, last = offline(opening(chain=chain)).frames(round(EMOTION_SETTLED_S * FPS) + 1)
    assert np.array_equal(offline(opening(chain=chain)).still(), last)
    assert not np.array_equal(offline(opening(8, chain)).still(), last)


def test_grain_changes_with_every_25th_of_a_second() -> None:
    frames = list(offline(opening(chain=[["noise", {"strength": 1.0}]])).frames(60))
    assert all(np.abs(a.astype(int) - b).mean() > 1 for a, b in pairwise(frames))


@pytest.mark.parametrize("size", [(640, 360), (300, 900), (512, 512), (1024, 1024)])
def test_a_frame_stands_on_the_middle_of_the_lower_edge(size: tuple[int, int]) -> None:
    picture = torch.zeros(4, 512, 512)
    picture[:, 312:, 206:306] = torch.tensor([0.5, 0.25, 0.0, 1.0])[:, None, None]  # 100 wide, 200 high
    found = framed(picture, size)
    assert found.shape == (4, size[1], size[0])
    scale = min(size[0] / 512, size[1] / 512)
    rows, columns = (np.flatnonzero((found[3] > 0.5).numpy().any(axis)) for axis in (1, 0))
    assert rows[-1] == size[1] - 1 and abs(len(rows) - 200 * scale) <= 1
    assert abs(len(columns) - 100 * scale) <= 1 and abs(columns.mean() - (size[0] - 1) / 2) <= 1
    assert (found[:3] <= found[3:] + 1e-6).all() and abs(found[3].sum() / (20_000 * scale**2) - 1) < 0.01


def test_a_sized_still_is_the_still_shrunk() -> None:
    whole, small = offline(opening()).still(), offline(opening(), (256, 256)).still()
    share = whole.astype(np.float32) / 255
    share[..., :3] *= share[..., 3:]
    expected = cv2.resize(share, (256, 256), interpolation=cv2.INTER_AREA)
    found = small.astype(np.float32) / 255
    found[..., :3] *= found[..., 3:]
    assert np.abs(found - expected).max() < 0.012
