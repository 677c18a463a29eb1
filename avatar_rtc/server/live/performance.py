"""Performances: what a live avatar was told and what it said, kept so that it can be played again.

```
 {"avatar_performance": 1, "character": "liora", "fps": 30.0, "begun": 12.4, "state": [messages], …}
 {"t": 0.52, "type": "emotion.set", "name": "joy", …}         any message that changes the state
 {"t": 1.10, "type": "speech.piece", "begin": 1.16, "sound": "base64 of FLAC", "lips": {…}, …}
 {"t": 3.48, "type": "speech.hush", "cut": 3.50}
 {"t": 9.00, "type": "character.set", "character": "tavi"}
 {"t": 12.0, "type": "performance.end"}
```
`t` is in s from the beginning of the file. Whoever reads one is `film/performance.py`.
"""

import asyncio
import datetime
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Protocol

from avatar_rtc.control.acting_messages import ActivitySet, GesturePlay, HearingSet
from avatar_rtc.control.changes import Change
from avatar_rtc.control.kept_state import messages_of
from avatar_rtc.control.messages import CueSet, EmotionSet, GazeSet, PoseSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.files import not_written
from avatar_rtc.server.live.voice.piece_json import piece_json
from avatar_rtc.server.live.voice.utterance import Piece

log = logging.getLogger(__name__)

PERFORMANCE_VERSION = 1
MOST_LINES_WAITING = 2_000
"""Beyond, the disk is too slow, and the file ends."""
_DIGITS = 6
_BY_MOOD = ("emotion.set",)
"""What feelings change too, so that the message itself is kept."""


def _doing(state: AvatarState) -> list[dict[str, Any]]:
    """The message for what it is doing, if it is doing something: of a moment, and so kept nowhere else."""
    name = state.activity.name
    return [] if name == "idle" else [{"type": ActivitySet(name=name).type, "name": name}]


class Witness(Protocol):
    """Somebody who hears all that an avatar is told and says, on the event loop."""

    def told(self, message: EmotionSet | Change, before: AvatarState, after: AvatarState) -> None:
        """A message changed the state, or would have."""

    def said(self, begin: float, piece: Piece) -> None:
        """A piece is heard from media time `begin` on."""

    def hushed(self, cut: float) -> None:
        """It falls silent at media time `cut`."""

    def recast(self, source: str) -> None:
        """It is another character from now on."""

    def ended(self) -> None:
        """The avatar is over."""


class PerformanceWriter:
    """Writes one file, in a thread of its own. Made and used on the event loop; closed by who made it."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float],
        character: str,
        fps: float,
        state: AvatarState,
        seed: int = 0,
    ) -> None:
        """Begin the file.

        Args:
            clock: media time in s.
            character: where it can be read again.
            state: in which the avatar is now.

        Raises:
            SetupError: it cannot be written there.
        """
        self._path, self._clock, self._begun = path, clock, clock()
        try:
            self._file: IO[bytes] = path.open("wb")
        except OSError as error:
            raise not_written(path, error) from None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="performance")
        self._waiting = 0
        self.failure: str | None = None
        """Why nothing is written any more, in a sentence; None while it is."""
        self.bytes = 0
        """So many are written."""
        self.on_written: Callable[[], None] = lambda: None
        """Called in the file's thread after each line, and after a failure."""
        self.on_end: Callable[[], None] = lambda: None
        """Called when the avatar is over."""
        header = {
            "avatar_performance": PERFORMANCE_VERSION,
            "character": character,
            "fps": fps,
            "seed": seed,
            "begun": self._begun,
            "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "state": [*messages_of(state), *_doing(state)],
        }
        self._put(lambda: header)

    @property
    def seconds(self) -> float:
        """How long it is by now."""
        return self._clock() - self._begun

    def told(self, message: EmotionSet | Change, before: AvatarState, after: AvatarState) -> None:
        """See `Witness`; what lasts is written as the state has it, whichever message made it."""
        if isinstance(message, EmotionSet | GesturePlay | ActivitySet | CueSet | PoseSet | HearingSet):
            self.write(
                message.type, message.model_dump(mode="json", exclude={"id", "type"}, exclude_none=True)
            )
            return
        held = messages_of(before)
        for now, then in zip(messages_of(after), held, strict=True):
            # A gaze that was asked for stays, even where a glance is there already.
            is_asked = isinstance(message, GazeSet) and now["type"] == message.type
            if (now != then or is_asked) and now["type"] not in _BY_MOOD:
                self.write(now["type"], {name: value for name, value in now.items() if name != "type"})

    def said(self, begin: float, piece: Piece) -> None:
        """See `Witness`."""
        begun = begin - self._begun
        self.write("speech.piece", {"begin": begun}, lambda: piece_json(piece))

    def hushed(self, cut: float) -> None:
        """See `Witness`."""
        self.write("speech.hush", {"cut": cut - self._begun})

    def recast(self, source: str) -> None:
        """See `Witness`."""
        self.write("character.set", {"character": source})

    def ended(self) -> None:
        """See `Witness`."""
        self.on_end()

    def write(self, kind: str, fields: dict[str, Any], more: Callable[[], dict[str, Any]] = dict) -> None:
        """A line of this moment.

        Args:
            more: further fields, made in the file's own thread.
        """
        t = round(self._clock() - self._begun, _DIGITS)
        self._put(lambda: {"t": t, "type": kind, **fields, **more()})

    async def close(self) -> None:
        """Write the end; the file is whole afterwards, or `failure` tells why it is not."""
        self.write("performance.end", {})
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _put(self, line: Callable[[], dict[str, Any]]) -> None:
        if self.failure is not None:
            return
        if self._waiting >= MOST_LINES_WAITING:
            self.failure = "the disk is too slow for this performance"
            return
        self._waiting += 1
        self._thread.submit(self._write, line)

    def _write(self, line: Callable[[], dict[str, Any]]) -> None:
        self._waiting -= 1
        if self.failure is not None:
            return
        try:
            self.bytes += self._file.write(json.dumps(line(), ensure_ascii=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            self.failure = str(not_written(self._path, error))
        except Exception:
            log.exception("a line of a performance failed")
            self.failure = "something unexpected failed; the server's log has it"
        self.on_written()

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.failure = self.failure or str(not_written(self._path, error))
