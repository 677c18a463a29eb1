"""At once: a rig in closed form as soon as the teacher has shown enough, and better ones while it goes on.

```
 seconds on two idle cores   43      100      210      430     …   all that the plan wants
 the teacher shows  ────────┬────────┬────────┬────────┬──────────┬─►
 rigs               ────────►────────►────────►────────►──────────►
```

On a slower machine the first one is made of less, after 95 seconds. What the teacher shows is kept in the
files that training reads, too: whoever trains afterwards asks for what is missing, and whoever is interrupted
goes on where it was.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.distill.collect import RECORD_TYPES, SetName, poses_of, wanted
from avatar_rtc.distill.learned import Learned
from avatar_rtc.distill.measure import measure
from avatar_rtc.distill.plan import Plan
from avatar_rtc.distill.rig import TeacherRecords, fit_rig
from avatar_rtc.distill.samples import MARKED_FACE, POSED_BODY, POSED_FACE, SampleFile
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.distill.working import working_in
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.render.student.file import read_student, write_student

_ORDER: tuple[SetName, ...] = ("probes", "held", "marked", "bodies", "faces")
_FIRST = {"faces": 60, "marked": 16, "bodies": 100, "held": 20}
"""What the first rig is made of, besides the probes: 43 s where a face takes 0.06 s and a whole picture 0.28.
Bodies count most, for they show the face as well: 80 of them and 120 faces give 0.8 dB less."""
_EARLY = {"probes": 42, "held": 8, "marked": 8, "faces": 10, "bodies": 60}
"""Where the teacher is slow, a rig is made of as little as this, and of what more there is after EARLY_S.
With 70 bodies, 10 faces do as well as 60 (aria1: 30.5, 23.7, 22.2 dB)."""
EARLY_S = 95.0
_GROWTH = 1.8
"""The next rig is made when there is so much more of everything."""


def stages(plan: Plan) -> list[dict[SetName, int]]:
    """How many records each set holds when a rig is made, rig by rig; the last has all that the plan wants.

    >>> [stage["bodies"] for stage in stages(Plan(1800, 240, 900, 1, 1))]
    [100, 180, 324, 583, 900, 900, 900]
    """
    whole = wanted(plan)
    found: list[dict[SetName, int]] = []
    size = 1.0
    while not found or found[-1] != whole:
        found.append({name: min(whole[name], round(size * _FIRST.get(name, whole[name]))) for name in whole})
        size *= _GROWTH
    return found


def rigs(
    rgba: NDArray[np.uint8],
    original: NDArray[np.uint8] | None,
    emotions: Mapping[str, EmotionTemplate],
    folder: Path,
    device: str,
    progress: Callable[[str, int, int], None],
    plan: Plan,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Learned]:
    """A rig, and a new one now and then until all of the plan's pictures are there.

    A second call begins with a rig of what lies in the folder. Held-out poses are never fitted.

    Args:
        rgba: (512, 512, 4) sRGB, straight alpha.
        original: the same as it was given, (N, N, 4), or None. A rig's faces have the scale of 512 px: THA3's
            large faces would cost it pictures.
        emotions: what the avatar will be asked to show.
        folder: the working folder; nobody else works in it meanwhile.
        device: of torch, for the teacher and for what is solved.
        progress: told the set, how many of it are done and how many the plan wants.
        now: seconds of a clock that does not run backwards.

    Raises:
        InputError: another run works in the folder.
        SetupError: disk full, weights missing; what was done is kept.
    """
    with working_in(folder):
        yield from _rigs(rgba, emotions, folder, device, progress, plan, now)


def _rigs(
    rgba: NDArray[np.uint8],
    emotions: Mapping[str, EmotionTemplate],
    folder: Path,
    device: str,
    progress: Callable[[str, int, int], None],
    plan: Plan,
    now: Callable[[], float],
) -> Iterator[Learned]:
    teacher: Teacher | None = None

    def create() -> Teacher:
        nonlocal teacher
        teacher = teacher or Teacher(rgba, device)
        return teacher

    steps = stages(plan)
    there = _counts(folder)
    # Not those that lie there already, but for the best of them.
    done = [number for number, step in enumerate(steps) if all(there[name] >= step[name] for name in step)]

    def ask(name: SetName, count: int, enough: Callable[[int], bool] = lambda count: False) -> int:
        return _ask(folder, name, count, plan, emotions, create, progress, enough)

    if not done:
        begun, first = now(), steps[0]
        others: list[SetName] = [name for name in _ORDER if name != "bodies"]
        early = {name: ask(name, min(_EARLY[name], first[name])) for name in others}
        early["bodies"] = ask(
            "bodies", first["bodies"], lambda count: count >= _EARLY["bodies"] and now() - begun > EARLY_S
        )
        if early["bodies"] < first["bodies"]:
            yield _learned(rgba, folder, {**dict.fromkeys(first, 0), **early}, device, plan)
    for step in steps[max(done, default=0) :]:
        for name in _ORDER:
            ask(name, step[name])
        yield _learned(rgba, folder, step, device, plan)


def _counts(folder: Path) -> dict[SetName, int]:
    """How many whole records of each set lie there."""
    paths = {name: folder / f"{name}.bin" for name in RECORD_TYPES}
    return {
        name: path.stat().st_size // RECORD_TYPES[name].itemsize if path.exists() else 0
        for name, path in paths.items()
    }


def _ask(
    folder: Path,
    name: SetName,
    count: int,
    plan: Plan,
    emotions: Mapping[str, EmotionTemplate],
    create_teacher: Callable[[], Teacher],
    progress: Callable[[str, int, int], None],
    enough: Callable[[int], bool],
) -> int:
    """Have the teacher show what is missing of a set, up to so many or until there are enough; gives how many
    there are, of those asked for."""
    file = SampleFile(folder / f"{name}.bin", RECORD_TYPES[name])
    whole = wanted(plan)[name]
    try:
        progress(name, min(file.count, whole), whole)
        if file.count >= count:
            return count
        teacher = create_teacher()
        ask = {POSED_FACE: teacher.faces, MARKED_FACE: teacher.marked, POSED_BODY: teacher.bodies}
        poses = iter(poses_of(name, plan, emotions, count)[file.count :])
        while batch := list(islice(poses, teacher.batch)):
            for record in ask[RECORD_TYPES[name]](batch):
                file.append(record)
            progress(name, file.count, whole)
            if enough(file.count):
                break
        return file.count
    finally:
        file.close()


def _learned(
    rgba: NDArray[np.uint8], folder: Path, step: Mapping[SetName, int], device: str, plan: Plan
) -> Learned:
    """The rig of what lies in a folder, measured as it is on disk, its header telling what was measured."""
    sets = {name: _read(folder, name, count) for name, count in step.items()}
    shown = TeacherRecords(sets["probes"], [sets["faces"]], sets["marked"], sets["bodies"])
    rig = fit_rig(rgba, shown, device, {"plan": asdict(plan), "rig": dict(step)})
    report = measure(read_student(write_student(rig)), rgba, sets["held"])
    about = {
        **rig.about, "figures": report.figures, "good_enough": report.good_enough, "stray_px": report.stray_px
    }  # fmt: skip
    return Learned(write_student(replace(rig, about=about)), report, "rig", shown.pictures)


def _read(folder: Path, name: SetName, count: int) -> NDArray[np.void]:
    """The first `count` records of a set, mapped and not loaded."""
    file = SampleFile(folder / f"{name}.bin", RECORD_TYPES[name])
    try:
        return file.read()[:count]
    finally:
        file.close()
