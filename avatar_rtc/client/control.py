"""What a caller says and is told: requests that are answered, events, and what flows: mouth cues and poses.

Every request carries an id and is answered by `ok` or `error` with that id; whatever else
comes is an event.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.errors import AvatarRtcError, InputError, TooLarge, Unreachable

ANSWER_TIMEOUT_S = 10.0
"""A server may take 5 s to find out whose voice is meant."""
MAX_UNSENT_BYTES = 16 * 1024
"""Of cues or poses; what would wait behind more comes too late: this is a quarter of a second of poses."""


Flow = Literal["cues", "pose"]
"""What is said many times a second, and not answered."""


class MessageLine(Protocol):
    """What carries the messages of one caller: data channels, or a socket."""

    def send(self, text: str) -> None:
        """Send a text, in order; the line is open."""

    def flow(self, label: Flow, message: dict[str, Any]) -> bool:
        """Send what is worthless if it has to wait; False if it could not go at once."""


class Control:
    """The talk of one caller over its line."""

    def __init__(self, line: MessageLine, on_event: Callable[[dict[str, Any]], None]) -> None:
        """`on_event` gets every message that answers no request, such as `state` and `closing`."""
        self._line = line
        self._on_event = on_event
        self._open = asyncio.Event()
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._error: AvatarRtcError | None = None

    def opened(self) -> None:
        """The line carries messages from now on."""
        self._open.set()

    async def request(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send a message and wait for its answer; the fields of the `ok` come back.

        Raises:
            InputError: the server refused it; the text is the server's.
            TooLarge: it is longer than a message may be.
            Unreachable: no answer within 10 s, no control channel, or the connection is lost.
        """
        number = next(self._ids)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await self._exchange(number, {"type": kind, "id": number, **fields})
        except TimeoutError:
            why = "did not answer" if self._open.is_set() else "offers no control channel: it was not open"
            raise Unreachable(f"{kind}: the server {why} within {ANSWER_TIMEOUT_S:g} s") from None
        finally:
            self._waiting.pop(number, None)

    def cue(self, t_ms: float, visemes: Mapping[str, float]) -> bool:
        """Send mouth shapes; False if they could not go at once, for a cue that waits is worthless."""
        return self._error is None and self._line.flow("cues", {"t_ms": t_ms, "visemes": dict(visemes)})

    def pose(self, pose: dict[str, Any]) -> bool:
        """Send `{"t_ms": …, "morphs": …}`; False as with `cue`."""
        return self._error is None and self._line.flow("pose", pose)

    def end(self, error: AvatarRtcError) -> None:
        """Fail every request that waits, and all later ones, with this error."""
        if self._error is None:
            self._error = error
            self._open.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)

    async def _exchange(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        # Unescaped, as the server counts characters; half a surrogate pair cannot be sent.
        text = json.dumps(message, ensure_ascii=False).encode(errors="replace").decode()
        if len(text) > MAX_MESSAGE_BYTES:  # the server would refuse it without its id
            raise TooLarge(f"a message has at most {MAX_MESSAGE_BYTES} characters, not {len(text)}")
        await self._open.wait()
        if self._error is not None:
            raise self._error
        self._waiting[number] = future = asyncio.get_running_loop().create_future()
        self._line.send(text)
        answer = await future
        if answer["type"] == "error":
            raise InputError(str(answer.get("detail", "refused without a reason")))
        return {name: value for name, value in answer.items() if name not in ("type", "id")}

    def received(self, text: str | bytes) -> None:
        """A text of the other side is here."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if message.get("type") in ("ok", "error"):
            future = self._waiting.get(message.get("id"))  # type: ignore[arg-type]
            if future is not None and not future.done():
                future.set_result(message)
        else:
            self._on_event(message)


class Requests:
    """Something that has a `Control` once it is connected."""

    def __init__(self) -> None:
        self._control: Control | None = None

    async def request(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send any control message `{"type": kind, …}`; the fields of its `ok` come back.

        Raises:
            InputError: refused; the text is the server's.
            Unreachable: no control channel, no answer, or connection lost.
        """
        if self._control is None:
            raise Unreachable("not connected: use the client with `async with`")
        return await self._control.request(kind, **fields)
