"""Pretended cards: each starts workers that keep what they were told, as a render worker would."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Literal

from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    Booted,
    BootFailed,
    CloseAvatar,
    Down,
    OpenAvatar,
    ProcessStill,
    Say,
    SetState,
    StartRendition,
    StillProcessed,
    StopRendition,
    Up,
)
from avatar_rtc.server.rendering.fleet import Fleet
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.stream.frame import AnyRendition

Fate = Literal["works", "fails", "dies"]


@dataclass
class Held:
    """What a worker knows of an avatar."""

    opened: OpenAvatar
    said: list[Say] = field(default_factory=list)
    watched: set[AnyRendition] = field(default_factory=set)


class CardWorker:
    """Up at once, if its card lets it; what is said twice it knows twice."""

    def __init__(self, card: "Card") -> None:
        self.card = card
        self.held: dict[str, Held] = {}
        self.told: list[Down] = []
        self.stills: list[ProcessStill] = []
        self.is_over = False
        self._up: asyncio.Queue[Up | None] = asyncio.Queue()
        match card.fate:
            case "works":
                self.say(Booted(card.name, 0.0))
            case "fails":
                self.say(BootFailed("it fell off the bus"))
                self.kill()
            case "dies":
                self.kill()

    async def send(self, message: Down) -> None:
        if isinstance(message, ProcessStill):
            self.stills.append(message)
            return
        self.told.append(message)
        held = self.held.get(message.avatar)
        match message:
            case OpenAvatar(avatar=avatar) if held is None and len(self.held) >= self.card.room:
                self.say(AvatarFailed(avatar, "out of memory", may_pass=True, no_room=True))
            case OpenAvatar(avatar=avatar):
                self.held[avatar] = replace(held, opened=message) if held else Held(message)
                self.say(AvatarReady(avatar, "static", 0.0))
            case CloseAvatar(avatar=avatar):
                self.held.pop(avatar, None)
            case SetState(state=state) if held:
                held.opened = replace(held.opened, state=state)
            case Say() if held:
                held.said.append(message)
            case StartRendition(rendition=rendition) if held:
                held.watched.add(rendition)
            case StopRendition(rendition=rendition) if held:
                held.watched.discard(rendition)  # of a start and its end the outbox sends the end alone

    def say(self, message: Up | None) -> None:
        self._up.put_nowait(message)

    def answer_stills(self) -> None:
        for asked in self.stills:
            self.say(StillProcessed(asked.request, asked.still))
        self.stills.clear()

    async def messages(self) -> AsyncIterator[Up]:
        while (message := await self._up.get()) is not None:
            yield message

    def busy_s(self) -> float | None:
        return None

    def memory_bytes(self) -> int | None:
        return None

    def kill(self) -> None:
        self.is_over = True
        self.say(None)

    async def close(self) -> None:
        self.kill()


class Card:
    """One device: what becomes of its next worker, and how many avatars have room."""

    def __init__(self, name: str, fate: Fate = "works", room: int = 1000) -> None:
        self.name, self.fate, self.room = name, fate, room
        self.workers: list[CardWorker] = []

    @property
    def worker(self) -> CardWorker:
        return self.workers[-1]

    @property
    def held(self) -> dict[str, Held]:
        """What its living worker knows."""
        return {} if not self.workers or self.worker.is_over else self.worker.held

    async def spawn(self) -> CardWorker:
        self.workers.append(CardWorker(self))
        return self.worker


def fleet_of(*cards: Card) -> Fleet:
    return Fleet({card.name: Rendering(card.spawn, spare=False, opens_per_s=1000) for card in cards})
