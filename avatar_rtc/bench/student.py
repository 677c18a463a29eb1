"""Students on this CPU: speed against THA3 in the same run, quality against it, and what a viewer gets."""

import asyncio
import math
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, told
from avatar_rtc.bench.served import served
from avatar_rtc.bench.tha3 import talking_poses
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.distill.measure import measure as compare
from avatar_rtc.distill.plan import PLANS
from avatar_rtc.distill.poses import PoseSampler
from avatar_rtc.distill.run import distill, use_cores
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import Pose, pose_from
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.animators import limit_threads
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.colour import to_srgb
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.pixels import over_grey, picture_of, premultiplied
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.student.animator import StudentAnimator, StudentCharacter, create_student
from avatar_rtc.render.student.file import Student, read_student
from avatar_rtc.render.tha3.animator import create_tha3
from avatar_rtc.resources import resource

SHIPPED = ("liora", "tavi")
FRAME_MS, FPS = 35.0, 20.0
TIMES_TORCH, TIMES_OPENVINO = 20.0, 10.0
FILE_MB = 8.0
STRAY_PX = 10
DISTILL_MINUTES, BLINK_DB = 20.0, 26.0
DISTILLED_DB = (
    ("whole", "mean", 32.0),
    ("whole", "p5", 27.0),
    ("mouth", "mean", 29.0),
    ("eyes", "mean", 26.0),
)
QUALITY_DB = {"whole": (35.0, 30.0), "mouth": (30.0, None), "eyes": (30.0, None)}
"""Region → mean and 5th percentile that must be reached."""
_SEED, _STREAM = 4242, 9
"""Of the poses quality is measured on; no student was trained with that seed."""


def measure(quick: bool) -> list[Measurement]:
    """All figures of students; quality takes two minutes a character, for THA3 must show every pose."""
    found: list[Measurement] = []
    store = CharacterStore(resource("assets", "characters"), Path())
    for name in SHIPPED:
        character = store.load_character(name)
        if character.student is None:
            found.append(skipped(f"student of {name}", "it has none; make students"))
            continue
        found += _speed(character, 8 if quick else 150, 1 if quick else 8)
        found += _quality(character, 3 if quick else 200)
        found += _cels(character, 1 if quick else None)
    for talking in (False, True):
        found.append(asyncio.run(_served(talking, 2.0 if quick else 15.0)))
    return found + _distilled(store.load_character("tavi"), quick)


def _prepared(character: Character) -> tuple[Student, StudentAnimator, StudentCharacter, Tensor]:
    assert character.student is not None
    student = read_student(character.student)
    animator = create_student(student)
    image = picture_of(character.rgba)
    return student, animator, animator.prepare(Portrait.plain(image)), image


def _speed(character: Character, count: int, slow_count: int) -> list[Measurement]:
    """Milliseconds from pose to RGBA, and how many times THA3's that speed is, both taking turns."""
    _, animator, prepared, image = _prepared(character)
    threads = torch.get_num_threads()
    poses = talking_poses(count + 2)
    limit_threads()
    rgba = _times(animator, prepared, poses, straight=True)[2:]
    animate = _times(animator, prepared, poses)[2:]
    torch.set_num_threads(threads)
    still = animator.animate(poses[0][None], [prepared]).clone()
    same = torch.equal(animator.animate(poses[0][None], [prepared]), still)
    name, size = character.name, len(character.student or b"") / 2**20
    ours = percentile(animate, 50)
    times = {}
    for way, openvino in (("PyTorch", False), ("OpenVINO", True)):
        teacher = create_tha3("cpu", openvino=openvino)
        run = _times(teacher, teacher.prepare(Portrait.plain(image)), poses[: slow_count + 1])[1:]
        times[way] = percentile(run, 50) / ours
    torch.set_num_threads(threads)
    return [
        at_most(
            f"{name}: pose to straight RGBA 512x512, median", percentile(rgba, 50), "ms", FRAME_MS,
            p95=round(percentile(rgba, 95), 2), animate_only=round(ours, 2),
        ),
        at_least(f"{name}: animate stage against THA3 in PyTorch", times["PyTorch"], "x", TIMES_TORCH),
        at_least(f"{name}: animate stage against THA3 in OpenVINO", times["OpenVINO"], "x", TIMES_OPENVINO),
        at_least(f"{name}: a still pose gives the same bits (1 is yes)", float(same), "", 1),
        at_most(f"{name}: file of the student", size, "MB", FILE_MB),
    ]  # fmt: skip


def _times(animator: Animator, prepared: Any, poses: Sequence[Tensor], straight: bool = False) -> list[float]:
    """Milliseconds of each pose."""
    found = []
    for pose in poses:
        start = time.perf_counter()
        picture = animator.animate(pose[None], [prepared])
        if straight:
            to_srgb(picture, animator.space)
        found.append((time.perf_counter() - start) * 1000)
    return found


