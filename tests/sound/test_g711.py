"""G.711 against its own formulas (ITU-T G.711, tables 1 and 2)."""

import numpy as np
import pytest

from avatar_rtc.sound.g711 import from_g711


def expanded_mulaw(byte: int) -> int:
    inverted = ~byte & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + 0x84) << (inverted >> 4 & 7)
    return (0x84 - magnitude) if inverted & 0x80 else (magnitude - 0x84)


def expanded_alaw(byte: int) -> int:
    toggled = byte ^ 0x55
    segment, mantissa = toggled >> 4 & 7, (toggled & 0x0F) << 4
    magnitude = mantissa + 8 if segment == 0 else (mantissa + 0x108) << (segment - 1)
    return magnitude if toggled & 0x80 else -magnitude


@pytest.mark.parametrize(("law", "expanded"), [("mulaw", expanded_mulaw), ("alaw", expanded_alaw)])
def test_every_byte_is_the_sample_of_the_standard(law, expanded):
    assert from_g711(bytes(range(256)), law).tolist() == [expanded(byte) for byte in range(256)]


def test_nothing_is_no_sample():
    assert from_g711(b"", "mulaw").dtype == np.int16 and not len(from_g711(b"", "mulaw"))
