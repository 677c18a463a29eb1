"""Pictures of characters in poses that somebody asks for, on a thread beside the frames.

A character is prepared once more for them: whoever moves a slider does not undo what is kept for the frames.
THA3 on a CPU computes both by turns, one network after the other.
"""

import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.pose import pose_from
from avatar_rtc.link.orders import OpenAvatar, SnapshotTaken, StillFailed, TakePose
from avatar_rtc.link.stages import RESULT, SOURCE
from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.device.current import ThreadPlace
from avatar_rtc.render.device.memory import is_out_of_memory, no_memory_for
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.posed import PosedCharacter, Sheet
from avatar_rtc.worker.beside import taken
from avatar_rtc.worker.pictures import portrait_at
from avatar_rtc.worker.sizing import covering_side
from avatar_rtc.worker.system import yield_to_frames

log = logging.getLogger(__name__)

MOST_POSED = 4
"""Characters that are kept prepared, each at one size, those asked for last."""
_Task = tuple[TakePose, Animator, OpenAvatar]


class Poses:
    """Pictures poses one after another; the thread starts with the first of them."""

    def __init__(
        self,
        emit: Callable[[SnapshotTaken | StillFailed], None],
        beside: bool,
        fault: Callable[[BaseException], object],
    ) -> None:
        """
        Args:
            emit: gets the answers, on the thread of the poses.
            beside: False makes each at once, on the thread that asks.
            fault: told of what nobody foresaw, on that thread.
        """
        self._emit, self._beside, self._fault = emit, beside, fault
        self._place = ThreadPlace.here()
        self._inbox: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._kept: OrderedDict[tuple[str, int], tuple[OpenAvatar, Animator, PosedCharacter]] = OrderedDict()
        self._lock = threading.Lock()
        """For what is kept: avatars are forgotten on the thread that asks."""

    def put(self, message: TakePose, animator: Animator, opened: OpenAvatar) -> None:
        """Answer a request some time, or at once; never waits for another thread."""
        if not self._beside:
            self._answer(message, animator, opened)
            return
        if self._thread is None:
            # A daemon: a picture under way must not keep the process.
            self._thread = threading.Thread(target=self._run, name="poses", daemon=True)
            self._thread.start()
        self._inbox.put((message, animator, opened))

    def refuse(self, message: TakePose, why: str) -> None:
        """Tell who asked that there will be none."""
        self._emit(StillFailed(message.request, f"no picture of avatar {message.avatar!r}: {why}"))

    def forget(self, avatar: str) -> None:
        """Free what is kept of an avatar."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == avatar]:
                del self._kept[key]

    def close(self) -> None:
        """End the thread after the picture under way, without waiting for that."""
        self._inbox.put(None)

    def _run(self) -> None:
        yield_to_frames(is_live=True)  # somebody moves a slider
        self._place.take()
        while (task := taken(self._inbox)) is not None:
            self._answer(*task)
            del task  # or its character would stay until the next one

    def _answer(self, message: TakePose, animator: Animator, opened: OpenAvatar) -> None:
        try:
            side = covering_side(message.side or SIZE) if message.stage in (RESULT, SOURCE) else SIZE
            character = self._character(message.avatar, animator, opened, side)
            sheet = Sheet(message.crop, message.side, message.stage)
            rgba = character.picture(pose_from(message.morphs), message.cels, sheet)
            self._emit(SnapshotTaken(message.request, encode_image(rgba, "png")))
        except AvatarRtcError as error:
            self._emit(StillFailed(message.request, str(error)))
        except Exception as error:
            log.exception("a pose cannot be pictured")
            self.forget(message.avatar)
            self._fault(error)
            why = f"{type(error).__name__}: {error}"
            self.refuse(message, no_memory_for("it", error) if is_out_of_memory(error) else why)

    def _character(self, avatar: str, animator: Animator, opened: OpenAvatar, side: int) -> PosedCharacter:
        with self._lock:
            kept = self._kept.get((avatar, side))
            if kept is not None and kept[0] is opened and kept[1] is animator:
                self._kept.move_to_end((avatar, side))
                return kept[2]
        portrait = portrait_at(opened, side)
        posed = PosedCharacter(animator, portrait, opened.cels)
        with self._lock:
            self._kept[avatar, side] = opened, animator, posed
            while len(self._kept) > MOST_POSED:
                self._kept.popitem(last=False)
        return posed
