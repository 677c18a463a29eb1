"""Frames of a device: asked for all at once, encoded as they arrive, timed by what it tells afterwards."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import AvatarFailed, PictureImpaired, SetState, StartRendition, Stats
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import create_static
from avatar_rtc.stream.frame import ImageRendition
from avatar_rtc.worker.failing_parts import MOST_RETRY_S, RETRY_PART_S
from avatar_rtc.worker.frames import FrameMade, Order, made_alone, made_together
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.loop import RenderLoop
from avatar_rtc.worker.slots import slot_of
from tests.render.device.rehearsed import RehearsedMark, RehearsedStreams
from tests.worker.stage import ALPHA, EMOTIONS, Painter, Stiff, Timeline, colour, frames, opened

PNG = ImageRendition("png")
CPU = torch.device("cpu")


class Diary(RehearsedStreams):
    """Writes down what happens in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def copied(self, source: Tensor, after: RehearsedMark) -> tuple[Tensor, RehearsedMark]:
        self.said.append("copy")
        return super().copied(source, after)


class Quick(Stiff):
    """Gives each character its own colour, in no time of the device but what it is told to spend."""

    name, space = "quick", "srgb"

    def prepare(self, portrait: Portrait) -> Tensor:
        return portrait.image[:, :64, :64].clone()

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        return torch.stack(list(characters))


def avatars(card: Card | None, count: int, state: AvatarState, chain_ms: float = 1e9) -> list[LiveAvatar]:
    made = []
    for n in range(count):
        animator: Any = Quick()
        avatar = open_avatar(opened(f"a{n}", (80 * n, 0, 9)), animator, EMOTIONS, chain_ms, card)
        avatar.take(state)
        avatar.slots[PNG] = slot_of(PNG)
        made.append(avatar)
    return made


