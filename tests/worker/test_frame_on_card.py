"""A whole frame on the meta device, which computes nothing and lets nobody read a value back.

What it counts is held: the kernels of each stage, and that nobody waits but for the one copy at the end.
"""

import io
from collections.abc import Mapping
from itertools import count

import torch

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.face.pose import INDEX, neutral
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.link.pipe import pack, read
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.operators import OperatorLog
from avatar_rtc.render.device.rehearsed import RehearsedMark, RehearsedStreams
from avatar_rtc.render.static import create_static
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, Network
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import Crop
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.worker.frames import FrameMade, Order, made_together
from avatar_rtc.worker.live import LiveAvatar, Slot, open_avatar

META = torch.device("meta")
EMOTIONS = load_emotions(resource("assets", "emotions"))
STORE = CharacterStore(resource("assets", "characters"), resource("assets", "none"))
CHAIN = check_chain(
    [["vignetting"], ["posterize"], ["digital_glitches", {"strength": 0.05}], ["upscale", {"factor": 2.0}]]
)
MATTE = (1280, 720)


class CountedStreams(RehearsedStreams):
    """Its device takes a millisecond for each kernel, so the times of a frame are numbers of kernels."""

    def __init__(self, log: OperatorLog) -> None:
        super().__init__()
        self._log = log

    def mark(self) -> RehearsedMark:
        self.spend(self._log.fused_kernels - self._spent_ms)
        return super().mark()


def tha3() -> Tha3Animator:
    """With the networks' true shapes, and no weights."""
    with META:
        networks = {name: Network(part, separable=True).half().eval() for name, part in PARTS.items()}
    return Tha3Animator(networks, "meta", torch.float16)  # type: ignore[arg-type]


def looks(t: float) -> Appearance:
    """A face that moves, under a cel and an effect that ease in."""
    pose, step = neutral(), min(1.0, t - 100)
    pose[[INDEX[name] for name in ("mouth_aaa", "head_x", "eyebrow_raised_left")]] = step / 2
    return Appearance(pose, {"blush1": step}, {"fx_heart1": step})


def opened(animator: Animator, card: Card, name: str, state: AvatarState) -> LiveAvatar:
    liora = STORE.load_character("liora")
    message = OpenAvatar(
        name, liora.rgba.tobytes(), 0.0, state, animator.name, 10.0, matte_size=MATTE, cels=liora.cels,
        crop=Crop(0.25, 0.0, 0.75, 0.75),
    )  # fmt: skip
    travelled = OpenAvatar(**read(io.BytesIO(b"".join(pack(message))).read).__dict__)  # as the pipe brings it
    avatar = open_avatar(travelled, animator, EMOTIONS, card=card)
    avatar.mixer.appearance = lambda state, t: looks(t)  # type: ignore[method-assign]
    for layout in ("alpha", "matte"):
        rendition = Rendition("h264", layout)
        avatar.slots[rendition] = Slot(rendition)
    return avatar


class Stage:
    """Avatars on the fake card, and what their frames ask of it."""

    def __init__(self, animator: Animator, states: list[AvatarState]) -> None:
        self.log = OperatorLog()
        self.streams = CountedStreams(self.log)
        card = Card(META, self.streams)
        self.avatars = [opened(animator, card, f"a{n}", state) for n, state in enumerate(states)]
        self._ticks = count()
        self.made()  # what is kept is uploaded once

    def made(self) -> list[FrameMade]:
        """A frame of each, in one batch, with a snapshot; of the log only this remains."""
        self.log.operators.clear()
        self.log.fused_calls.clear()
        self.streams._spent_ms = 0.0
        t = 100.1 + next(self._ticks) * 0.1
        orders = [Order(avatar, t, is_snapshot=True) for avatar in self.avatars]
        with self.log:
            return [future.result() for _, future in made_together(orders, lambda: t)]

    def close(self) -> None:
        for avatar in self.avatars:
            avatar.close()


WHOLE = AvatarState(chain=CHAIN, backdrop=Backdrop("day", blur=8.0))
SHARED = AvatarState(chain=CHAIN, backdrop=Backdrop("day", chain="shared"))
MOVING = AvatarState(backdrop=Backdrop("day", chain=check_chain([["digital_glitches"]])))

Kernels = Mapping[str, int]
ONCE = {"vignetting": 10, "posterize": 6, "digital_glitches": 0, "upscale": 17}
"""Of the chain on the picture; no glitch falls into these frames."""
TWICE = {"vignetting": 27, "posterize": 12, "digital_glitches": 0, "upscale": 34}
"""On the picture for alpha and snapshot, and on the scene."""


def check_frame(stage: Stage, most: Kernels) -> None:
    made, log = stage.made(), stage.log
    assert not log.downloads and stage.streams.copies == 2 * len(made), "one copy a frame"
    for one in made:
        assert not one.impairments and {frame.rendition.layout for frame in one.frames} == {"alpha", "matte"}
        assert one.rgba is not None and not one.rgba.any()
        for name, kernels in one.stage_ms.items():
            if name in ("pose", "encode"):
                continue  # by the clock
            assert kernels <= most.get(name.split()[-1], 0), (name, one.stage_ms)
    stage.close()


def test_nobody_waits_within_a_frame_and_it_is_so_many_kernels() -> None:
    """Effects and crop count with the stage that comes first, compiled functions as compiled."""
    stage = Stage(create_static("meta"), [SHARED, MOVING])
    check_frame(stage, {"animate": 138, "backdrop": 63, "layout": 9, **TWICE})
    assert not stage.log.uploads


def test_so_it_is_with_tha3() -> None:
    """Its poses go over in three pieces, for which the host waits."""
    stage = Stage(tha3(), [WHOLE])
    check_frame(stage, {"animate": 683, "backdrop": 12, "layout": 9, **ONCE})
    assert len(stage.log.waits) <= 3
