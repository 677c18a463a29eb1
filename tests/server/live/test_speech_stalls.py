"""Nothing anybody says holds up the event loop: CPU time of its thread in any one callback."""

import asyncio
import gc
import io
import json
import time
import wave

import pytest

from avatar_rtc.link.orders import Say
from avatar_rtc.speech.feelings import classify
from avatar_rtc.speech.voices import espeak
from tests.waiting import until

MOST_S = 0.05
API = "/api/v1/avatars/main"
NASTY = {
    "one word": "a",
    "underscores": "_a",
    "brackets": "[",
    "tags": "[joy]",
    "half tags": "[[joy",
    "elements": '<emotion name="joy" strength="1">',
    "emoji": "😀",
    "joiners": "👨\u200d",
    "nothing": "\u200b\u0301",
    "markup": "**a** [a](b) `",
    "digits": "1",
    "decimals": "1.2",
    "dots": "a.",
    "exclamations": "! ",
    "no stops": "漢",
    "stops": "漢。",
    "deep ssml": "<s>",
    "entities": "&#99999",
    "faces": ":-)(^_^)",
    "addresses": "http://a.b/",
    "spaces": "a \t\n",
    "words": "not so happy ",
}


@pytest.fixture
def busiest(monkeypatch):
    """The most CPU seconds of any callback so far, and what it was."""
    found: list[tuple[float, str]] = [(0.0, "")]
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        spent = time.thread_time() - began
        if spent > found[0][0]:
            found[0] = (spent, repr(handle)[:200])

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    gc.collect()
    gc.freeze()  # what other tests have left is no work of this one's collector
    yield found
    gc.unfreeze()


async def warm(client, renderer) -> None:
    """What is loaded once is loaded."""
    classify("happy")
    espeak.load_library()
    await client.post("/api/v1/classify", json={"text": "happy"})
    await client.post("/api/tts/speak", json={"text": "Hello there.", "format": "wav"})
    await client.post(f"{API}/speech", json={"text": "Hello there. [joy] So.", "emotion": "auto"})
    await until(lambda: renderer.told(Say))
    await client.delete(f"{API}/speech")


MARKED = ("half tags", "elements", "markup", "deep ssml", "entities", "spaces", "words", "one word")
"""What reads otherwise as SSML; the others are said so by `make soak` alone."""


@pytest.mark.parametrize(
    ("name", "start"),
    [(name, "") for name in NASTY]
    + [pytest.param(n, "<speak>", marks=[] if n in MARKED else [pytest.mark.soak]) for n in NASTY],
)
async def test_a_nasty_text(client, renderer, busiest, name: str, start: str):
    text = (start + NASTY[name] * 20_000)[:20_000]
    await warm(client, renderer)
    busiest[0] = (0.0, "")
    for path, body in (
        ("/api/v1/classify", {"text": text}),
        (f"{API}/speech", {"text": text, "emotion": "auto"}),
        ("/api/tts/speak", {"text": text[:4_000], "format": "pcm", "get_metadata": False}),
    ):
        async with asyncio.timeout(60):
            response = await client.post(path, json=body)
            assert response.status < 500, await response.text()
    await asyncio.sleep(0.3)
    assert (await client.delete(f"{API}/speech")).status == 200
    assert busiest[0][0] < MOST_S, busiest[0]


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(round(seconds * 8_000) * 2))
    return file.getvalue()


DENSE = {
    "phonemes": [{"t": 30 * i, "d": 30, "ph": "ˈɑ"} for i in range(49_000)],
    "words at once": [{"t": 0, "d": 5, "w": "w" * 20} for _ in range(30_000)],
    "words": [{"t": 60 * i, "d": 60, "w": f"word{i}"} for i in range(29_000)],
    "too many": [{"t": i, "d": 1, "v": "PP"} for i in range(60_000)],
    "nonsense": [{"t": i, "d": 1, "v": "PPP"} for i in range(40_000)],
    "nested": json.loads("[" * 500 + "]" * 500),
}


@pytest.mark.parametrize("name", DENSE)
async def test_timings_of_half_an_hour(client, renderer, busiest, name: str):
    await warm(client, renderer)
    form = {"audio": io.BytesIO(wav(1_700)), "timings": io.BytesIO(json.dumps(DENSE[name]).encode())}
    await asyncio.sleep(0)  # that was this test's own work
    busiest[0] = (0.0, "")
    response = await client.post(f"{API}/audio", data=form)
    assert response.status == (202 if name in ("phonemes", "words at once", "words") else 400)
    await asyncio.sleep(1.0)
    assert (await client.delete(f"{API}/speech")).status == 200
    assert busiest[0][0] < MOST_S, busiest[0]


async def test_large_messages_of_sound(client, renderer, busiest):
    await warm(client, renderer)
    busiest[0] = (0.0, "")
    async with client.ws_connect(f"{API}/audio") as ws:
        for rate in (4_000, 48_000, 192_000):
            await ws.send_json({"type": "speech.begin", "sample_rate": rate})
            sending = asyncio.create_task(ws.send_bytes(bytes(4 * 1024 * 1024 - 2)))
            await asyncio.sleep(0.5)
            await client.delete(f"{API}/speech")
            await sending
    assert busiest[0][0] < MOST_S, busiest[0]
