"""Pictures of avatars that were asked for: one answers all who wait, and becomes a PNG on another thread."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.link import SnapshotTaken, StillFailed
from avatar_rtc.media.encode_image import encode_image

log = logging.getLogger(__name__)


class Snapshots:
    """Who waits for a picture of which avatar."""

    def __init__(self, emit: Callable[[SnapshotTaken | StillFailed], None]) -> None:
        """`emit` gets the answers, also on the thread that makes PNGs: one takes 10 ms, which no frame has to
        spare."""
        self._emit = emit
        self._waiting: dict[str, list[int]] = {}
        self._pngs = ThreadPoolExecutor(1, "snapshots")

    def want(self, avatar: str, request: int) -> None:
        """Answer a request with the next picture of an avatar."""
        self._waiting.setdefault(avatar, []).append(request)

    def wanted(self) -> tuple[str, ...]:
        """The avatars somebody waits for a picture of."""
        return tuple(self._waiting)

    def taken(self, avatar: str, rgba: NDArray[np.uint8]) -> None:
        """Answer all who wait for it with this picture (height, width, 4), sRGB, straight alpha."""
        if requests := self._waiting.pop(avatar, ()):
            self._pngs.submit(self._encode, requests, rgba)

    def failed(self, avatar: str, why: str) -> None:
        """Tell all who wait for it why there will be none."""
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