def spending(streams: RehearsedStreams, ms: float) -> Filter:
    def run(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        streams.spend(ms)
        return image * 0.5

    return Filter(run)


def made_of(ordered: Sequence[LiveAvatar], at: float = 101.0) -> list[FrameMade]:
    return [future.result() for _, future in made_together([Order(a, at) for a in ordered], lambda: at)]


def test_a_device_is_asked_for_all_of_them_before_the_first_is_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = Diary()
    ordered = avatars(Card(CPU, streams), 3, AvatarState())

    def noted(avatar: LiveAvatar, *args: Any) -> list[Any]:
        on_their_way = len(streams._under_way)
        streams.said.append(f"encode {avatar.opened.avatar}, {on_their_way} on their way")
        return []

    monkeypatch.setattr(LiveAvatar, "frames", noted)
    with streams:
        made_of(ordered)
    assert streams.said == [
        *["copy"] * 3,
        *(f"encode a{n}, {2 - n} on their way" for n in range(3)),
    ]


def test_of_one_that_fails_the_others_get_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Diary()
    ordered = avatars(Card(CPU, streams), 3, AvatarState())

    def broken(*args: Any) -> Tensor:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(ordered[1], "shown", broken)
    futures = [f for _, f in made_together([Order(a, 101.0) for a in ordered], lambda: 101.0)]
    assert [f.exception() is None for f in futures] == [True, False, True]


def test_they_are_the_pictures_of_a_cpu() -> None:
    state = AvatarState(
        chain=check_chain([["vignetting"], ["upscale", {"factor": 2.0}]]), backdrop=Backdrop("night")
    )
    streams, animator = RehearsedStreams(), create_static("cpu")
    here, there = (
        open_avatar(opened(matte_size=(128, 96)), animator, EMOTIONS, card=card)
        for card in (None, Card(CPU, streams))
    )
    for avatar in (here, there):
        avatar.take(state)
    one, other = (
        made_alone(Order(avatar, 101.0, is_frame=False, is_snapshot=True), lambda: 101.0)
        for avatar in (here, there)
    )
    assert one.rgba is not None and other.rgba is not None
    assert np.abs(one.rgba.astype(int) - other.rgba).max() <= 1


def test_a_chain_too_slow_is_found_one_frame_later_and_told_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = RehearsedStreams()
    monkeypatch.setitem(chains.FILTERS, "bloom", spending(streams, 400.0))
    monkeypatch.setitem(chains.FILTERS, "posterize", spending(streams, 100.0))
    state = AvatarState(chain=check_chain([["posterize"], *[["bloom"]] * 30]))
    ordered = avatars(Card(CPU, streams), 1, state, chain_ms=1500.0)
    first, second = (made_of(ordered, 101.0 + n / 10)[0] for n in range(2))
    assert not first.impairments and first.stage_ms["chain 3 bloom"] == 400.0
    assert first.cost_ms >= 12_100
    (told,) = second.impairments
    for words in (
        "the chain is left out: ",
        "1700 ms up to bloom (number 5)",
        "may take 1500 ms",
        "with 400 ms",
    ):
        assert words in told.detail
    assert not any("bloom" in stage for stage in second.stage_ms)


def test_one_that_stays_too_slow_is_tried_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    streams, tries, told = RehearsedStreams(), list[float](), list[PictureImpaired]()
    monkeypatch.setitem(chains.FILTERS, "bloom", spending(streams, 400.0))
    ordered = avatars(Card(CPU, streams), 1, AvatarState(chain=check_chain([["bloom"]])), chain_ms=300.0)
    for n in range(400):
        before = streams._spent_ms
        told += made_of(ordered, 101.0 + n)[0].impairments
        if streams._spent_ms > before:
            tries.append(float(n))
    pauses = np.diff(tries)
    assert pauses[:4] == pytest.approx([RETRY_PART_S * 2**n for n in range(4)], abs=1.1)
    assert max(pauses) <= MOST_RETRY_S + 1 and len(told) == 1


def test_another_chain_is_not_blamed_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = RehearsedStreams()
    monkeypatch.setitem(chains.FILTERS, "bloom", spending(streams, 400.0))
    ordered = avatars(Card(CPU, streams), 1, AvatarState(chain=check_chain([["bloom"]])), chain_ms=300.0)
    made_of(ordered)
    ordered[0].take(AvatarState(chain=check_chain([["posterize"]])))
    assert not made_of(ordered, 101.1)[0].impairments


def test_an_animator_of_the_cpu_makes_its_frames_there_though_there_is_a_card() -> None:
    avatar = open_avatar(opened(), create_static("cpu"), EMOTIONS, card=Card(torch.device("meta"), Diary()))
    assert avatar.card is None and avatar.streams is None
    made = made_alone(Order(avatar, 101.0, is_frame=False, is_snapshot=True), lambda: 101.0)
    assert made.rgba is not None and made.rgba.any()


def test_what_somebody_holds_stays_while_others_are_made() -> None:
    streams = RehearsedStreams()
    (avatar,) = avatars(Card(CPU, streams), 1, AvatarState())
    held = made_alone(Order(avatar, 101.0, is_snapshot=True), lambda: 101.0).rgba
    assert held is not None
    before = held.copy()
    avatar.take(AvatarState(chain=check_chain([["posterize"]]), paused=True))
    for n in range(4):
        made_of([avatar], 101.0 + n)
    assert np.array_equal(held, before)
    assert avatar.stands_still and streams.copies == 2


def test_a_loop_with_a_card_renders_as_one_without() -> None:
    state = AvatarState(chain=check_chain([["translucent_display", {"alpha": 0.5}]]))
    script = [(0, opened("a")), (0, opened("b", (0, 255, 0))), (0, SetState("b", state))]
    script += [(0, StartRendition(name, ALPHA)) for name in "ab"] + [(1.25, None)]  # type: ignore[list-item]

    def heard_with(card: Card | None) -> list[Any]:
        heard: list[Any] = []
        clock: Any = Timeline(script)  # type: ignore[arg-type]
        painter: Any = Painter(clock)
        RenderLoop(clock, heard.append, EMOTIONS, lambda _: (painter, ""), lambda: clock.now, card=card).run()
        return heard

    ours, theirs = heard_with(Card(CPU, RehearsedStreams())), heard_with(None)
    assert [type(message) for message in ours] == [type(message) for message in theirs]
    assert not any(isinstance(message, AvatarFailed | PictureImpaired) for message in ours)
    assert any(isinstance(message, Stats) for message in ours)
    for one, other in zip(frames(ours), frames(theirs), strict=True):
        assert (one.avatar, one.pts, one.key) == (other.avatar, other.pts, other.key)
        if one.key:
            assert colour(one) == pytest.approx(colour(other), abs=2)
