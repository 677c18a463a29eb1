"""Somebody talks while the avatar speaks: how soon it is silent, and what is taken for a voice at all."""

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from avatar_rtc.bench.lips import FLITE_VOICES, flite
from avatar_rtc.bench.lips import PLAIN_SENTENCES as SAID
from avatar_rtc.bench.made_sounds import (
    NOISES,
    VOICE_LEVEL_DB,
    MadeSound,
    as_voice,
    at_db,
    ear_chunks,
    left_of_echo,
    voice_of_espeak,
)
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, spread, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, hear, wires_of
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import SetupError, Unreachable
from avatar_rtc.sound.pcm import Floats, Pcm, from_floats
from avatar_rtc.speech.ears.stretches import EAR_CHUNK_S, Stretches
from avatar_rtc.speech.ears.voice_activity import chunk_db, is_loud
from avatar_rtc.speech.ears.voice_network import EAR_RATE, VoiceDetector, load_voice_network
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

SILENT_MS = 200
"""From the voice's activity to silence, beyond D."""
SNR_DB = 5.0
FOUND_S = 0.4
"""A voice counts as found if it is so soon."""
NOISE_S = 60.0
_ESPEAK = ("en-us", "en-us+f3", "de", "fr", "ru")
_PATIENCE_S = 15.0
_TAIL_S = 0.5
_GAP_S = 0.3
_LONG = " ".join(SAID[:6])
Detector = Callable[[Floats], float]


def measure(quick: bool) -> list[Measurement]:
    """Interrupt a speaking avatar by a voice; then look for voices in noise, and in noise alone."""
    try:
        load_voice_network()
        voice_of_espeak("Hello.")
    except SetupError as error:
        return [skipped("barge-in", str(error))]
    with served("--character", "liora", "--animator", "static", "--fps", "30") as server:
        takes = asyncio.run(_interruptions(server, 3 if quick else 20))
    return [*_times(takes), *_found(2 if quick else 8), *_mistaken(10.0 if quick else NOISE_S), _cost()]


@dataclass(frozen=True)
class Interruption:
    """One; all in ms."""

    known: float
    """From the voice's first sample to `hearing.started` at the client."""
    silent: float
    """… and to the end of the avatar's last sound, if it is played as it arrives."""
    delay: float
    """D."""


async def _interruptions(server: Served, count: int) -> list[Interruption]:
    pick, found = random.Random(0), []
    async with AvatarClient(server.url, video="matte", audio=True, microphone="listen") as avatar:
        sounds, _ = wires_of(avatar)
        heard = Signal(round(_GAP_S * AUDIO_CLOCK_HZ))
        reading = asyncio.create_task(hear(avatar.audio(), sounds, heard))
        await asyncio.sleep(2.0)  # D settles
        for number in range(count):
            delay_ms = (await asyncio.to_thread(server.state))["delay_ms"]
            heard.forget()
            await avatar.say(_LONG)
            await heard.onset(_PATIENCE_S)
            await asyncio.sleep(0.6 + pick.random() / 2)
            voice = voice_of_espeak(SAID[number % len(SAID)], _ESPEAK[number % 2])
            events, begun = avatar.events(), time.monotonic()
            talking = asyncio.create_task(avatar.talk(_as_source(voice), rate=EAR_RATE))
            known = await _started(events)
            await asyncio.sleep(delay_ms / 1000 + _TAIL_S)
            assert heard.last is not None
            arrived = sounds.arrived(heard.last.block)
            assert arrived is not None, "packets are remembered for longer than a take lasts"
            end = arrived + (heard.last.rtp - heard.last.block + 1) / AUDIO_CLOCK_HZ
            await talking
            found.append(Interruption(1000 * (known - begun), 1000 * (end - begun), delay_ms))
        reading.cancel()
    return found


async def _as_source(voice: MadeSound) -> AsyncIterator[Pcm]:
    yield from_floats(voice)


async def _started(events: AsyncIterator[dict[str, Any]]) -> float:
    async with asyncio.timeout(_PATIENCE_S):
        async for event in events:
            if event["type"] == "hearing.started" and event["interrupted"]:
                return time.monotonic()
    raise Unreachable("the connection ended before the voice was heard")


