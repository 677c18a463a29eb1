"""Pictures of avatars that were asked for: one answers all who wait, and becomes a PNG on another thread."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.link.orders import SnapshotTaken, StillFailed
from avatar_rtc.media.encode_image import encode_image

log = logging.getLogger(__name__)


class Snapshots:
    """Who waits for a picture of which avatar."""

    def __init__(self, emit: Callable[[SnapshotTaken | StillFailed], None]) -> None:
        """`emit` gets the answers, also on the thread that makes PNGs: one takes 10 ms, which no frame has to
        spare."""
        self._emit = emit
        self._waiting: dict[str, list[int]] = {}
        self._since: dict[str, float] = {}
        self._pngs = ThreadPoolExecutor(1, "snapshots")

    def want(self, avatar: str, request: int, now: float) -> None:
        """Answer a request, that comes at monotonic second `now`, with the next picture of an avatar."""
        self._waiting.setdefault(avatar, []).append(request)
        self._since.setdefault(avatar, now)

    def wanted(self) -> dict[str, float]:
        """The avatars somebody waits for a picture of, and since which second."""
        return dict(self._since)

    def taken(self, avatar: str, rgba: NDArray[np.uint8]) -> None:
        """Answer all who wait for it with this picture (height, width, 4), sRGB, straight alpha."""
        self._since.pop(avatar, None)
        if requests := self._waiting.pop(avatar, ()):
            self._pngs.submit(self._encode, requests, rgba)

    def failed(self, avatar: str, why: str) -> None:
        """Tell all who wait for it why there will be none."""
        self._since.pop(avatar, None)
        for request in self._waiting.pop(avatar, ()):
            self._emit(StillFailed(request, f"no snapshot of avatar {avatar!r}: {why}"))

    def close(self) -> None:
        """Answer those under way, and end the thread."""
        self._pngs.shutdown()

    def _encode(self, requests: list[int], rgba: NDArray[np.uint8]) -> None:
        try:
            png = encode_image(rgba, "png")
        except Exception as error:
            log.exception("a snapshot cannot be encoded")
            for request in requests:
                self._emit(StillFailed(request, f"no snapshot: {type(error).__name__}: {error}"))
            return
        for request in requests:
            self._emit(SnapshotTaken(request, png))