def _quality(character: Character, count: int) -> list[Measurement]:
    """PSNR over mid grey against THA3, and how well a full blink covers the eyes."""
    student, animator, prepared, _ = _prepared(character)
    teacher = Teacher(character.rgba, "cpu")
    sampler = PoseSampler(load_emotions(resource("assets", "emotions")), _SEED, _STREAM)
    held = np.stack([teacher.bodies([sampler.pose(number)])[0] for number in range(100, 100 + count)])
    report = compare(student, character.rgba, held)
    figures = report.figures
    found = [at_most(f"{character.name}: dark stray pixels, worst picture", report.stray_px, "px", STRAY_PX)]
    for region, (mean, p5) in QUALITY_DB.items():
        found.append(
            at_least(
                f"{character.name}: {region}, mean", figures[region]["mean"], "dB", mean, **figures[region]
            )
        )
        if p5 is not None:
            found.append(
                at_least(f"{character.name}: {region}, 5th percentile", figures[region]["p5"], "dB", p5)
            )
    closed = pose_from({"eye_wink_left": 1.0, "eye_wink_right": 1.0})
    theirs = teacher.bodies([closed])[0]["frame"].astype(np.float32) / np.float32(255)
    found.append(
        told(
            f"{character.name}: eyes in a full blink",
            _blink(student, animator, prepared, closed, theirs),
            "dB",
        )
    )
    return found


def _blink(
    student: Student,
    animator: StudentAnimator,
    prepared: StudentCharacter,
    closed: Pose,
    theirs: NDArray[np.float32],
) -> float:
    """PSNR of the worse of both eyes."""
    ours = animator.animate(torch.from_numpy(closed)[None], [prepared])[0].numpy()
    errors = [
        float(np.mean((ours - theirs)[:3, *student.boxes[part].slices] ** 2))
        for part in ("eye_right", "eye_left")
    ]
    return -10 * math.log10(max(errors))


def _cels(character: Character, count: int | None) -> list[Measurement]:
    """PSNR in its own box of each cel at full strength, eyes open and closed; the worst counts."""
    _, animator, _, image = _prepared(character)
    teacher, cels = create_tha3("cpu"), Cels(character.cels)
    theirs_under = DressedCharacter(teacher, Portrait.plain(image), cels).under
    ours_under = DressedCharacter(animator, Portrait.plain(image), cels).under
    found: dict[str, float] = {}
    for name in [cel for cel in CELS if cel in character.cels][:count]:
        _, box = cels.top(name, image.device)
        for lids in (0.0, 1.0):
            pose = torch.from_numpy(pose_from({"eye_wink_left": lids, "eye_wink_right": lids}))[None]
            theirs = to_srgb(teacher.animate(pose, [theirs_under({name: 1.0})]), teacher.space)[0]
            ours = animator.animate(pose, [ours_under({name: 1.0})])[0]
            error = (over_grey(ours) - over_grey(premultiplied(theirs)))[:, *box.slices]
            found[f"{name}, lids {lids:g}"] = round(-10 * math.log10(float((error * error).mean()) + 1e-6), 2)
    worst = min(found.values())
    return [
        at_least(f"{character.name}: worst cel, open or closed eyes, in its box", worst, "dB", 26, **found)
    ]


def _distilled(character: Character, quick: bool) -> list[Measurement]:
    """How long `good` takes from nothing, and what comes of it; it begins as another character's student."""
    name = f"{character.name}, distilled anew by `good`"
    if quick:
        return [skipped(name, "takes a quarter of an hour")]
    plan, emotions = PLANS["good"], load_emotions(resource("assets", "emotions"))
    threads = torch.get_num_threads()
    use_cores(os.cpu_count() or 1)
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        data, report = distill(character.rgba, plan, emotions, Path(folder), "cpu", lambda *told: None)
    minutes = (time.monotonic() - began) / 60
    torch.set_num_threads(threads)
    student, animator, prepared, _ = _prepared(replace(character, student=data))
    closed = pose_from({"eye_wink_left": 1.0, "eye_wink_right": 1.0})
    theirs = Teacher(character.rgba, "cpu").bodies([closed])[0]["frame"].astype(np.float32) / np.float32(255)
    blink = _blink(student, animator, prepared, closed, theirs)
    figures = report.figures
    return [
        at_most(f"{name}: from the picture to the student", minutes, "min", DISTILL_MINUTES),
        at_least(f"{name}: eyes in a full blink", blink, "dB", BLINK_DB),
        *(
            at_least(f"{name}: {region}, {kind}", figures[region][kind], "dB", least, **figures[region])
            for region, kind, least in DISTILLED_DB
        ),
    ]


async def watched_fps(url: str, seconds: float, talking: bool) -> float:
    """Pictures a second that one viewer decodes."""
    async with AvatarClient(url) as avatar:
        count, start = 0, math.inf
        async for frame in avatar.frames():
            now = time.monotonic()
            if frame.pts is not None and start is math.inf:
                start = now + 3.0  # until the encoder, the jitter buffer and D have settled
            if talking:
                opening = 0.5 - 0.5 * math.cos(2 * math.pi * 4 * now)
                avatar.send_cue(now * 1000, {"aaa": opening, "ooo": 0.3 * (1 - opening)})
            count += now >= start
            if now >= start + seconds:
                return count / seconds
    return 0.0


async def _served(talking: bool, seconds: float) -> Measurement:
    with served("--animator", "student", "--fps", "30") as server:
        fps = await watched_fps(server.url, seconds, talking)
        stages = server.state()["stage_ms"]
    what = "talking" if talking else "idle"
    return at_least(
        f"served to one decoding viewer on this machine, 512 px alpha, {what}", fps, "fps", FPS, **stages
    )
