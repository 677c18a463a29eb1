"""Sounds made of numbers, of 16 kHz: voices of engines, and what a microphone hears beside them."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import Floats, Pcm, as_floats
from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.ears.voice_network import EAR_CHUNK, EAR_RATE
from avatar_rtc.speech.voices.espeak import render

MadeSound = NDArray[np.float64]
"""(samples,) mono; of no level in particular unless it is said."""
VOICE_LEVEL_DB = -26.0
_BEAT_S = 0.25


def white(seconds: float) -> MadeSound:
    """A fan."""
    return np.random.default_rng(1).normal(size=round(seconds * EAR_RATE))


def hum(seconds: float) -> MadeSound:
    """Mains of 50 Hz and its harmonics."""
    t = _times(seconds)
    return np.asarray(sum(np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 2, 3, 5)))


def keys(seconds: float) -> MadeSound:
    """Clicks of a keyboard, some four a second."""
    rng, sound = np.random.default_rng(2), np.zeros(round(seconds * EAR_RATE))
    for at in np.cumsum(rng.uniform(0.08, 0.4, round(seconds * 4))) * EAR_RATE:
        room = sound[int(at) : int(at) + 400]
        room += rng.normal(size=len(room)) * np.exp(-np.arange(len(room)) / 60)
    return sound


def music(seconds: float) -> MadeSound:
    """Chords and drums."""
    rng, sound = np.random.default_rng(3), np.zeros(round(seconds * EAR_RATE))
    step = round(_BEAT_S * EAR_RATE)
    for beat, start in enumerate(range(0, len(sound), step)):
        room = sound[start : start + step]
        t = np.arange(len(room)) / EAR_RATE
        root = (220.0, 174.6, 261.6, 196.0)[beat // 4 % 4]
        for tone in (1, 1.26, 1.5):
            room += sum(np.sin(2 * np.pi * root * tone * h * t) / h for h in (1, 2, 3)) * np.exp(-1.5 * t)
        room += 2 * (rng.normal(size=len(room)) if beat % 2 else np.sin(2 * np.pi * 60 * t)) * np.exp(-20 * t)
    return sound


def melody(seconds: float) -> MadeSound:
    """A flute with vibrato: what of all that is no voice sounds most like one."""
    t, notes = _times(seconds), (440, 494, 523, 587, 659, 587, 523, 494)
    pitch = np.array(notes)[(t / 0.5).astype(int) % len(notes)]
    phase = 2 * np.pi * np.cumsum(pitch) / EAR_RATE + 3 * np.sin(2 * np.pi * 5 * t)
    return np.asarray(sum(np.sin(k * phase) / k for k in range(1, 8)) * np.exp(-(t % 0.5)))


def silent(seconds: float) -> MadeSound:
    """Nothing."""
    return np.zeros(round(seconds * EAR_RATE))


NOISES: Mapping[str, Callable[[float], MadeSound]] = {
    "silence": silent, "white": white, "hum": hum, "keys": keys, "music": music, "melody": melody,
}  # fmt: skip


def left_of_echo(spoken: MadeSound) -> MadeSound:
    """What echo cancellation leaves of the avatar's voice: bits of 40 to 120 ms, two a second, at -51 dB."""
    rng, kept = np.random.default_rng(4), np.zeros(len(spoken))
    for start in range(0, len(spoken), EAR_RATE // 2):
        begin = start + int(rng.uniform(0, 0.3) * EAR_RATE)
        kept[begin : begin + int(rng.uniform(0.04, 0.12) * EAR_RATE)] = 1
    return at_db(spoken, VOICE_LEVEL_DB - 25) * kept


def at_db(sound: MadeSound, db: float) -> MadeSound:
    """The same with an RMS of so many dB of full scale; of silence itself."""
    power = float(np.sqrt(np.mean(sound**2)))
    return sound * (10 ** (db / 20) / power) if power else sound


def voice_of_espeak(text: str, name: str = "en-us") -> MadeSound:
    """A sentence at -26 dB, from its first sound on; raises as `espeak.render`."""
    spoken = render(text, name)
    return as_voice(spoken.pcm, spoken.rate)


def as_voice(pcm: Pcm, rate: int) -> MadeSound:
    """A spoken sound at -26 dB, without the silence around it."""
    sound = as_floats(resampled(pcm, rate, EAR_RATE)).astype(np.float64)
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max(initial=0.0))
    return at_db(sound[loud[0] : loud[-1] + 1], VOICE_LEVEL_DB) if len(loud) else sound


def ear_chunks(sound: MadeSound) -> Floats:
    """(n, 512), as a microphone of 16 bit has it."""
    whole = np.clip(sound[: len(sound) // EAR_CHUNK * EAR_CHUNK], -1, 1)
    return (np.rint(whole * 32_767) / 32_768).astype(np.float32).reshape(-1, EAR_CHUNK)


def _times(seconds: float) -> MadeSound:
    return np.arange(round(seconds * EAR_RATE)) / EAR_RATE
