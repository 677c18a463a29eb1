"""The bytes of telephones, 8 bits a sample, as 16-bit samples: G.711, μ-law and A-law."""

from functools import cache
from typing import Literal

import av
import numpy as np

from avatar_rtc.sound.pcm import Pcm, silence

CompandingLaw = Literal["mulaw", "alaw"]
G711_RATE = 8_000
"""Hz."""
_VALUES = 256


def from_g711(data: bytes, law: CompandingLaw) -> Pcm:
    """One sample a byte, of the rate it was made with."""
    return _table(law)[np.frombuffer(data, np.uint8)] if data else silence()


@cache
def _table(law: CompandingLaw) -> Pcm:
    """Byte → sample, as FFmpeg has it: a decoder's call for every message costs more than a look-up."""
    decoder = av.CodecContext.create(f"pcm_{law}", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate = G711_RATE
    decoder.layout = "mono"
    frames = decoder.decode(av.Packet(bytes(range(_VALUES))))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)
