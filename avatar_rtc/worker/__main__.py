"""The render worker process: `python -m avatar_rtc.worker --device auto`, messages on stdin and stdout.

It ignores SIGINT, which a terminal sends to the whole group: the server ends it. It ends by itself at the
end of its input, so a server that dies leaves no process holding a GPU.
"""

import argparse
import math
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

from avatar_rtc.errors import InputError
from avatar_rtc.link import HEADER_BYTES, Booted, BootFailed, OpenAvatar, Up, body_length, pack, unpack
from avatar_rtc.worker.system import widen

if TYPE_CHECKING:
    from avatar_rtc.render.animator import Animator

_GRACE_S = 2.0


def _claim_stdout() -> BinaryIO:
    """The pipe to the server; whatever prints goes to stderr from now on, or it would tear the messages."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _read(pipe: BinaryIO, inbox: "Inbox") -> None:
    """Put what comes down into the inbox, until the server is gone."""
    while len(header := pipe.read(HEADER_BYTES)) == HEADER_BYTES:
        inbox.put(unpack(pipe.read(body_length(header))))  # type: ignore[arg-type]  # only Down comes down
    inbox.put(None)
    time.sleep(_GRACE_S)
    os._exit(0)  # the render thread is stuck in a kernel; nobody waits for it any more


def main() -> None:
    """Run the worker until its input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--spawned-at", type=float, default=time.monotonic(), help="CLOCK_MONOTONIC seconds")
    parser.add_argument("--chain-ms", type=float, default=math.inf, help="for the operations of a frame")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = _claim_stdout()
    for each in (pipe, sys.stdin.buffer):
        widen(each)

    inbox, one_message = Inbox(), threading.Lock()

    def emit(message: Up) -> None:
        packed = pack(message)
        try:
            with one_message:
                pipe.write(packed)
                pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is gone

    try:
        device = pick_device(args.device)
    except InputError as error:
        emit(BootFailed(str(error)))
        return
    limit_threads(device)
    emit(Booted(device, time.monotonic() - args.spawned_at))
    threading.Thread(target=_read, args=(sys.stdin.buffer, inbox), name="inbox", daemon=True).start()
    emotions, animators = load_emotions(resource("assets", "emotions")), Animators(device)

    def animator(message: OpenAvatar) -> "tuple[Animator, str]":
        return animators.get(message.animator, message.student, pixels_of(message))

    RenderLoop(inbox, emit, emotions, animator, device=device, threads=THREADS, chain_ms=args.chain_ms).run()
    # A thread beside may be within a kernel, and an interpreter that ends would abort it there.
    os._exit(0)


if __name__ == "__main__":
    # Heavy imports come last, so that the options and --help answer at once.
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.render.animators import Animators, limit_threads, pick_device
    from avatar_rtc.resources import resource
    from avatar_rtc.worker.live import pixels_of
    from avatar_rtc.worker.loop import THREADS, Inbox, RenderLoop

    main()
