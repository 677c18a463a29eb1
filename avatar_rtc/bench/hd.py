"""HD: what of the artist's own detail a frame at 1024 px has, and how true it stays to THA3's own picture."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, told
from avatar_rtc.bench.tha3 import talking_poses
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.distill.poses import PoseSampler
from avatar_rtc.face.pose import neutral
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.animators import limit_threads
from avatar_rtc.render.colour import converted, to_srgb
from avatar_rtc.render.pixels import premultiplied
from avatar_rtc.render.portrait import SIZE, portrait_of
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import read_student
from avatar_rtc.render.tha3.animator import Tha3Animator, create_tha3
from avatar_rtc.render.tha3.boxes import FACE_BOX, box_at
from avatar_rtc.render.tha3.character import Tha3Character
from avatar_rtc.render.tha3.large import slight
from avatar_rtc.render.upscale.enlarge import Method, enlarge
from avatar_rtc.resources import resource
from avatar_rtc.stream.box import Box

_HD_SIDE = 1024
WHOLE_DB, OUTSIDE_DB = 38.0, 45.0
REDUCED_DB = 36.0
TIMES_UPSCALED, OF_SOURCE = 3.0, 0.8
_STUDENT_MS = {512: 22.0, _HD_SIDE: 60.0}
UPSCALERS: Sequence[Method] = ("bicubic", "lanczos", "anime")
PAINTED = 0.02
"""From this share of paint on a pixel is THA3's and not the source's."""
_PARTS_MEASURED = {"face": Box(160, 32, 192, 192), "hair": Box(150, 10, 210, 100)}
"""In px of 512: of a character whose head stands where THA3 wants it."""
_SEED, _STREAM = 4242, 9


@dataclass(frozen=True)
class HdFigures:
    """What one animator's frames at 1024 px are, all of one character; energies are sums over its frames."""

    whole_db: float
    """Without the mouth, if rest closes it."""
    outside_db: float
    with_mouth_db: float
    reduced_db: Sequence[float]
    small_db: Sequence[float]
    """The same of its own frames of 512 px."""
    detail: dict[str, float]
    upscaled: dict[str, dict[str, float]]
    """By upscaler."""
    of_source: dict[str, float]
    """At rest."""


def measure(quick: bool) -> list[Measurement]:
    """All figures of HD; two hundred poses take THA3 five minutes."""
    store = CharacterStore(resource("assets", "characters"), Path())
    character = store.load_character("liora")
    if character.original.shape[0] < _HD_SIDE:
        return [skipped("HD", f"{character.name} is {character.original.shape[0]} px; {_HD_SIDE} are wanted")]
    sampler = PoseSampler(load_emotions(resource("assets", "emotions")), _SEED, _STREAM)
    poses = [torch.from_numpy(sampler.pose(number)) for number in range(100, 103 if quick else 300)]
    teacher = create_tha3("cpu")
    found = _told("THA3", figures_of(teacher, teacher, character, poses))
    if character.student is not None:
        student = create_student(read_student(character.student))
        if student.prepare(portrait_of(character.rgba, character.original, _HD_SIDE)) is not None:
            found += _told("student", figures_of(student, teacher, character, poses))
        found += [_speed(student, character, side, 8 if quick else 150) for side in _STUDENT_MS]
    return found


def figures_of(
    animator: Animator, teacher: Tha3Animator, character: Character, poses: Sequence[Tensor]
) -> HdFigures:
    """An animator's frames at 1024 px against the source, against THA3's own, and those enlarged."""
    large = animator.prepare(portrait_of(character.rgba, character.original, _HD_SIDE))
    small = teacher.prepare(portrait_of(character.rgba))
    own_small = animator.prepare(portrait_of(character.rgba))
    rest = torch.from_numpy(neutral())
    source = premultiplied(portrait_of(character.rgba, character.original, _HD_SIDE).large)
    shown = _frame(animator, large, rest)
    painted, meant = painted_share(teacher, small, rest)
    reduced, of_small = [], []
    detail = dict.fromkeys(_PARTS_MEASURED, 0.0)
    upscaled = {method: dict.fromkeys(_PARTS_MEASURED, 0.0) for method in UPSCALERS}
    for pose in poses:
        frame, plain = _frame(animator, large, pose), _frame(teacher, small, pose)
        reduced.append(db_between(interpolate(frame[None], size=(SIZE, SIZE), mode="area")[0], plain))
        mine = plain if animator is teacher else _frame(animator, own_small, pose)
        of_small.append(db_between(mine, plain))
        for region, energy in energies(frame).items():
            detail[region] += energy
        for method, sums in upscaled.items():
            for region, energy in energies(enlarge(plain, _HD_SIDE, _HD_SIDE, method)).items():
                sums[region] += energy
    own = energies(source)
    return HdFigures(
        db_between(shown, source, 1 - meant),
        db_between(shown, source, (1 - meant) * (1 - painted)),
        db_between(shown, source),
        reduced,
        of_small,
        detail,
        {str(method): sums for method, sums in upscaled.items()},
        {region: energy / own[region] for region, energy in energies(shown).items()},
    )


