"""Several students on one stage: what a picture of all costs, against each watched by itself."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.bench.measurement import Measurement, at_most, skipped, told
from avatar_rtc.bench.served import served
from avatar_rtc.bench.student import SHIPPED, watched_fps
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.cast import Cast, OnStage, Placing, with_equal_room
from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animators import create_animator, limit_threads
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import read_student
from avatar_rtc.resources import resource
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.worker.frames import Order, made_alone
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.slots import slot_of

CAST_SIZES = (2, 4)
TIMES_SEPARATE = 1.35
"""A picture of all may cost so many times what their own pictures do together: it has more pixels."""
STAGED_FPS = 30.0
_ALPHA = Rendition("h264", "alpha")


@dataclass(frozen=True)
class StageCost:
    """Milliseconds of one thread for one picture, medians."""

    together: float
    stages: dict[str, float]
    """Of `together`, by what it was spent on."""
    separate: float
    """Of all members, each watched by itself."""


def measure(quick: bool) -> list[Measurement]:
    """The cost of stages of two and four who speak, and the pictures a viewer gets of two."""
    store = CharacterStore(resource("assets", "characters"), Path())
    if any(store.load_character(name).student is None for name in SHIPPED):
        return [skipped("students on a stage", "a shipped character has none; make students")]
    limit_threads()
    found: list[Measurement] = []
    for count in CAST_SIZES:
        cost = stage_cost(store, count, 4 if quick else 150)
        found.append(told(f"stage of {count}, 960 x 540 px, alpha", cost.together, "ms", **cost.stages))
        found.append(told(f"{count} avatars by themselves, alpha", cost.separate, "ms of all"))
        ratio = cost.together / cost.separate
        found.append(at_most(f"stage of {count}, against them", ratio, "times", TIMES_SEPARATE))
    found.append(_seen(1.0 if quick else 15.0))
    return found


def stage_cost(store: CharacterStore, count: int, pictures: int) -> StageCost:
    """Pictures of a stage and of those on it, taking turns, on this thread."""
    epoch = time.monotonic()
    members = [_opened(store, SHIPPED[n % len(SHIPPED)], f"m{n}", epoch) for n in range(count)]
    alone = [_opened(store, SHIPPED[n % len(SHIPPED)], f"a{n}", epoch) for n in range(count)]
    stage, company = _stage_of(members, epoch)
    together: list[float] = []
    separate: list[float] = []
    stages: dict[str, list[float]] = {}
    for n in range(pictures + 2):
        at = epoch + n / STAGED_FPS
        made = made_alone(Order(stage, at, company=company), time.monotonic)
        costs = [made_alone(Order(each, at), time.monotonic).cost_ms for each in alone]
        if n >= 2:  # the first make encoders and tables
            together.append(made.cost_ms)
            separate.append(sum(costs))
            for name, ms in made.stage_ms.items():
                stages.setdefault(name, []).append(ms)
    for each in (stage, *members, *alone):
        each.close()
    shares = {name: round(median(ms), 2) for name, ms in stages.items()}
    return StageCost(median(together), shares, median(separate))


def _opened(store: CharacterStore, character: str, name: str, epoch: float) -> LiveAvatar:
    """A student that talks, watched by itself."""
    found = store.load_character(character)
    assert found.student is not None
    message = OpenAvatar(
        name, found.rgba.tobytes(), epoch, replace(found.start, talking=True), "student", STAGED_FPS,
        cels=found.cels, emotions=found.emotions, views=found.views, seed=len(name),
    )  # fmt: skip
    animator = create_student(read_student(found.student))
    avatar = open_avatar(message, animator, load_emotions(resource("assets", "emotions")))
    avatar.slots[_ALPHA] = slot_of(_ALPHA)
    return avatar


def _stage_of(
    members: Sequence[LiveAvatar], epoch: float
) -> tuple[LiveAvatar, list[tuple[OnStage, LiveAvatar]]]:
    rows = with_equal_room(len(members))
    scale = min(1.0, 2 / len(members) + 0.2)
    cast = Cast(
        members=tuple(
            OnStage(each.opened.avatar, Placing(x, scale=scale))
            for each, x in zip(members, rows, strict=True)
        )
    )
    message = OpenAvatar(
        "stage", np.zeros((512, 512, 4), np.uint8).tobytes(), epoch, AvatarState(cast=cast), "static",
        STAGED_FPS, matte_size=(cast.width, cast.height),
    )  # fmt: skip
    stage = open_avatar(
        message, create_animator("static", "cpu"), load_emotions(resource("assets", "emotions"))
    )
    stage.slots[_ALPHA] = slot_of(_ALPHA)
    return stage, list(zip(cast.members, members, strict=True))


def _seen(seconds: float) -> Measurement:
    """Pictures a second that a viewer of a stage of two decodes, on a real server."""
    with served("--animator", "student", "--fps", "30") as server:
        wanted = {"id": "show", "avatars": [{"character": name} for name in SHIPPED]}
        asked = urllib.request.Request(
            f"{server.url}api/v1/stages", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(asked, timeout=30).close()
        fps = asyncio.run(watched_fps(f"{server.url}view/show", seconds, talking=False))
        with urllib.request.urlopen(f"{server.url}api/v1/avatars/show", timeout=10) as response:
            stages = json.load(response)["stage_ms"]
    return told("stage of 2 served to one decoding viewer on this machine, alpha", fps, "fps", **stages)
