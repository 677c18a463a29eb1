"""The predecessor's video: an endless multipart answer of whole image files with transparency.

    --frame
    Content-Type: image/qoi
    Content-Length, X-Crop, X-Full-Size, X-Server-Stats
    <one image file>

A picture is sent when it comes; where none comes in its time, because the avatar is paused or its machine
slow, the last one is sent again.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict
from weakref import WeakKeyDictionary

from aiohttp import hdrs, web

from avatar_rtc.link.orders import Stats
from avatar_rtc.media.broadcast import EndOfStream, Subscription
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.stream.crop import FULL_FRAME
from avatar_rtc.stream.frame import EncodedFrame, ImageCodec

_BOUNDARY = "frame"
_NO_CACHE = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0"}
_PATIENCE = 1.5
"""Frames that come at the rate asked for may be half a frame late before the last one is sent again."""
_RECENT = 25
FEED_FORMATS: web.AppKey["WeakKeyDictionary[Avatar, ImageCodec]"] = web.AppKey("FORMATS", WeakKeyDictionary)
"""What the feed of an avatar is made of, where the last settings said so; PNG otherwise."""


async def send_feed(request: web.Request, avatar: Avatar) -> web.StreamResponse:
    """Answer with the avatar's frames until the caller leaves, its token ends, or the avatar is deleted."""
    content_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    response = web.StreamResponse(headers={**_NO_CACHE, hdrs.CONTENT_TYPE: content_type})
    await response.prepare(request)
    await while_granted(
        request, _send(response, _Feed(avatar, lambda: request.app[FEED_FORMATS].get(avatar, "png")))
    )
    return response


async def _send(response: web.StreamResponse, feed: "_Feed") -> None:
    with suppress(EndOfStream, ConnectionError), closing(feed):
        while True:
            await response.write(await feed.next())


class _Feed:
    """The parts of one caller's answer."""

    def __init__(self, avatar: Avatar, wanted: Callable[[], ImageCodec]) -> None:
        self._avatar, self._wanted = avatar, wanted
        self._codec = wanted()
        self._images: Subscription[EncodedFrame] = avatar.streams.images(self._codec)
        self._last: EncodedFrame | None = None
        self._sent: deque[float] = deque(maxlen=_RECENT)

    async def next(self) -> bytes:
        """The next part, at its time.

        Raises:
            EndOfStream: the avatar is gone.
        """
        if self._codec != (wanted := self._wanted()):
            self._images.close()
            self._codec = wanted
            self._images = self._avatar.streams.images(self._codec)
        # Before the first picture there is nothing to send again.
        patience = 1.0 if self._avatar.state.paused else _PATIENCE
        wait = None if self._last is None else patience / self._avatar.fps
        try:
            async with asyncio.timeout(wait):
                self._last = await self._images.next()
        except TimeoutError:
            pass
        assert self._last is not None
        self._sent.append(asyncio.get_running_loop().time())
        return part(self._last, self._avatar.status.stats, self._avatar.fps, self._fps())

    def close(self) -> None:
        """Leave."""
        self._images.close()

    def _fps(self) -> float:
        span = self._sent[-1] - self._sent[0]
        return (len(self._sent) - 1) / span if span else 0.0


def part(frame: EncodedFrame, stats: Stats, target_fps: float, output_fps: float) -> bytes:
    """One part of the answer: headers and the image file."""
    encode_ms = stats.stage_ms.get("encode", 0.0)
    render_ms = sum(stats.stage_ms.values()) - encode_ms
    told = {
        "render_ms": render_ms,
        "render_fps": 1000 / render_ms if render_ms else 0.0,
        "encode_ms": encode_ms,
        "encode_fps": 1000 / encode_ms if encode_ms else 0.0,
        "wait_ms": max(0.0, 1000 / target_fps - render_ms - encode_ms),
        "output_ms": 1000 / output_fps if output_fps else 0.0,
        "output_fps": output_fps,
        "target_fps": target_fps,
    }
    width, height = frame.full_size
    headers = {
        "Content-Type": f"image/{frame.rendition.codec}",
        "Content-Length": str(len(frame.data)),
        "X-Crop": json.dumps({"enabled": frame.crop != FULL_FRAME, **asdict(frame.crop)}),
        "X-Full-Size": f"{width} {height}",
        "X-Server-Stats": json.dumps({name: round(value, 3) for name, value in told.items()}),
        **_NO_CACHE,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"--{_BOUNDARY}\r\n{head}\r\n".encode() + frame.data + b"\r\n"