def painted_share(teacher: Tha3Animator, character: Tha3Character, pose: Tensor) -> tuple[Tensor, Tensor]:
    """Where THA3 paints more than a little, and where it means to move the face: 0 or 1, (1, 1024, 1024).

    Args:
        character: of 512 px.
    """
    given: list[Tensor] = []
    morpher = teacher.networks["face_morpher"]

    def noted(face: Tensor, morphs: Tensor) -> Tensor:
        given.append(morpher(face, morphs).clone())
        return given[-1]

    teacher.networks["face_morpher"] = noted
    twin = character.fork()
    twin.pose = None
    try:
        teacher.animate(pose[None], [twin])
    finally:
        teacher.networks["face_morpher"] = morpher
    maps, share = given[0], twin.painted()
    face = 1 - (1 - maps[:, 2:3].sigmoid()) * (1 - maps[:, 7:8].sigmoid())
    moved = (slight(maps[:, :2]) != maps[:, :2]).any(1, keepdim=True)
    part = share[:, :, *FACE_BOX.slices]
    part[:] = torch.maximum(part, face)
    meant = torch.zeros_like(share)
    meant[:, :, *FACE_BOX.slices] = moved.float()
    larger = interpolate(torch.cat([share, meant], dim=1), size=(_HD_SIDE, _HD_SIDE), mode="bilinear")[0]
    return (larger[:1] > PAINTED).float(), (larger[1:] > 0).float()


def db_between(one: Tensor, other: Tensor, weights: Tensor | None = None) -> float:
    """dB between two pictures (4, H, W) in [0, 1], where weights (1, H, W) are."""
    error = (one - other).square().mean(0, keepdim=True)
    mean = error.mean() if weights is None else (error * weights).sum() / weights.sum()
    return float(-10 * torch.log10(mean.clamp_min(1e-10)))


def energies(picture: Tensor) -> dict[str, float]:
    """Of each region the energy above a quarter of the sampling rate, in either direction; of (4, S, S)."""
    grey = picture[:3].mean(0).numpy()
    return {
        region: fine_energy(grey[box_at(box, picture.shape[-1]).slices])
        for region, box in _PARTS_MEASURED.items()
    }


def fine_energy(grey: NDArray[np.float32]) -> float:
    """The sum of |Fourier|² beyond 0.25 cycles a px of a part (h, w), faded to its edges by Hann's window."""
    height, width = grey.shape
    faded = (grey - grey.mean()) * np.hanning(height)[:, None] * np.hanning(width)
    power = np.abs(np.fft.fft2(faded)) ** 2
    rows, columns = (np.abs(np.fft.fftfreq(count)) for count in (height, width))
    return float(power[np.maximum(rows[:, None], columns) > 0.25].sum())


def _frame(animator: Animator, character: object, pose: Tensor) -> Tensor:
    """(4, S, S), premultiplied sRGB."""
    picture = animator.animate(pose[None], [character])[0].clone()
    return converted(picture, animator.space, "srgb-premultiplied")


def _told(name: str, figures: HdFigures) -> list[Measurement]:
    mean = sum(figures.reduced_db) / len(figures.reduced_db)
    found = [
        at_least(
            f"{name} at rest against the source, whole but for a mouth that rest closes", figures.whole_db,
            "dB", WHOLE_DB, with_mouth=round(figures.with_mouth_db, 2),
        ),
        at_least(f"{name} at rest, outside what is painted", figures.outside_db, "dB", OUTSIDE_DB),
        at_least(
            f"{name} reduced to 512 against THA3's own, mean", mean, "dB", REDUCED_DB,
            p5=round(percentile(figures.reduced_db, 5), 2), poses=len(figures.reduced_db),
            at_512=round(sum(figures.small_db) / len(figures.small_db), 2),
        ),
    ]  # fmt: skip
    for region, energy in figures.detail.items():
        times = {method: round(energy / sums[region], 2) for method, sums in figures.upscaled.items()}
        found.append(
            at_least(
                f"{name}: detail of the {region} against the best upscaler",
                min(times.values()), "x", TIMES_UPSCALED, **times,
            )
        )  # fmt: skip
        share = figures.of_source[region]
        found.append(at_least(f"{name}: detail of the {region} at rest", share, "of the source", OF_SOURCE))
    return found


def _speed(student: Animator, character: Character, side: int, count: int) -> Measurement:
    """From pose to straight RGBA, median."""
    threads = torch.get_num_threads()
    limit_threads()
    prepared = student.prepare(portrait_of(character.rgba, character.original, side))
    times = []
    for pose in talking_poses(count + 2):
        start = time.perf_counter()
        picture = student.animate(pose[None], [prepared])
        to_srgb(picture, student.space)
        times.append((time.perf_counter() - start) * 1000)
        if picture.shape[-1] != side:
            return told(f"student's frames of {side} px are still", float(picture.shape[-1]), "px")
    torch.set_num_threads(threads)
    return at_most(
        f"student: pose to straight RGBA at {side}, median",
        percentile(times[2:], 50),
        "ms",
        _STUDENT_MS[side],
    )
