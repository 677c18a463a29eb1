"""Speech: how soon it is heard and how soon it stops, and whether the mouth keeps time with it."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar_rtc.bench.lips import PLAIN_SENTENCES as SAID
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, spread, told
from avatar_rtc.bench.mouths import (
    BILABIAL_SENTENCES,
    CLOSED,
    EXAMPLE,
    EXAMPLE_FPS,
    FRAME_RATES,
    closures,
    misses,
    openings,
    pixels,
)
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, Wire, hear, wires_of
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError, SetupError, Unreachable
from avatar_rtc.resources import resource
from avatar_rtc.speech.voices.hibari import hibari_absence
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

SOUND_MS = 300
"""From the request to the first sound, D included, beside a student at 30 frames a second."""
SILENCE_MS = 50
"""From an interruption to silence, D apart: a block, the fade, and the message itself."""
MOUTHS = (("placeholder", "static"), ("tavi", "student"), ("liora", "student"))
_GAP_S = 0.3
"""A pause of this length ends what is heard."""
_PATIENCE_S = 15.0
_TAIL_S = 0.5
"""Until everything that was sent before an event has been decoded."""


def measure(quick: bool) -> list[Measurement]:
    """Say something to a viewer and interrupt it; then look at mouths."""
    with served("--character", "liora", "--animator", "student", "--fps", "30") as server:
        takes = asyncio.run(_takes(server, 4 if quick else 30))
    engine = "espeak" if hibari_absence() else "hibari"
    return [*_sound(takes, engine), *_closures(BILABIAL_SENTENCES[: 5 if quick else None]), *_pixels()]


@dataclass(frozen=True)
class Take:
    """One sentence and its interruption; all in ms."""

    started: float
    """From the request to the arrival of `speech.started`."""
    sent: float
    """… of the packet with the first sound in it."""
    decoded: float
    """… and until aiortc, which keeps four packets back, has decoded it."""
    silent: float
    """From the request to stop to the end of the last sound, if it is played as it arrives."""
    delay: float
    """D."""


async def _takes(server: Served, count: int) -> list[Take]:
    pick = random.Random(0)
    async with AvatarClient(server.url, video="matte", audio=True) as avatar:
        sounds, _ = wires_of(avatar)
        voice = Signal(round(_GAP_S * AUDIO_CLOCK_HZ))
        reading = asyncio.create_task(hear(avatar.audio(), sounds, voice))
        await asyncio.sleep(2.0)  # D settles
        found = []
        for number in range(count):
            speak_s = 0.4 + pick.random() / 2
            found.append(await _take(server, avatar, sounds, voice, SAID[number % len(SAID)], speak_s))
        reading.cancel()
    return found


async def _take(
    server: Served, avatar: AvatarClient, sounds: Wire, voice: Signal, text: str, speak_s: float
) -> Take:
    delay_ms = (await asyncio.to_thread(server.state))["delay_ms"]
    voice.forget()
    asked = time.monotonic()
    speech_id = await avatar.say(text)
    started = await _told(avatar, "speech.started", speech_id)
    heard = await voice.onset(_PATIENCE_S)
    sent = _arrived(sounds, heard.block)
    await asyncio.sleep(speak_s)
    stopped = time.monotonic()
    await avatar.stop_speaking()
    await _told(avatar, "speech.finished", speech_id)
    await asyncio.sleep(_TAIL_S)
    assert voice.last is not None
    last = voice.last
    end = _arrived(sounds, last.block) + (last.rtp - last.block + 1) / AUDIO_CLOCK_HZ
    return Take(
        started=1000 * (started - asked),
        sent=1000 * (sent - asked),
        decoded=1000 * (heard.seen - asked),
        silent=1000 * (end - stopped),
        delay=delay_ms,
    )


async def _told(avatar: AvatarClient, kind: str, speech_id: str) -> float:
    """CLOCK_MONOTONIC second at which an event arrives; those before it are dropped."""
    async with asyncio.timeout(_PATIENCE_S):
        async for event in avatar.speech_events():
            if event["type"] == kind and event["speech_id"] == speech_id:
                return time.monotonic()
    raise Unreachable(f"the connection ended before {kind}")


def _arrived(sounds: Wire, block: int) -> float:
    arrived = sounds.arrived(block)
    assert arrived is not None, "packets are remembered for longer than a take lasts"
    return arrived


def _sound(takes: Sequence[Take], engine: str) -> list[Measurement]:
    delay_ms = round(max(take.delay for take in takes), 1)

    def p95(name: str, values: list[float], limit: float) -> Measurement:
        value = percentile(values, 95)
        return at_most(f"{name}, p95", value, "ms", limit, **spread(values), delay_ms=delay_ms, engine=engine)

    decoded = [take.decoded for take in takes]
    silent = [take.silent - take.delay for take in takes]
    return [
        p95("speech.say to speech.started", [take.started for take in takes], SOUND_MS),
        p95("speech.say to the first sound on the wire", [take.sent for take in takes], SOUND_MS),
        told("speech.say to the first sound decoded, p95", percentile(decoded, 95), "ms", **spread(decoded)),
        p95("interruption to silence on the wire, beyond D", silent, SILENCE_MS),
    ]


def _closures(texts: Sequence[str]) -> Iterator[Measurement]:
    for fps in FRAME_RATES:
        found = [(text, *closure) for text in texts for closure in closures(text, fps)]
        missed = [f"{sound.ipa} at {sound.start:.2f} s of {text!r}" for text, sound, c in found if c < CLOSED]
        share = 100 * (1 - len(missed) / len(found))
        yield at_least(
            f"p, b and m that shut the lips, {fps:g} fps", share, "%", 100, count=len(found), missed=missed
        )


def _pixels() -> Iterator[Measurement]:
    store = CharacterStore(resource("assets", "characters"), Path())
    for name, animator in MOUTHS:
        figure = f"mouth in the picture against {EXAMPLE!r}, {name}, {animator}"
        try:
            sounds, frames = pixels(store.load_character(name), animator)
        except (InputError, SetupError) as error:
            yield skipped(figure, str(error))
            continue
        found = {sound.ipa: round(1000 * miss, 1) for sound, miss in misses(sounds, frames)}
        least = min(share for _, share in openings(sounds, frames))
        limit = round(1000 / EXAMPLE_FPS, 1)
        yield at_most(figure, max(found.values()), "ms", limit, sounds_ms=found, least_vowel=round(least, 2))
