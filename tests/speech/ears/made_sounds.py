"""Sounds in numbers, of 16 kHz: what a microphone hears beside voices."""

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.ears.voice_network import EAR_CHUNK, EAR_RATE
from avatar_rtc.speech.voices.espeak import render

Sound = NDArray[np.float64]


def white(seconds: float) -> Sound:
    return np.random.default_rng(1).normal(size=round(seconds * EAR_RATE))


def hum(seconds: float) -> Sound:
    t = np.arange(round(seconds * EAR_RATE)) / EAR_RATE
    return np.asarray(sum(np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 2, 3, 5)))


def keys(seconds: float) -> Sound:
    """Clicks of a keyboard."""
    rng, sound = np.random.default_rng(2), np.zeros(round(seconds * EAR_RATE))
    for at in np.cumsum(rng.uniform(0.08, 0.4, round(seconds * 3))) * EAR_RATE:
        room = sound[int(at) : int(at) + 400]
        room += rng.normal(size=len(room)) * np.exp(-np.arange(len(room)) / 60)
    return sound


def music(seconds: float) -> Sound:
    """Chords and drums."""
    rng, sound = np.random.default_rng(3), np.zeros(round(seconds * EAR_RATE))
    for beat, start in enumerate(range(0, len(sound), EAR_RATE // 4)):
        room = sound[start : start + EAR_RATE // 4]
        t = np.arange(len(room)) / EAR_RATE
        root = (220.0, 174.6, 261.6, 196.0)[beat // 4 % 4]
        for tone in (1, 1.26, 1.5):
            room += sum(np.sin(2 * np.pi * root * tone * h * t) / h for h in (1, 2, 3)) * np.exp(-1.5 * t)
        room += 2 * (rng.normal(size=len(room)) if beat % 2 else np.sin(2 * np.pi * 60 * t)) * np.exp(-20 * t)
    return sound


NOISES = {"white": white, "hum": hum, "keys": keys, "music": music, "silence": lambda s: 0 * white(s)}


def at_db(sound: Sound, db: float) -> Sound:
    power = np.sqrt(np.mean(sound**2))
    return sound * (10 ** (db / 20) / power) if power else sound


def voice(text: str = "Please move the big blue vase away from the window.", name: str = "en-us") -> Sound:
    """Of espeak, at -26 dB."""
    spoken = render(text, name)
    return at_db(resampled(spoken.pcm, spoken.rate, EAR_RATE).astype(np.float64) / 32_768, -26)


def chunks(sound: Sound) -> NDArray[np.float32]:
    """(n, 512), as a microphone of 16 bit has it."""
    whole = np.clip(sound[: len(sound) // EAR_CHUNK * EAR_CHUNK], -1, 1)
    return np.asarray(np.rint(whole * 32_767) / 32_768, np.float32).reshape(-1, EAR_CHUNK)
