"""What an Opus packet says of itself in its first bytes (RFC 6716)."""

_SILK_MS, _HYBRID_MS, _CELT_MS = (10, 20, 40, 60), (10, 20), (2.5, 5, 10, 20)
MAX_OPUS_SAMPLES = 5760
"""Of a packet, at 48 kHz: 120 ms."""


def samples_of(packet: bytes) -> int:
    """Samples of a packet at 48 kHz; 0 if it is broken.

    >>> samples_of(bytes([15 << 3]) + bytes(40))
    960
    """
    if not packet or (packet[0] & 3 == 3 and len(packet) < 2):
        return 0
    frames = (1, 2, 2, packet[1] & 0x3F if len(packet) > 1 else 0)[packet[0] & 3]
    samples = round(_frame_ms(packet[0]) * 48) * frames
    return samples if samples <= MAX_OPUS_SAMPLES else 0


def has_copy(packet: bytes) -> bool:
    """Whether a packet of one frame holds a copy, in lower quality, of the block before it.

    False for packets of several frames, and for CELT, which has no such copies.
    """
    if len(packet) < 2 or packet[0] & 3 or packet[0] >> 3 >= 16:
        return False
    # Each channel begins with a bit of voice for every 20 ms, and then one that says whether copies follow.
    inner = max(1, round(_frame_ms(packet[0]) / 20))
    is_stereo = bool(packet[0] & 4)
    bits = [inner, 2 * inner + 1] if is_stereo else [inner]
    return any(packet[1] >> (7 - bit) & 1 for bit in bits)


def _frame_ms(toc: int) -> float:
    configuration = toc >> 3
    if configuration < 12:
        return _SILK_MS[configuration & 3]
    return _HYBRID_MS[configuration & 1] if configuration < 16 else _CELT_MS[configuration & 3]
