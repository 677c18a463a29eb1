"""NVIDIA's encoder where it refuses, by errors as FFmpeg raises them: x264 takes over, and it is told why."""

import errno
import logging
import queue
from collections.abc import Mapping
from typing import Any

import av
import numpy as np
import pytest
from av.error import ExternalError, FFmpegError, err_check
from av.video.codeccontext import VideoCodecContext

from avatar_rtc.media import encode
from avatar_rtc.media.encode import create_encoder, has_nvenc
from avatar_rtc.media.nvenc import AGAIN_S, Nvenc
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.worker.loop import RenderLoop
from avatar_rtc.worker.slots import Slot, slot_of

EXTERNAL = -0x20545845
"""AVERROR_EXTERNAL of libavutil/error.h: "EXT " backwards."""
SIZE = (256, 512)


def raised(code: int) -> FFmpegError:
    """What PyAV raises for a code of FFmpeg."""
    with pytest.raises(FFmpegError) as caught:
        err_check(code)
    return caught.value


REFUSALS = {
    "sessions are taken": (raised(-errno.ENOMEM), "all its sessions or its memory are taken", True, True),
    "size": (raised(-errno.EINVAL), "it takes no pictures of 256x512, or", True, False),
    "driver too old": (raised(-errno.ENOSYS), "the driver is too old for this FFmpeg", False, True),
    "no chip": (raised(EXTERNAL), "no card here has an encoder", False, True),
    "busy": (raised(-errno.EAGAIN), "FFmpeg says 'Resource temporarily unavailable'", True, True),
    "no driver": (raised(-errno.EPERM), "", False, True),
    "not built in": (ValueError("h264_nvenc"), "", False, True),
}
"""Error, words, whether it may pass, and whether it concerns all sizes."""


class Card:
    """Stands in for the opening of encoders: NVENC refuses, or is x264 under its name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
        self.error, self.asked = error, 0
        self.options: Mapping[str, str] = {}
        self._open = encode._open
        monkeypatch.setattr(encode, "_open", self.open)

    def open(
        self, name: str, width: int, height: int, fps: float, bitrate_bps: int, options: Mapping[str, str]
    ) -> VideoCodecContext:
        if name != "h264_nvenc":
            return self._open(name, width, height, fps, bitrate_bps, options)
        self.asked += 1
        self.options = options
        if self.error is not None:
            raise self.error
        return self._open("libx264", width, height, fps, bitrate_bps, encode._X264)


@pytest.mark.parametrize("name", REFUSALS)
def test_x264_takes_over_and_says_why_once(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error, words, may_pass, concerns_all = REFUSALS[name]
    card, now = Card(monkeypatch, error), [0.0]
    nvenc = Nvenc(now=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            encoder = create_encoder("h264", *SIZE, 30, nvenc=nvenc)
            assert encoder.name == "libx264" and words in encoder.described
            assert ("NVENC refuses" in encoder.described) == bool(words)
            assert encoder.encode(np.full((768, 256), 128, np.uint8), 0, True)
    assert card.asked == 1 and len(caplog.records) == bool(words)
    create_encoder("h264", 128, 128, 30, nvenc=nvenc)
    assert card.asked == (1 if concerns_all else 2)
    now[0], card.asked = 1.01 * AGAIN_S, 0
    card.error = None
    encoder = create_encoder("h264", *SIZE, 30, nvenc=nvenc)
    assert card.asked == may_pass and (encoder.described == "libx264") == (may_pass or not words)


def test_a_card_that_stops_encoding_costs_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(monkeypatch, None)
    slot = Slot(Rendition("h264", "alpha"))
    picture = np.full((768, 256), 128, np.uint8)
    assert slot.encode(picture, 30.0, 0.0)
    assert slot.encoder is not None

    class Broken:
        name, described, is_hardware = "h264_nvenc", "h264_nvenc", True

        def encode(self, *_: Any) -> None:
            raise raised(EXTERNAL)

        def close(self) -> None:
            """As the real one."""

    slot.encoder = Broken()  # type: ignore[assignment]
    ((data, key),) = slot.encode(picture, 30.0, 0.1)
    decoder: Any = av.CodecContext.create("h264", "r")
    assert key and len(decoder.decode(av.Packet(data)) + decoder.decode(None)) == 1
    assert slot.described == "libx264 (NVENC refuses: no card here has an encoder that is able)"
    assert card.asked == 1, "it is not asked again"
    Broken.is_hardware = False
    slot.encoder = Broken()  # type: ignore[assignment]
    with pytest.raises(ExternalError):
        slot.encode(picture, 30.0, 0.2)
    assert slot.encoder is None, "the next picture gets a new one"


def test_each_worker_encodes_on_its_own_card(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(monkeypatch, None)
    for device, wanted in (("cuda", "0"), ("cuda:1", "1"), ("cpu", None), ("mps", None)):
        loop = RenderLoop(queue.SimpleQueue(), lambda _: None, {}, lambda _: None, device=device)  # type: ignore
        slot, card.options = slot_of(Rendition("h264", "alpha"), loop._nvenc), {}
        slot.encode(np.full((768, 256), 128, np.uint8), 30.0, 0.0)
        assert card.options.get("gpu") == wanted


def test_what_never_goes_by_a_card_does_not_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(monkeypatch, None)
    assert create_encoder("vp8", *SIZE, 30).name == "libvpx"
    assert create_encoder("h264", *SIZE, 30, whole_nals=True).name == "libx264"
    assert card.asked == 0 and has_nvenc()
    card.error = raised(-errno.ENOMEM)
    assert not has_nvenc(), "what failed once is no answer for ever, and neither is what did not"
