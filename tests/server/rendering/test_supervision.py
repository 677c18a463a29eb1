"""Whatever fails around the render worker, another one comes up, and the avatar gets its pictures again."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, WorkerLost
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    CloseAvatar,
    OpenAvatar,
    ProcessStill,
    SetState,
    StartRendition,
    Still,
)
from avatar_rtc.server.rendering import attended, briefing, pulse, spare
from avatar_rtc.server.rendering import supervisor as rendering
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.stream.frame import EncodedFrame
from tests.server.rendering.workshop import ALPHA, FAULTS, Avatar, Worker, Workshop, opened
from tests.waiting import until


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """Everything that takes seconds takes hundredths."""
    monkeypatch.setattr(rendering, "_BACKOFF_S", (0.0, 0.01, 0.02))
    monkeypatch.setattr(spare, "_BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(spare, "_DELAY_S", 0.02)
    monkeypatch.setattr(pulse, "SILENT_S", 0.15)
    monkeypatch.setattr(pulse, "STOPPED_S", 0.2)
    monkeypatch.setattr(pulse, "LOOK_S", 0.05)
    monkeypatch.setattr(pulse, "HANG_TIMEOUT_S", 1.0)
    monkeypatch.setattr(attended, "_CLOSE_S", 0.1)
    monkeypatch.setattr(briefing, "MEND_AFTER_S", (0.03, 0.06))


async def works(service: Rendering, avatar: Avatar) -> None:
    """Pictures come, from a worker that stays."""
    await until(lambda: service.device is not None)
    seen = avatar.frames
    await until(lambda: avatar.frames > seen + 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=5), st.booleans())
def test_after_any_faults_the_pictures_come_again(faults, with_spare):
    async def play() -> None:
        workshop, avatar, broken = (
            Workshop(*faults),
            Avatar(),
            Avatar((AvatarReady, AvatarStarting, EncodedFrame)),
        )
        async with Rendering(workshop.spawn, spare=with_spare) as service:
            for name, on_up in (("broken", broken), ("main", avatar)):
                service.open(opened(name), on_up)
                service.send(StartRendition(name, ALPHA))
            # Some faults show only when a worker has to go.
            await until(lambda: avatar.frames or not service.device)
            while workshop.workers and workshop.workers[-1].fault and service.worker:
                worker = cast(Worker, service.worker)
                worker.kill() if worker.fault != "kill" else worker._over.set()
                await asyncio.sleep(0.03)
            await works(service, avatar)
            await until(lambda: not service.hindrances)

    asyncio.run(asyncio.wait_for(play(), 30))


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_in_numbers(fault, caplog):
    caplog.set_level(logging.WARNING)
    workshop, avatar = Workshop(*[fault] * 12), Avatar()
    async with Rendering(workshop.spawn, spare=False) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        while workshop.calls < 13:
            if service.worker is not None and fault in ("kill", "close", "hang close", "busy"):
                cast(Worker, service.worker)._over.set()
            await asyncio.sleep(0.01)
        await works(service, avatar)
        assert service.restarts == (0 if fault == "spawn" else 12)
    assert len(service._backoff._failures) <= 3
    assert "no render worker is up" in caplog.text or "replacing" in caplog.text


async def test_a_listener_that_raises_touches_nobody_else(caplog):
    workshop, avatar = Workshop(), Avatar()
    broken = Avatar((AvatarReady, AvatarStarting, EncodedFrame))
    async with Rendering(workshop.spawn, spare=False) as service:
        for name, on_up in (("broken", broken), ("main", avatar)):
            service.open(opened(name), on_up)
            service.send(StartRendition(name, ALPHA))
        await works(service, avatar)
        service.worker.kill()
        await until(lambda: service.restarts == 1)
        await works(service, avatar)
        assert len(workshop.workers) == 2
    assert "avatar broken cannot handle" in caplog.text and "ZeroDivisionError" in caplog.text


async def test_a_message_that_cannot_be_sent_is_told_and_the_next_one_goes():
    workshop, avatar, other = Workshop(), Avatar(), Avatar()
    async with Rendering(workshop.spawn, spare=False) as service:
        await until(lambda: service.device)
        service.open(replace(opened("odd"), animator="unpicklable"), other)
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        failed = [message for message in other.heard if isinstance(message, AvatarFailed)]
        assert failed and "cannot be sent to the render worker (PicklingError)" in failed[0].detail
        assert service.restarts == 0


async def test_who_waits_for_a_picture_of_a_closed_avatar_is_told_at_once():
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False, opens_per_s=0.1) as service:
        await until(lambda: service.device)
        service.open(opened("first"), Avatar())
        service.open(opened(), Avatar())
        asked = asyncio.create_task(service.snapshot("main"))
        await asyncio.sleep(0.02)
        service.close_avatar("main")
        with pytest.raises(InputError, match="the avatar is gone"):
            await asked


async def test_a_stopped_worker_is_told_and_replaced_watched_or_not():
    for is_watched in (False, True):
        workshop, avatar = Workshop(), Avatar()
        async with Rendering(workshop.spawn, spare=False) as service:
            service.open(opened(), avatar)
            if is_watched:
                service.send(StartRendition("main", ALPHA))
            await until(lambda: service.device)
            workshop.workers[0].is_silent = True
            await until(lambda: service.ailments)
            await until(lambda: service.restarts == 1 and service.device)
            service.send(StartRendition("main", ALPHA))
            await works(service, avatar)


async def test_a_spare_that_dies_or_stops_is_told_and_replaced_and_takes_over():
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await until(lambda: len(workshop.workers) == 2)
        workshop.workers[1].kill()
        await until(lambda: service.ailments)
        await until(lambda: len(workshop.workers) == 3 and not service.ailments)
        workshop.workers[2].is_silent = True
        await until(lambda: service.ailments)
        assert "spare" in service.ailments[0] and not service.hindrances
        await until(lambda: len(workshop.workers) == 4 and not service.ailments)
        await asyncio.sleep(0.05)
        workshop.workers[0].kill()
        await until(lambda: service.worker is workshop.workers[3])
        await works(service, avatar)
        assert service.recovery.boot_s == 0.0
        await until(lambda: len(workshop.workers) == 5)


async def test_a_worker_is_not_lost_while_the_loop_itself_is_away(monkeypatch):
    monkeypatch.setattr(attended, "_LATE_S", 0.1)
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn, spare=False) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        for _ in range(3):
            time.sleep(0.6)  # noqa: ASYNC251
            await works(service, avatar)
        assert service.restarts == 0


async def test_a_failed_avatar_is_opened_again_until_it_stays_failed():
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn, spare=False) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        for tries in (1, 2):
            service._hear(AvatarFailed("main", "out of memory", may_pass=True), False)
            assert isinstance(avatar.heard[-1], AvatarFailed), "told at once"
            await until(lambda tries=tries: sum(m == opened() for m in workshop.workers[0].told) == 1 + tries)
            assert AvatarStarting("main") in avatar.heard
        service._hear(AvatarFailed("main", "out of memory", may_pass=True), False)
        assert service._roster._briefings["main"].mending is None, "it stays failed"
        await until(lambda: workshop.workers[0].told[-1] == StartRendition("main", ALPHA))
        service._hear(AvatarFailed("main", "no such character"), False)
        assert service._roster._briefings["main"].mending is None, "its own fault"


async def test_a_failed_avatar_with_another_character_is_watched_as_before():
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn, spare=False, opens_per_s=10) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        service.open(replace(opened(), seed=1), avatar)
        service._hear(AvatarFailed("main", "no such character"), False)
        service.open(replace(opened(), seed=2), avatar)
        await until(
            lambda: workshop.workers[0].told[-3:-1] == [CloseAvatar("main"), replace(opened(), seed=2)]
        )
        assert workshop.workers[0].told[-1] == StartRendition("main", ALPHA)


async def test_a_character_that_fails_beside_the_one_that_is_shown_ends_no_picture():
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn, spare=False, opens_per_s=100) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        for seed in (1, 2):
            service.open(replace(opened(), seed=seed), avatar)
            service._hear(AvatarFailed("main", "no such character", is_shown=True), False)
            await works(service, avatar)
        told = workshop.workers[0].told
        assert CloseAvatar("main") not in told and told.count(StartRendition("main", ALPHA)) == 1


async def test_an_avatar_that_goes_is_not_mended():
    async with Rendering(Workshop().spawn, spare=False) as service:
        service.open(opened(), Avatar())
        await until(lambda: service.device)
        service._hear(AvatarFailed("main", "out of memory", may_pass=True), False)
        timer = service._roster._briefings["main"].mending
        service.close_avatar("main")
        assert timer is not None and timer.cancelled()


async def test_without_a_worker_nobody_waits():
    async with Rendering(Workshop(*["spawn"] * 10).spawn, spare=False) as service:
        await until(lambda: service._cause.startswith("it could not"))
        assert service.hindrances == ("no render worker is up: it could not be started (OSError)",)
        assert service.lost_s > 0
        with pytest.raises(WorkerLost):
            await service.process(ProcessStill(0, Still(b"", 0, 0)))
        await until(lambda: service.device)
        assert service.lost_s == 0 and service.hindrances == ()


async def test_five_hundred_characters_as_fast_as_they_come():
    workshop, avatar = Workshop(), Avatar()
    async with Rendering(workshop.spawn, spare=False, opens_per_s=4.0) as service:
        service.open(opened(), avatar)
        service.send(StartRendition("main", ALPHA))
        await works(service, avatar)
        worker = workshop.workers[0]
        before, begun = len(worker.told), avatar.frames
        for n in range(500):
            service.open(replace(opened(), rgba=bytes([n % 256]), seed=n), avatar)
            service.send(SetState("main", AvatarState(intensity=n / 500)))
            if n % 10 == 0:
                await asyncio.sleep(0)
        await until(lambda: worker.told[-1] == SetState("main", AvatarState(intensity=499 / 500)))
        given_ = [message for message in worker.told[before:] if isinstance(message, OpenAvatar)]
        assert 1 <= len(given_) <= 4 and given_[-1].seed == 499
        assert service.superseded >= 495
        await until(lambda: avatar.frames > begun + 20)
