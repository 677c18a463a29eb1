"""What an agent is told of its sound: one call after the other, each until it is taken."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.livekit.room import CallRefused
from avatar_rtc.livekit.wire import ANSWER_REJECTED, FINISHED, STARTED, UNSUPPORTED, finished_payload

log = logging.getLogger(__name__)

TRIES = 3
REPORT_RETRY_S = 0.1

CallAgent = Callable[[str, str], Awaitable[str]]
"""(method, payload) → the agent's answer; raises CallRefused."""


class AgentReports:
    """A `LineListener` for one agent. What was not told when the room was lost, is told in the next one."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque()
        self._news = asyncio.Event()

    def started(self) -> None:
        """See `LineListener`."""
        self._tell(STARTED, "")

    def finished(self, position_s: float, is_interrupted: bool) -> None:
        """See `LineListener`."""
        self._tell(FINISHED, finished_payload(position_s, is_interrupted))

    async def run(self, call: CallAgent) -> None:
        """Tell what there is, until it is cancelled; what was being told then is told again."""
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            method, payload = self._waiting[0]
            await _tell(call, method, payload)
            self._waiting.popleft()

    def _tell(self, method: str, payload: str) -> None:
        self._waiting.append((method, payload))
        self._news.set()


async def _tell(call: CallAgent, method: str, payload: str) -> None:
    for tried in range(1, TRIES + 1):
        try:
            if await call(method, payload) == ANSWER_REJECTED:
                log.warning("an agent rejects %s", method)
            return
        except AvatarRtcError as refusal:
            code = refusal.code if isinstance(refusal, CallRefused) else None
            if method == STARTED and code == UNSUPPORTED:
                return  # only some want to know
            if tried == TRIES:
                log.warning("an agent does not take %s: %s", method, refusal)
            else:
                await asyncio.sleep(REPORT_RETRY_S)
