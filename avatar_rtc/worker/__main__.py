"""The render worker process: `python -m avatar_rtc.worker --device auto`, messages on stdin and stdout.

It ignores SIGINT, which a terminal sends to the whole group: the server ends it. It ends by itself at the
end of its input, so a server that dies leaves no process holding a GPU.
"""

import argparse
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from avatar_rtc.errors import InputError
from avatar_rtc.link.orders import Booted, BootFailed, Broken, OpenAvatar, Up
from avatar_rtc.link.pipe import pack, read
from avatar_rtc.worker.progress import StepClock, heartbeat
from avatar_rtc.worker.system import die_with, widen, yield_to_frames

if TYPE_CHECKING:
    from avatar_rtc.render.animator import Animator
    from avatar_rtc.worker.loop import Inbox

_GRACE_S = 2.0


def _claim_stdout() -> BinaryIO:
    """The pipe to the server; whatever prints goes to stderr from now on, or it would tear the messages."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _read(pipe: BinaryIO, inbox: "Inbox") -> None:
    """Put what comes down into the inbox, until the server is gone."""
    try:
        while (message := read(pipe.read)) is not None:
            inbox.put(message)  # type: ignore[arg-type]  # only Down comes down
        inbox.put(None)
        time.sleep(_GRACE_S)
    finally:
        # The server is gone and the render thread stuck in a kernel, for nobody; or nothing that comes down
        # can be read, and the server has to start another.
        os._exit(0)


def main() -> None:
    """Run the worker until its input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--spawned-at", type=float, default=time.monotonic(), help="CLOCK_MONOTONIC seconds")
    parser.add_argument("--chain-ms", type=float, default=math.inf, help="for the operations of a frame")
    parser.add_argument("--server", type=int, default=os.getppid(), help="process id it ends with")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(args.server)
    pipe = _claim_stdout()
    for each in (pipe, sys.stdin.buffer):
        widen(each)

    inbox: Inbox = queue.SimpleQueue()
    progress, one_message = StepClock(), threading.Lock()

    def emit(message: Up) -> None:
        packed = pack(message)
        try:
            with one_message:
                for buffer in packed:
                    pipe.write(buffer)
                pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is gone

    # Before the heavy imports, which take seconds: the server may die meanwhile, or ask whether this lives.
    threading.Thread(target=_read, args=(sys.stdin.buffer, inbox), name="inbox", daemon=True).start()
    with heartbeat(progress, emit):
        _render(inbox, emit, progress, args)


def _render(
    inbox: "Inbox", emit: Callable[[Up], None], progress: StepClock, args: argparse.Namespace
) -> None:
    """Import what renders, and render until None comes."""
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.render.animators import Animators, limit_threads
    from avatar_rtc.render.device.card import card_of
    from avatar_rtc.render.device.choice import choose_device
    from avatar_rtc.render.device.current import mean_card
    from avatar_rtc.render.device.machine import is_sick
    from avatar_rtc.render.device.preparing import PREPARING
    from avatar_rtc.resources import resource
    from avatar_rtc.worker.loop import FRAME_THREADS, RenderLoop
    from avatar_rtc.worker.pictures import pixels_of

    try:
        chosen = choose_device(args.device)
    except InputError as error:
        emit(BootFailed(str(error)))
        return
    device = chosen.device
    mean_card(device)
    limit_threads()
    emit(Booted(device, time.monotonic() - args.spawned_at, chosen.note))
    card = card_of(device)
    if card is not None:
        PREPARING(yield_to_frames)  # and with it the compilers that it starts
    emotions = load_emotions(resource("assets", "emotions"))
    animators = Animators(device, card.captures if card else None)
    may_improve = iter([chosen.may_improve])

    def animator(message: OpenAvatar) -> "tuple[Animator, str]":
        # A spare is up while another worker fills the card, and gets its first avatar when that one is gone.
        if next(may_improve, False) and choose_device(args.device).device != device:
            emit(Broken("a card that was full has room again"))
            inbox.put(None)
        return animators.get(message.animator, message.student, pixels_of(message))

    RenderLoop(
        inbox,
        emit,
        emotions,
        animator,
        device=device,
        threads=FRAME_THREADS,
        chain_ms=args.chain_ms,
        step=progress.step,
        is_sick=lambda: is_sick(device),
        card=card,
    ).run()
    # A thread beside may be within a kernel, and an interpreter that ends would abort it there.
    os._exit(0)


if __name__ == "__main__":
    main()
