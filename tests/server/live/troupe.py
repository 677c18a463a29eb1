"""A troupe for tests: avatars and stages on a loop whose time jumps, with a worker that renders nothing."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.character import Character
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import Config
from avatar_rtc.control.cast import Cast, OnStage, Placing
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.media.opus import BLOCK_SAMPLES
from avatar_rtc.resources import resource
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live import avatar as live
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.ensemble import Ensemble
from avatar_rtc.server.live.shared import Shared
from avatar_rtc.server.live.stages import Stages
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.utterance import Piece, Utterance
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.voices.engines import Engines
from tests.server.conftest import FakeRenderer

RATE = 48_000
EMOTIONS = load_emotions(resource("assets", "emotions"))
LISTENED_FROM = 1.0
FIGURE = np.full((512, 512, 4), 255, np.uint8)


def sound(seconds: float, level: int = 5_000, shown: str = "") -> Piece:
    return Piece(np.full(round(seconds * RATE), level, np.int16), Timeline(seconds, ()), "tts", shown)


async def coming(pieces: Sequence[Piece], wait_s: float) -> AsyncGenerator[Piece, None]:
    for each in pieces:
        await asyncio.sleep(wait_s)
        yield each


class Heard:
    """A `Witness` that keeps when an avatar is heard, in s of the loop."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.spans: list[list[float]] = []
        avatar.witnesses.add(self)

    def said(self, begin: float, piece: Piece) -> None:
        at = self.avatar.clock.at(begin)
        self.spans.append([at, at + piece.seconds])

    def hushed(self, cut: float) -> None:
        for span in self.spans:
            span[1] = min(span[1], max(span[0], self.avatar.clock.at(cut)))

    def told(self, *_: object) -> None: ...
    def recast(self, source: str) -> None: ...
    def ended(self) -> None: ...


class Troupe:
    """Made on a virtual loop, in the places of the names given; the clocks of avatars begin apart."""

    def __init__(self, patch: pytest.MonkeyPatch, *names: str, **config: Any) -> None:
        loop = asyncio.get_running_loop()
        begun = itertools.count()
        # Apart by no whole block.
        patch.setattr(live, "MediaClock", lambda _: MediaClock(loop.time() - 0.0137 * next(begun), loop.time))
        self.renderer = FakeRenderer()
        settings, engines = Config(avatar_expiry_s=0, **config), Engines(())
        limits = Limits(settings.limits)
        shared = Shared(
            settings, self.renderer, EMOTIONS, Speaker(Rules(), engines=engines), engines, limits,
            Turns(1, lambda: limits.refuse("distillations", "students", 1, 1)),
        )  # fmt: skip
        self.avatars = Avatars(shared)
        self.stages = Stages(self.avatars, self.renderer)
        self.heard = {name: Heard(self.enter(name)) for name in names}
        self._ids = itertools.count()

    def enter(self, name: str, display_name: str = "") -> Avatar:
        return self.avatars.create(Character(name, FIGURE, display_name), name, source=name)

    def stage(self, *names: str, turns: bool = True, **places: Placing) -> Ensemble:
        at = [Placing((n + 0.5) / max(1, len(names))) for n in range(len(names))]
        members = tuple(OnStage(each, places.get(each, where)) for each, where in zip(names, at, strict=True))
        return self.stages.create(Cast(members=members, takes_turns=turns), "stage")

    def say(self, name: str, *pieces: Piece, wait_s: float = 0.0) -> str:
        speech_id = f"s{next(self._ids)}"
        queue = self.avatars[name].speech.queue
        queue.say(Utterance(speech_id, coming(pieces or (sound(0.5),), wait_s)))
        return speech_id

    @property
    def spans(self) -> list[tuple[float, float, str]]:
        """When who is heard, in order."""
        return sorted((a, b, name) for name, heard in self.heard.items() for a, b in heard.spans if a < b)

    async def listened(self, stage: Ensemble, seconds: float) -> Pcm:
        """What is heard of a stage meanwhile, from media time 1 s on, read as its encoder reads it."""
        clock, blocks = stage.avatar.clock, []
        t = LISTENED_FROM
        await asyncio.sleep(t - clock.t())
        while t < LISTENED_FROM + seconds - 1e-9:
            blocks.append(stage.sound(t, BLOCK_SAMPLES))
            t += BLOCK_SAMPLES / RATE
            await asyncio.sleep(max(0.0, t - clock.t()))
        return np.concatenate(blocks)
