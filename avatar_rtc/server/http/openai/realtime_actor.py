"""What an avatar does at the events of one Realtime connection, and what of them is told otherwise.

server ──► sound ──► utterances; speech_started ──► silence, listening; response ──► thinking
caller ──► response.cancel ──► silence; conversation.item.truncate ──► with what was really heard
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.control.messages import ControlMessage, DataEyesSet
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.server.http.openai import realtime_events as told
from avatar_rtc.server.http.openai.realtime_sounds import RealtimeSounds, SpokenItem
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.replies import Reply

log = logging.getLogger(__name__)

OUR_EVENT = "avatar_rtc_"
"""What the ids of events begin with that we send to the server."""
_SILENCED = 64
_REPLIES = 8
_ACTED_ON = ('"session.update"', '"response.cancel"', f'"{told.TRUNCATE}"', '"function_call_output"')
"""What is in every frame of a caller that is more than passed on."""


class RealtimeActor:
    """One connection's part in what an avatar does. Made and used on the event loop."""

    def __init__(
        self,
        avatar: Avatar,
        pool: Pool,
        say: Callable[[str], None],
        truncates: bool,
        strips: bool,
        charge: Callable[[str], None] | None = None,
    ) -> None:
        """
        Args:
            say: sends a frame to the server.
            truncates: whether the server is told what was heard here, and not what the caller says.
            strips: whether the caller gets no sound.
            charge: called with each text before it is said, as `Reply` has it; None leaves text unsaid.
        """
        self._avatar, self._say, self._truncates, self._strips = avatar, say, truncates, strips
        self._charge = charge
        self._sounds = RealtimeSounds(avatar, pool, self._tell_heard)
        self._format = told.OutputFormat()
        self._formats: dict[str, told.OutputFormat] = {}
        """Of the responses under way, by their ids."""
        self._silenced: deque[str] = deque(maxlen=_SILENCED)
        """Responses of which nothing more is to be heard."""
        self._replies: dict[str, Reply] = {}
        """Of responses that are text, the last few, by their ids."""
        self._activity: ActivityName = "idle"
        self._has_data_eyes = False
        self._sent = 0
        self._is_closed = False

    async def server_said(self, text: str) -> str | None:
        """Act on a frame of the server.

        Returns:
            The frame for the caller: as it came, or without its sound; None if it is for us alone.
        """
        event = told.event_of(text)
        if event is None:
            return text
        kind = event["type"]
        if kind == "error" and told.text_in(event, "error", "event_id").startswith(OUR_EVENT):
            log.info("the server did not take what was heard: %s", told.text_in(event, "error", "message"))
            return None
        try:
            await self._act(kind, event)
        except AvatarRtcError as refusal:
            log.info("a Realtime event came to nothing: %s", refusal)
        return told.without_sound(event) if self._strips and kind in told.AUDIO_DELTA else text

    async def caller_said(self, text: str) -> str:
        """Act on a frame of the caller; gives the frame for the server."""
        if not any(kind in text for kind in _ACTED_ON):
            return text  # sound comes fifty times a second, and pictures have megabytes
        event = told.event_of(text)
        if event is None:
            return text
        match event["type"]:
            case "session.update":
                self._format = told.format_in(event.get("session"), self._format)
            case "response.cancel":
                response = told.text_in(event, "response_id")
                self._silence([response] if response else list(self._formats))
            case told.TRUNCATE:
                return await self._truncated(event, text)
            case _ if told.is_call_output(event):
                await self._data_eyes(False)
        return text

    async def room(self) -> None:
        """Returns as soon as more of the server's sound can be taken."""
        await self._sounds.room()

    async def close(self) -> None:
        """The connection is over, and so is what it has begun."""
        self._is_closed = True
        try:
            for reply in self._replies.values():
                reply.cancel()
            await self._data_eyes(False)
            if self._avatar.state.activity.name == self._activity:  # or else another door has said so
                await self._show("idle")
        finally:
            await self._sounds.close()

    async def _act(self, kind: str, event: dict[str, Any]) -> None:
        response = told.text_in(event, "response_id")
        if kind in told.AUDIO_DELTA:
            await self._hear(event, response)
        elif kind in told.TRANSCRIPT_DELTA and response not in self._silenced:
            self._item(event, response).transcript.add(told.text_in(event, "delta"))
        elif kind in told.TRANSCRIPT_DONE and response not in self._silenced:
            self._item(event, response).transcript.finish(told.text_in(event, "transcript"))
        elif kind in told.TEXT_DELTA and response not in self._silenced and self._charge is not None:
            self._reply(response, self._charge).feed(told.text_in(event, "delta"))
            await self._data_eyes(False)
        elif kind in told.TEXT_DONE and response in self._replies:
            self._replies[response].end_text()
        elif kind in told.AUDIO_DONE:
            self._finish(self._sounds.find(told.text_in(event, "item_id")))
        elif kind in told.SESSION:
            self._format = told.format_in(event.get("session"), self._format)
        elif kind == "response.created":
            response = told.text_in(event, "response", "id")
            self._formats[response] = told.format_in(event.get("response"), self._format)
            await self._show("thinking")
        elif kind == "response.done":
            await self._end(told.text_in(event, "response", "id"), told.text_in(event, "response", "status"))
        elif kind == "input_audio_buffer.speech_started":
            self._silence([*self._formats, *(item.response for item in self._sounds.under_way())])
            self._avatar.speech.stop()
            await self._show("listening")
        elif told.is_call(event) and response not in self._silenced:
            await self._data_eyes(True)

    async def _hear(self, event: dict[str, Any], response: str) -> None:
        sound = told.sound_in(event)
        if sound is None:
            log.warning("a Realtime event holds sound that is not base64")
            return
        item = self._item(event, response)
        if response in self._silenced:
            item.is_stopped = True
        self._sounds.add(item, sound)
        if item.is_stopped:
            return
        await self._data_eyes(False)
        if self._activity == "thinking":
            await self._show("idle")  # that it speaks it shows by itself

    def _item(self, event: dict[str, Any], response: str) -> SpokenItem:
        index = event.get("content_index")
        return self._sounds.item(
            told.text_in(event, "item_id"),
            response,
            index if isinstance(index, int) else 0,
            self._formats.get(response, self._format),
        )

    def _reply(self, response: str, charge: Callable[[str], None]) -> Reply:
        """The reply that is said by a voice from here."""
        if response not in self._replies:
            while len(self._replies) >= _REPLIES:
                del self._replies[next(iter(self._replies))]
            self._replies[response] = Reply(self._avatar, charge)
        return self._replies[response]

    def _finish(self, item: SpokenItem | None) -> None:
        if item is not None:
            self._sounds.finish(item)

    async def _end(self, response: str, status: str) -> None:
        """A response is done."""
        self._formats.pop(response, None)
        items = self._sounds.of_response(response)
        if status == "cancelled":
            self._sounds.stop(items)
            if (cancelled := self._replies.pop(response, None)) is not None:
                cancelled.cancel()
        for item in items:
            self._finish(item)
            self._tell_heard(item)
        if (reply := self._replies.get(response)) is not None:
            reply.finish()
        if self._activity == "thinking" and not self._formats:
            await self._show("idle")

    def _silence(self, responses: Iterable[str]) -> None:
        for response in responses:
            if response not in self._silenced:
                self._silenced.append(response)
            self._sounds.stop(self._sounds.of_response(response))
            if (reply := self._replies.pop(response, None)) is not None:
                reply.cancel()

    async def _truncated(self, event: dict[str, Any], text: str) -> str:
        item = self._sounds.find(told.text_in(event, "item_id"))
        if item is None or not (item.speech or item.is_stopped):
            return text
        item.is_truncated = True  # and so we do not tell it ourselves
        self._sounds.stop([item])
        if not self._truncates:
            return text
        return json.dumps({**event, "audio_end_ms": await item.heard_ms()})

    def _tell_heard(self, item: SpokenItem) -> None:
        """Tell the server how much was heard of an item that was cut, once it is all there."""
        is_ready = item.is_cut and item.response not in self._formats
        if self._truncates and is_ready and not item.is_truncated and not self._is_closed:
            item.is_truncated = True
            self._sent += 1
            self._say(
                told.truncation(item.id, item.content_index, item.heard_in_all_ms, f"{OUR_EVENT}{self._sent}")
            )

    async def _show(self, activity: ActivityName) -> None:
        if activity != self._activity:
            self._activity = activity
            await self._tell(ActivitySet(name=activity))

    async def _data_eyes(self, on: bool) -> None:
        if on != self._has_data_eyes:
            self._has_data_eyes = on
            await self._tell(DataEyesSet(on=on))

    async def _tell(self, message: ControlMessage) -> None:
        try:
            await self._avatar.apply(message)
        except AvatarRtcError as refusal:
            log.info("a Realtime event came to nothing: %s", refusal)
