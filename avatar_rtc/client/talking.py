"""What a client says to an avatar, as fast as it sounds: files, sound in numbers, this machine's microphone.

source ──► 48 kHz mono ──► blocks of 20 ms ──► TalkTrack ──► RTP
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.media.talk_track import TALK_BLOCK, TalkTrack
from avatar_rtc.sound.decode import SoundReader
from avatar_rtc.sound.pcm import Pcm, silence
from avatar_rtc.sound.resample import Resampler
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

LAST_SILENCE_S = 1.0
"""Behind each source, by which the avatar knows that it is over."""
_READ_S = 1.0
_MICROPHONE_BLOCKS = 50

TalkSource: TypeAlias = str | Path | AsyncIterable[Pcm] | Literal["microphone"]


async def say_through(track: TalkTrack, source: TalkSource, rate: int) -> None:
    """Send all of a source, and silence behind it.

    Raises:
        InputError: the file is none that can be read, or a piece of sound is not of int16.
        OutOfRange: no rate of speech.
        SetupError: no file there; no microphone here, or nothing that could read it.
    """
    rest = silence()
    async for piece in _with_silence(source, rate):
        sound = np.concatenate([rest, piece])
        whole = len(sound) // TALK_BLOCK * TALK_BLOCK
        for block in sound[:whole].reshape(-1, TALK_BLOCK):
            await track.put(block)
        rest = sound[whole:]
    await track.put(np.pad(rest, (0, TALK_BLOCK - len(rest))))


async def _with_silence(source: TalkSource, rate: int) -> AsyncIterator[Pcm]:
    if source == "microphone":
        pieces = _resampled(own_microphone_sound(), AUDIO_CLOCK_HZ)
    elif isinstance(source, str | Path):
        pieces = _file_sound(Path(source))
    else:
        pieces = _resampled(source, rate)
    async for piece in pieces:
        yield piece
    yield silence(round(LAST_SILENCE_S * AUDIO_CLOCK_HZ))


async def _file_sound(path: Path) -> AsyncIterator[Pcm]:
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from None
    with closing(await asyncio.to_thread(SoundReader, data)) as reader:
        while len(piece := await asyncio.to_thread(reader.read, round(_READ_S * AUDIO_CLOCK_HZ))):
            yield piece


async def _resampled(source: AsyncIterable[Pcm], rate: int) -> AsyncIterator[Pcm]:
    resampler = Resampler(rate)
    async for piece in source:
        if not isinstance(piece, np.ndarray) or piece.dtype != np.int16 or piece.ndim != 1:
            raise InputError("sound to be sent comes in numpy arrays of int16 with one dimension (mono)")
        yield resampler.push(piece)
    yield resampler.finish()


async def own_microphone_sound(device: int | str | None = None) -> AsyncGenerator[Pcm, None]:
    """What this machine's microphone hears, 48 kHz, without end; what nobody takes in time is left out.

    Args:
        device: as sounddevice numbers or names it; None is the system's own choice.

    Raises:
        SetupError: sounddevice or PortAudio is missing, or there is no such microphone.
    """
    try:
        sounddevice: Any = import_module("sounddevice")
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise SetupError(
            f"a microphone is read by sounddevice: pip install 'avatar-rtc[microphone]' ({error})"
        ) from None
    loop, blocks = asyncio.get_running_loop(), asyncio.Queue[Pcm](_MICROPHONE_BLOCKS)

    def keep(block: Pcm) -> None:
        if not blocks.full():
            blocks.put_nowait(block)

    def heard(data: Any, frames: int, time: object, status: object) -> None:
        loop.call_soon_threadsafe(keep, np.array(data[:, 0], np.int16))

    try:
        stream = sounddevice.InputStream(
            AUDIO_CLOCK_HZ, TALK_BLOCK, device, channels=1, dtype="int16", callback=heard
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SetupError(f"no microphone can be opened here: {error}") from None
    with stream:
        while True:
            yield await blocks.get()
