"""Avatars that talk, as the worker makes their frames: from poses to bytes on the host, and to packets."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count as counted
from itertools import cycle
from pathlib import Path
from typing import Any

import torch

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.bench.filters import DEFAULT
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded, timed_row
from avatar_rtc.bench.gpu.timing import TimedCall, side_by_side
from avatar_rtc.bench.measurement import percentile
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import OpenAvatar, PictureImpaired
from avatar_rtc.media.nvenc import Nvenc
from avatar_rtc.render.device.compiling import why_plain
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.resources import resource
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.worker.frames import Order, asked, made_together, posed
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.slots import slot_of

_MB = 1e6
_FPS = 30.0
_WATCHED = Rendition("h264", "alpha")
CHAINS: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "no chain": (),
    "the default chain": tuple((name, {}) for name in DEFAULT),
    "doubling and the default chain": (
        ("upscale", {"method": "anime", "quality": "low"}),
        *((name, {}) for name in DEFAULT),
    ),
}


@torch.inference_mode()
def avatar_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each chain and number of avatars that are due together."""
    cases = [(name, count) for name in CHAINS for count in rig.sizes.avatars]
    share = seconds / len(cases)

    def row(name: str, count: int) -> ReportRow:
        with avatars_on(rig, count, name) as avatars:
            return _row(rig, _named(name, count), _Stage(avatars), share)

    return [guarded(_named(name, count), partial(row, name, count)) for name, count in cases]


def _named(chain: str, count: int) -> str:
    return f"{count} avatar{'s' if count > 1 else ''}, {chain}"


def _row(rig: Rig, name: str, stage: "_Stage", seconds: float) -> ReportRow:
    is_captured = captured_first(rig, stage.to_bytes, seconds)
    times = side_by_side(rig.timer, {"to bytes": stage.to_bytes, "to packets": stage.to_packets}, seconds)
    values: dict[str, Value] = {}
    if times["to packets"].is_there:
        fps = 1000 * len(stage.avatars) / times["to packets"].median
        values = {"frames/s": fps, "avatars at 30 fps": int(fps / _FPS), **stage.parts_ms()}
    if times["to bytes"].is_there:
        log = operators_of(stage.to_bytes)
        started = log.kernels if why_plain(rig.device) else log.fused_kernels
        values["launches per avatar"] = started / len(stage.avatars)
        values["peak MB"] = rig.timer.peak_bytes(stage.to_bytes) / _MB
    if not is_captured:
        values["ready"] = "no"
    return timed_row(name, times, **values)


def captured_first(rig: Rig, call: TimedCall, seconds: float) -> bool:
    """Let a chain stand still for so long that it is captured; False if there was no time for that."""
    end = time.monotonic() + seconds
    for _ in range(2):  # what was captured before its functions were compiled is captured anew
        for _ in range(rig.sizes.preroll):
            if time.monotonic() > end:
                return False
            call()
        rig.timer.settle()
    return True


@contextmanager
def avatars_on(rig: Rig, count: int, chain: str) -> Iterator[Sequence[LiveAvatar]]:
    """Avatars that talk and are watched with their transparency; their encoders are closed at the end."""
    store = CharacterStore(resource("assets", "characters"), Path())
    emotions = load_emotions(resource("assets", "emotions"))
    names, nvenc = cycle(rig.sizes.characters), Nvenc()
    state = AvatarState(talking=True, chain=check_chain([list(step) for step in CHAINS[chain]]))
    made = []
    try:
        for number in range(count):
            rgba = store.load(next(names)).tobytes()
            message = OpenAvatar(f"{number}", rgba, 0.0, state, fps=_FPS, seed=number)
            made.append(open_avatar(message, rig.product(), emotions, card=rig.card))
            made[-1].slots[_WATCHED] = slot_of(_WATCHED, nvenc)
        yield made
    finally:
        for avatar in made:
            avatar.close()


class _Stage:
    """Avatars and the frames they have made; each call is a frame later."""

    def __init__(self, avatars: Sequence[LiveAvatar]) -> None:
        self.avatars = avatars
        self._ticks = counted()
        self._stages: list[Mapping[str, float]] = []

    def to_bytes(self) -> None:
        """Pose, chain and layout of all of them; returns when their bytes are on the host."""
        shots, batch = posed(self._orders())
        begun = [asked(shot, picture, batch) for shot, picture in zip(shots, batch.pictures, strict=True)]
        for each in begun:
            each.download.arrived()
            each.meter.read()  # or what was too slow would not be known
            _complain(each.shot.order.avatar.impairments())

    def to_packets(self) -> None:
        """The same, and encoded, as one worker does it."""
        for _, future in made_together(self._orders(), _no_time):
            made = future.result()
            _complain(made.impairments)
            self._stages.append(made.stage_ms)

    def parts_ms(self) -> dict[str, Value]:
        """Medians of where the time of a frame went; posing is of all avatars together."""
        found = defaultdict[str, list[float]](list)
        for stages in self._stages[len(self._stages) // 2 :]:
            chain = sum(ms for name, ms in stages.items() if name.startswith("chain"))
            for name in ("animate", "layout", "encode"):
                found[name].append(stages.get(name, 0.0))
            found["chain"].append(chain)
        return {
            f"{name} ms": percentile(found[name], 50) for name in ("animate", "chain", "layout", "encode")
        }

    def _orders(self) -> list[Order]:
        at = next(self._ticks) / _FPS
        return [Order(avatar, at) for avatar in self.avatars]


def _complain(impairments: Sequence[PictureImpaired]) -> None:
    """An avatar goes on without what fails, and is quicker then than it should be."""
    for each in impairments:
        if each.detail:
            raise RuntimeError(each.detail)


def _no_time() -> float:
    return 0.0
