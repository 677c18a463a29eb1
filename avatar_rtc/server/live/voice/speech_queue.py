"""What an avatar says, one utterance after the other, and what is told of it.

say ──► waiting ──► feed (the next piece is made while one sounds) ──► voice, lips, events at t + D
stop ─► fade, shut the mouth, and one `speech.finished` for everything that was still to be said

Whatever a listener, an engine or the renderer raises is logged, and costs at most the utterance it belongs
to: the queue goes on.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextvars import Context
from functools import partial
from typing import Any, ParamSpec

from avatar_rtc.clock import MediaClock
from avatar_rtc.errors import (
    FAILED,
    OPERATORS,
    AlreadyThere,
    AvatarRtcError,
    CapacityExceeded,
    EngineFailed,
    NotFound,
    public,
)
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.media.voice import FADE_S, VoicePlayer, next_block
from avatar_rtc.server.durations import Durations
from avatar_rtc.server.live.voice.rostrum import Rostrum
from avatar_rtc.server.live.voice.schedule import Schedule
from avatar_rtc.server.live.voice.utterance import Event, Piece, Utterance
from avatar_rtc.speech.acting.acts import Act, act_json
from avatar_rtc.speech.spoken import LipSource

log = logging.getLogger(__name__)

AHEAD_S = 0.3
"""A piece is handed over so long before the one before it ends: lips prepare for what comes next."""
MAX_WAITING = 64
"""Utterances that may wait."""
REMEMBERED = 256
"""Utterances that are over and whose ids are not taken again yet."""
MAX_NOTES = 20
"""Of one utterance, that are told."""
LATENCY_BOUNDS_S = (0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
CLOSE_S = 1.0
"""How long those who make pieces may take to end."""

P = ParamSpec("P")
Ready = asyncio.Queue[Piece | BaseException | None]


class SpeechQueue:
    """The speech of one avatar. Made and used on the event loop."""

    def __init__(
        self,
        clock: MediaClock,
        delay: Callable[[], float],
        voice: VoicePlayer,
        say: Callable[[str, float, Timeline], None],
        hush: Callable[[float], None],
        perform: Callable[[Act], str | None],
        tell: Callable[[Event], None],
        heard: Callable[[float, Piece], None] = lambda begin, piece: None,
    ) -> None:
        """
        Args:
            delay: D in s: what is for media time t is heard at t + D.
            say: tell the lips what comes: of which utterance, from which media time on.
            hush: tell them from which media time on nothing does.
            perform: do an act now; says why it could not be done.
            tell: tell every viewer of an event.
            heard: told of each piece, and of the media time from which on it is heard.
        """
        self._clock, self._delay, self._voice = clock, delay, voice
        self._say, self._hush, self._perform, self._tell, self._heard = say, hush, perform, tell, heard
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Utterance] = deque()
        self._current: Utterance | None = None
        self._player: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._schedules: list[Schedule] = []
        """What is told and done of the current utterance."""
        self._fading: dict[asyncio.TimerHandle, Callable[[], None]] = {}
        self._unfinished: set[str] = set()
        self._finished: deque[str] = deque(maxlen=REMEMBERED)
        self._is_closed = False
        self._rostrum: Rostrum | None = None
        self._free_from = 0.0
        """Media time from which nothing is to be heard so far."""
        self.latency = Durations(LATENCY_BOUNDS_S)
        """From an utterance's turn until it is heard."""
        self.source: LipSource | None = None
        """Where the times of the lips come from, of what was said last."""

    @property
    def current(self) -> str | None:
        """The id of what is being said."""
        return self._current.id if self._current else None

    @property
    def position(self) -> tuple[str, float] | None:
        """The id of what is being said and how many seconds of it have been heard."""
        if self._current is None:
            return None
        return self._current.id, self._current.position(self._clock.t() - self._delay())

    @property
    def is_silent(self) -> bool:
        """True if nothing is said or about to be."""
        return self._current is None and not self._waiting

    @property
    def awaits_word(self) -> bool:
        """True if something is to be said, and others on the stage speak first."""
        return self._current is None and bool(self._waiting)

    @property
    def may_interject(self) -> bool:
        """True if nothing is said or about to be, here or by others on the stage."""
        return self.is_silent and (self._rostrum is None or self._rostrum.is_free)

    def join(self, rostrum: Rostrum | None) -> None:
        """Speak on a stage from now on, when it has the word there; None is on none any more.

        What is being said goes on; what waits is heard after what was asked for on the stage before.
        """
        before, self._rostrum = self._rostrum, rostrum
        for utterance in filter(None, (self._current, *self._waiting)):
            if before is not None:
                before.leave(utterance)
            if rostrum is not None:
                rostrum.enter(utterance, self._go_on)
        self._go_on()

    def say(self, utterance: Utterance) -> None:
        """Say it when everything before it has been said, on a stage also by others.

        Raises:
            AlreadyThere: its id is that of one that is to be said, or was said lately.
            CapacityExceeded: too many wait already.
            NotFound: the avatar is gone.
        """
        if self._is_closed:
            raise NotFound("avatar any more for speech", utterance.id)
        if utterance.id in self._unfinished or utterance.id in self._finished:
            raise AlreadyThere("speech", utterance.id)
        if len(self._waiting) >= MAX_WAITING:
            raise CapacityExceeded("utterances that wait", MAX_WAITING)
        self._unfinished.add(utterance.id)
        self._waiting.append(utterance)
        if self._rostrum is not None:
            self._rostrum.enter(utterance, self._go_on)
        self._go_on()

    def stop(self, speech_id: str | None = None) -> None:
        """Fall silent: one utterance, or all that is and was to be said."""
        ended = [u for u in self._waiting if speech_id in (None, u.id)]
        # First out of the line, all of them: who is told of one may come back to the queue.
        self._waiting = deque(u for u in self._waiting if u not in ended)
        for utterance in ended:
            self._finish(utterance, 0.0, interrupted=True)
        if self._current and speech_id in (None, self._current.id):
            self._interrupt(self._current)
        self._go_on()

    async def close(self) -> None:
        """Finish everything at once."""
        self._is_closed = True
        self.stop()
        for timer, finish in tuple(self._fading.items()):
            timer.cancel()
            finish()
        if tasks := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=CLOSE_S)

    def _go_on(self) -> None:
        if self._current is None and self._waiting and self._has_word(self._waiting[0]):
            self._current = self._waiting.popleft()
            self._current.turn_at = self._clock.t()
            now = self._current
            self._player = self._start(self._play(now), f"speech {now.id}", now.asked_in)

    def _has_word(self, utterance: Utterance) -> bool:
        return self._rostrum is None or self._rostrum.has_word(utterance)

    def _start(
        self, work: Coroutine[object, object, None], name: str, context: Context | None = None
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s did not end cleanly", task.get_name(), exc_info=error)

    async def _play(self, utterance: Utterance) -> None:
        ready: Ready = asyncio.Queue(maxsize=1)
        feeder = self._start(_feed(utterance.pieces, ready), f"the pieces of speech {utterance.id}")
        detail: str | None = FAILED
        try:
            wrong = await self._play_all(utterance, ready)
            await self._until(self._free_from + self._delay())
            detail = wrong
        except BaseException as error:
            if self._current is not utterance:
                raise  # interrupted, which is told elsewhere
            log.error("speech %s failed", utterance.id, exc_info=error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        finally:
            feeder.cancel()
        if self._current is utterance:
            self._current = None
            _guarded(self._voice.forget, self._clock.t() - self._delay())
            for schedule in self._schedules:
                schedule.catch_up()
            self._finish(utterance, utterance.position(self._free_from), detail is not None, detail)
            self._go_on()

    async def _play_all(self, utterance: Utterance, ready: Ready) -> str | None:
        """Hand over every piece when its time comes; returns what went wrong."""
        silent_until = self._patient_until(utterance)
        while self._current is utterance:
            try:
                async with asyncio.timeout_at(silent_until):
                    piece = await ready.get()
            except TimeoutError:
                piece = EngineFailed(f"nothing to be heard came within {utterance.patience_s:g} s")
            if piece is None:
                return None
            if isinstance(piece, BaseException):
                if isinstance(piece, OPERATORS):
                    log.warning("speech %s failed: %s", utterance.id, piece)
                elif not isinstance(piece, AvatarRtcError):
                    log.error("speech %s failed", utterance.id, exc_info=piece)
                return public(piece)
            utterance.notes |= dict.fromkeys(piece.notes)
            if len(piece.pcm) or piece.acts:
                self._hand_over(utterance, piece)
                if len(piece.pcm):
                    silent_until = self._patient_until(utterance)
                await self._until(self._free_from - AHEAD_S)
        return None

    def _patient_until(self, utterance: Utterance) -> float:
        """The loop's time until which something has to come."""
        return self._loop.time() + max(0.0, self._free_from - self._clock.t()) + utterance.patience_s

    def _hand_over(self, utterance: Utterance, piece: Piece) -> None:
        """Let a piece be heard as soon as may be, and tell of it as it is."""
        is_first = not utterance.heard
        begin = max(self._clock.t() + utterance.lead_s, self._free_from + (0.0 if is_first else piece.gap))
        utterance.heard.append((begin, piece.seconds))
        self._free_from = begin + piece.seconds
        if len(piece.pcm):
            self._voice.put(begin, piece.pcm)
            if is_first:
                self.latency.add(begin + self._delay() - utterance.turn_at)
            self.source = piece.source
            _guarded(self._say, utterance.id, begin, piece.lips)
        _guarded(self._heard, begin, piece)
        if self._current is utterance:
            self._schedules = [schedule for schedule in self._schedules if not schedule.is_done]
            self._schedules.append(Schedule(self._acts_of(utterance, piece, begin)))
            self._schedules.append(
                Schedule(self._events_of(utterance, piece, begin + self._delay(), is_first))
            )

    def _acts_of(
        self, utterance: Utterance, piece: Piece, begin: float
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        zero = self._loop.time() - self._clock.t() + begin
        for timed in sorted(piece.acts, key=lambda timed: timed.t):
            yield zero + timed.t, partial(_guarded, self._act, utterance, timed.act)

    def _act(self, utterance: Utterance, act: Act) -> None:
        note = self._perform(act)
        if note is not None:
            utterance.notes[note] = None
            utterance.passed_over.add(act)

    def _events_of(
        self, utterance: Utterance, piece: Piece, begin: float, is_first: bool
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        zero = self._loop.time() - self._clock.t() + begin
        for t, event in piece.events(utterance.id, is_first):
            yield zero + t, partial(self._event, utterance, event)

    def _interrupt(self, utterance: Utterance) -> None:
        self._current = None
        if self._player is not None:
            self._player.cancel()
        self._forget_schedules()
        cut = max(next_block(self._clock.t()), self._voice.read_to)
        _guarded(self._voice.cut, cut)
        _guarded(self._hush, cut)
        silent_from = cut + FADE_S
        played = utterance.position(silent_from)
        self._free_from = min(self._free_from, silent_from) if utterance.heard else self._free_from

        def finish() -> None:
            self._fading.pop(timer, None)
            self._finish(utterance, played, interrupted=True)

        wait = max(0.0, silent_from + self._delay() - self._clock.t()) if played else 0.0
        timer = self._loop.call_later(wait, finish)
        self._fading[timer] = finish

    def _finish(
        self, utterance: Utterance, seconds: float, interrupted: bool, detail: str | None = None
    ) -> None:
        """Tell that it is over, once."""
        if utterance.is_over:
            return
        utterance.is_over = True
        if self._current is None:
            self._forget_schedules()
        self._unfinished.discard(utterance.id)
        self._finished.append(utterance.id)
        if self._rostrum is not None:
            self._rostrum.leave(utterance)
        if utterance.on_over is not None:
            _guarded(utterance.on_over)
        event: dict[str, Any] = {
            "type": "speech.finished",
            "speech_id": utterance.id,
            "position_ms": int(seconds * 1000),
            "interrupted": interrupted,
        }
        if detail is not None:
            event["detail"] = detail
        if utterance.notes:
            event["notes"] = list(utterance.notes)[:MAX_NOTES]
            log.info("speech %s: %s", utterance.id, "; ".join(event["notes"]))
        self._event(utterance, event)

    def _forget_schedules(self) -> None:
        for schedule in self._schedules:
            schedule.cancel()
        self._schedules = []

    def _event(self, utterance: Utterance, event: Event) -> None:
        if event["type"] == "speech.act" and event["act"] in [act_json(act) for act in utterance.passed_over]:
            return
        _guarded(self._tell, event)
        if utterance.on_event is not None:
            _guarded(utterance.on_event, event)

    async def _until(self, t: float) -> None:
        await asyncio.sleep(max(0.0, t - self._clock.t()))


def _guarded(do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do it; what it raises is logged, for nobody who is told something may end the speech of an avatar."""
    try:
        do(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        log.exception("%r failed, and speech goes on", do)


async def _feed(pieces: AsyncGenerator[Piece, None], ready: Ready) -> None:
    """Put pieces into the queue; at the end None, or what went wrong."""
    task = asyncio.current_task()
    assert task is not None
    end: BaseException | None = None
    try:
        try:
            async for piece in pieces:
                if task.cancelling():
                    raise asyncio.CancelledError  # which the generator took for itself
                await ready.put(piece)
        finally:
            async with asyncio.timeout(CLOSE_S):
                await pieces.aclose()
    except BaseException as error:
        if task.cancelling() or isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        end = error  # a CancelledError too: a dying engine may send one
    await ready.put(end)
