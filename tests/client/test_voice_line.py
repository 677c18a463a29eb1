"""The client's side of streamed sound, against the real door."""

import asyncio
import contextlib

import pytest

from avatar_rtc.bench.served import Served
from avatar_rtc.client.voice_line import VoiceLine
from avatar_rtc.errors import InputError, NotFound, Unreachable
from tests.server.http.agents.made_sound import hum
from tests.waiting import until


class Told:
    def __init__(self) -> None:
        self.events: list[dict] = []
        self._news = asyncio.Event()

    def __call__(self, event: dict) -> None:
        self.events.append(event)
        self._news.set()

    async def of(self, kind: str, speech_id: str) -> dict:
        async with asyncio.timeout(15):
            while True:
                for event in self.events:
                    if event["type"] == kind and event.get("speech_id") == speech_id:
                        return event
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def reading(line: VoiceLine):
    task = asyncio.create_task(line.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_lent_is_said_and_told_of(real: Served) -> None:
    told = Told()
    async with VoiceLine(real.url, told) as line, reading(line):
        first = await line.begin(16_000)
        await line.feed(hum(0.4))
        await line.end()
        finished = await told.of("speech.finished", first)
        assert not finished["interrupted"] and finished["position_ms"] == pytest.approx(400, abs=20)
        second = await line.begin(24_000)
        await line.feed(hum(30, 24_000))
        await told.of("speech.started", second)
        await line.interrupt()
        assert (await told.of("speech.finished", second))["interrupted"]


async def test_the_end_of_the_line_silences(real: Served) -> None:
    told = Told()
    async with VoiceLine(real.url, told) as line, reading(line):
        speech = await line.begin(16_000)
        await line.feed(hum(30))
        await told.of("speech.started", speech)
    with pytest.raises(Unreachable):
        await line.feed(b"xx")
    await until(lambda: real.state()["speech"]["speech_id"] is None)


async def test_what_cannot_be_is_told(real: Served) -> None:
    with pytest.raises(InputError):
        VoiceLine("nonsense", print)
    with pytest.raises(InputError):
        VoiceLine("http://127.0.0.1/some/whep", print)
    with pytest.raises(NotFound):
        async with VoiceLine(f"{real.url}view/nobody", print):
            pass
    with pytest.raises(Unreachable):
        async with VoiceLine("http://127.0.0.1:9/", print):
            pass
