"""Pictures that are no avatar's: enlarged and run through a chain, once, beside the avatars.

They have a thread of their own: one of 9 million pixels takes 10 s for each operation, and no avatar can
wait so long.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

import numpy as np
import torch

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.link.orders import ProcessStill, Still, StillFailed, StillProcessed
from avatar_rtc.render.colour import converted
from avatar_rtc.render.device.current import ThreadPlace
from avatar_rtc.render.device.memory import is_out_of_memory, no_memory_for
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.filters.tables import Tables
from avatar_rtc.render.pixels import picture_of, premultiplied, rgba_of, straight
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.worker.beside import taken
from avatar_rtc.worker.system import yield_to_frames

log = logging.getLogger(__name__)

StillAnswer = StillProcessed | StillFailed


class Stills:
    """Processes pictures one after another; the thread starts with the first of them."""

    def __init__(
        self,
        emit: Callable[[StillAnswer], None],
        device: str,
        fault: Callable[[BaseException], object] = lambda error: None,
    ) -> None:
        """
        Args:
            emit: gets the answers, on the thread of the pictures.
            fault: told of what nobody foresaw, on that thread.
        """
        self._fault = fault
        self._emit, self._device, self._place = emit, device, ThreadPlace.here()
        self._inbox: queue.SimpleQueue[ProcessStill | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, message: ProcessStill) -> None:
        """Answer a request some time; never waits."""
        if self._thread is None:
            # A daemon: a picture under way, which may take a minute, must not keep the process.
            self._thread = threading.Thread(target=self._run, name="stills", daemon=True)
            self._thread.start()
        self._inbox.put(message)

    def close(self) -> None:
        """End the thread after the picture under way, without waiting for that."""
        self._inbox.put(None)

    def _run(self) -> None:
        yield_to_frames()
        self._place.take()
        while (message := taken(self._inbox)) is not None:
            self._emit(process_still(message, self._device, self._fault))
            del message  # or its picture would stay until the next one


@torch.inference_mode()
def process_still(
    message: ProcessStill, device: str, fault: Callable[[BaseException], object] = lambda error: None
) -> StillAnswer:
    """The answer to a request; whatever goes wrong is told, never raised, and to `fault` if unforeseen."""
    try:
        return StillProcessed(message.request, _processed(message, device))
    except AvatarRtcError as error:
        return StillFailed(message.request, str(error))
    except Exception as error:
        log.exception("a picture cannot be processed")
        fault(error)
        if is_out_of_memory(error):
            return StillFailed(message.request, no_memory_for("so large a picture", error))
        return StillFailed(
            message.request, f"the picture cannot be processed: {type(error).__name__}: {error}"
        )


def _processed(message: ProcessStill, device: str) -> Still:
    def check_time(place: int = 0, name: str = "") -> None:
        if time.monotonic() > message.until:
            raise TimeoutError("it takes too long")

    check_time()
    given = message.still
    pixels = np.frombuffer(given.rgba, np.uint8).reshape(given.height, given.width, 4)
    image = picture_of(pixels, device)
    if message.size is not None:
        width, height = message.size
        large = enlarge(premultiplied(image), height, width, message.method, message.quality, message.preset)  # type: ignore[arg-type]
        image = straight(large)
    with Tables().in_use():  # those of so large a picture are of no use to others
        took = []
        for _ in range(2 if message.is_timed else 1):  # the first also makes tables
            before = time.perf_counter()
            developed, space = run_chain(image, "srgb", message.chain, message.t, message.seed, check_time)
            rgba = rgba_of(converted(developed, space, "srgb"))
            took.append(1000 * (time.perf_counter() - before))
    return Still(rgba.tobytes(), rgba.shape[1], rgba.shape[0], min(took) if message.is_timed else 0.0)
