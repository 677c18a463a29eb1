"""Whatever is said to slow avatars, in whatever order: they end as if there were one thread."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor

from avatar_rtc.control.settings import check_settings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    RequestKeyframe,
    Say,
    SetState,
    SnapshotTaken,
    StartRendition,
    StillFailed,
    StopRendition,
    TakeSnapshot,
)
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.stream.frame import ImageRendition
from avatar_rtc.worker.loop import FRAME_THREADS
from tests.worker.live_stage import Live, Painter
from tests.worker.stage import opened

NAMES = ("a", "b")
FAR_S = 1e6
"""Of what is said: long after every test."""
PNG, QOI = ImageRendition("png"), ImageRendition("qoi")
SAID = timeline(np.full(48_000, 9_000, np.int16), 48_000, [TimedPhoneme(FAR_S, FAR_S + 1.0, "ˈɑ")])
STATES = [
    AvatarState(),
    AvatarState(paused=True),
    AvatarState(intensity=0.25, settings=check_settings({"target_fps": 7.0})),
    AvatarState(chain=check_chain([["vignetting"]])),
    AvatarState(chain=check_chain([["banding"], ["upscale", {"factor": 2.0}]])),
]
COLOURS = [(255, 0, 0), (0, 255, 0), (1, 2, 3)]


class Slow(Painter):
    """Takes a while for each picture and character, and does not open everybody."""

    def prepare(self, portrait: Portrait) -> Tensor:
        time.sleep(0.004)
        return super().prepare(portrait)

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        time.sleep(0.004)
        return super().animate(poses, characters)


def create(message: OpenAvatar) -> tuple[Slow, str]:
    if message.animator == "student":
        raise InputError("this character has no student")
    return Slow(), ""


def messages(name: str) -> st.SearchStrategy[Down]:
    renditions, states = st.sampled_from([PNG, QOI]), st.sampled_from(STATES)
    return st.one_of(
        st.builds(
            lambda colour, state, animator: OpenAvatar(
                **opened(name, colour, fps=60.0).__dict__ | {"state": state, "animator": animator}
            ),
            st.sampled_from(COLOURS),
            states,
            st.sampled_from(["static", "static", "student"]),
        ),
        st.builds(SetState, st.just(name), states),
        st.builds(StartRendition, st.just(name), renditions),
        st.builds(StopRendition, st.just(name), renditions),
        st.builds(RequestKeyframe, st.just(name), renditions),
        st.just(Say(name, "s", FAR_S, SAID)),
        st.just(Hush(name, FAR_S)),
        st.builds(TakeSnapshot, st.just(name), st.integers(1000, 2000)),
        st.just(CloseAvatar(name)),
    )


pauses = st.sampled_from([0.0] * 8 + [0.003, 0.012])
scripts = st.lists(st.tuples(pauses, st.sampled_from("aaab").flatmap(messages)), min_size=10, max_size=30)


def end_of(script: Sequence[tuple[float, Down]], threads: int) -> dict[str, object]:
    """What a loop keeps of each avatar when all of it is done."""
    live = Live(create, threads=threads)
    try:
        for pause, message in script:
            time.sleep(pause)
            live.send(message)
        live.send(*(TakeSnapshot(name, n) for n, name in enumerate(NAMES)))
        done = set(range(len(NAMES)))
        live.until(
            lambda: done <= {m.request for m in live.heard if isinstance(m, SnapshotTaken | StillFailed)}
        )
    finally:
        live.end()
    for name in NAMES:
        pts = [frame.pts for frame in live.of(name) if frame.rendition == PNG]
        assert pts == sorted(set(pts))
    seats = {name: seat.live for name, seat in live.loop._seats.items()}
    return {
        name: (
            avatar.state,
            frozenset(avatar.slots),
            avatar.opened.rgba[:4],
            avatar.fps,
            avatar.mixer.lips.speaks(FAR_S + 0.5),
        )
        for name, avatar in seats.items()
        if avatar is not None
    }


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(scripts)
def test_slow_avatars_end_as_if_there_were_one_thread(script: list[tuple[float, Down]]) -> None:
    script = [*((0.0, opened(name, fps=60.0)) for name in NAMES), *script]
    assert end_of(script, FRAME_THREADS) == end_of([(0.0, message) for _, message in script], 0)
