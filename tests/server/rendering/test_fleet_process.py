"""Two render workers as the processes they are, under the names of two cards."""

import time
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.link.orders import AvatarReady, StartRendition
from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.fleet import Fleet
from avatar_rtc.server.rendering.process import spawn_worker
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.stream.frame import EncodedFrame
from tests.server.rendering.cards import Card
from tests.server.rendering.workshop import ALPHA, Avatar, opened
from tests.waiting import until

BOOT_S = 120.0


@pytest.mark.slow
async def test_the_avatar_of_a_card_that_is_gone_goes_on_with_a_keyframe_on_the_other():
    lost: list[Worker] = []

    async def spawn_once() -> Worker:
        if lost:  # the card is gone: whoever comes next finds none
            return await Card("card 1", "fails").spawn()
        lost.append(await spawn_worker("cpu"))
        return lost[0]

    renderings = {
        "card 0": Rendering(lambda: spawn_worker("cpu"), spare=False),
        "card 1": Rendering(spawn_once, spare=False),
    }
    avatars = {name: Avatar() for name in ("main", "other")}
    pixels = np.full((512, 512, 4), 255, np.uint8).tobytes()
    async with Fleet(renderings) as service:
        await until(lambda: service.device == "cpu,cpu", BOOT_S)
        for name, avatar in avatars.items():
            service.open(replace(opened(name), rgba=pixels, epoch=time.monotonic()), avatar)
            service.send(StartRendition(name, ALPHA))
        await until(lambda: all(avatar.frames > 3 for avatar in avatars.values()), BOOT_S)
        assert [each.avatars for each in service.reports] == [1, 1]
        other, before = avatars["other"], avatars["main"].frames
        lost[0].kill()
        await until(lambda: sum(isinstance(each, AvatarReady) for each in other.heard) == 2)
        await until(lambda: isinstance(other.heard[-1], EncodedFrame))
        again = max(n for n, each in enumerate(other.heard) if isinstance(each, AvatarReady))
        ready, first = other.heard[again], next(each for each in other.heard[again:] if is_frame(each))
        assert isinstance(ready, AvatarReady) and ready.note.startswith("moved from card 1 to card 0")
        assert isinstance(first, EncodedFrame) and first.key
        times = [each.pts for each in other.heard if isinstance(each, EncodedFrame)]
        assert times == sorted(times), "its clock goes on"
        assert avatars["main"].frames > before
        assert [each.avatars for each in service.reports] == [2, 0]


def is_frame(message: object) -> bool:
    return isinstance(message, EncodedFrame)