def _times(takes: Sequence[Interruption]) -> Iterator[Measurement]:
    delay_ms = round(max(take.delay for take in takes), 1)
    known = [take.known for take in takes]
    after = [take.silent - take.known - take.delay for take in takes]
    whole = [take.silent - take.delay for take in takes]
    yield told("a voice's first sample to its activity, p50", percentile(known, 50), "ms", **spread(known))
    yield at_most(
        "voice activity to silence on the wire, beyond D, p95", percentile(after, 95), "ms", SILENT_MS,
        **spread(after), delay_ms=delay_ms,
    )  # fmt: skip
    yield told(
        "a voice's first sample to silence on the wire, beyond D, p50",
        percentile(whole, 50),
        "ms",
        **spread(whole),
    )


@cache
def _voices(sentences: int) -> dict[str, MadeSound]:
    found = {
        f"espeak {name}, {number}": voice_of_espeak(text, name)
        for name in _ESPEAK
        for number, text in enumerate(SAID[:sentences])
    }
    for name in FLITE_VOICES if shutil.which("flite") else ():
        for number, text in enumerate(SAID[:sentences]):
            spoken = flite(text, name)
            found[f"flite {name}, {number}"] = as_voice(spoken.pcm, spoken.rate)
    return found


def _beginnings(sound: MadeSound, detector: Detector, over_speech: bool = False) -> list[float]:
    """Seconds at which a stretch begins, when it is known."""
    law = Stretches()
    edges = (law.push(detector(chunk), chunk_db(chunk), over_speech) for chunk in ear_chunks(sound))
    return [number * EAR_CHUNK_S for number, edge in enumerate(edges, 1) if edge == "began"]


def _detector() -> Detector:
    return VoiceDetector(load_voice_network())


def _found(sentences: int) -> Iterator[Measurement]:
    """Voices in noise, each begun within 0.4 s of its first sample."""
    voices, lead = _voices(sentences), np.zeros(EAR_RATE)
    shares, delays = {}, []
    for noise, make in NOISES.items():
        hits = 0
        for voice in voices.values():
            spoken = np.concatenate([lead, voice, lead])
            mixed = spoken + at_db(make(len(spoken) / EAR_RATE), VOICE_LEVEL_DB - SNR_DB)[: len(spoken)]
            found = [t - 1.0 for t in _beginnings(mixed, _detector(), over_speech=True)]
            hits += any(0 <= t <= FOUND_S for t in found)
            delays += found[:1]
        shares[noise] = round(100 * hits / len(voices), 1)
    yield at_least(
        f"voices found within {FOUND_S:g} s, {SNR_DB:g} dB above noise, worst noise", min(shares.values()),
        "%", 95, voices=len(voices), by_noise=shares, after_ms=spread([1000 * t for t in delays]),
    )  # fmt: skip


def _mistaken(seconds: float) -> Iterator[Measurement]:
    """Noise, music and what is left of an echo that begin a stretch."""
    sounds = {name: at_db(make(seconds), VOICE_LEVEL_DB) for name, make in NOISES.items()}
    counts = {name: len(_beginnings(sound, _detector())) for name, sound in sounds.items()}
    by_level = {name: len(_beginnings(sound, is_loud)) for name, sound in sounds.items()}
    echo = left_of_echo(np.concatenate([*_voices(2).values()]))
    counts["left of an echo"] = len(_beginnings(echo, _detector(), over_speech=True))
    by_level["left of an echo"] = len(_beginnings(echo, is_loud, over_speech=True))
    yield at_most(
        f"voices heard in what is none, {len(counts)} kinds of {seconds:g} s", sum(counts.values()), "", 0,
        by_kind=counts, by_level_alone=by_level, echo_s=round(len(echo) / EAR_RATE, 1),
    )  # fmt: skip


def _cost() -> Measurement:
    detector, chunks = _detector(), ear_chunks(_voices(2)["espeak en-us, 0"])
    start = time.process_time()
    for chunk in chunks:
        detector(chunk)
    spent = (time.process_time() - start) / len(chunks)
    return at_most("the network, for 32 ms of sound", 1000 * spent, "ms", 1.0)
