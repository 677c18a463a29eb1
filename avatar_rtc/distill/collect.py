"""Asking the teacher: which poses, how many, and where the answers are kept.

```
 probes.bin   the neutral face, then every morph alone      → where the face moves
 faces.bin    posed faces                                   → face student
 marked.bin   how far lids leave the eyes in sight          → face student, for cels on the eyes
 bodies.bin   whole pictures                                → body student
 held.bin     whole pictures of other poses                 → the report; never trained on
 large.bin    the neutral face, then posed ones, at 384 px  → face student of a picture larger than 512 px
```
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.distill.plan import Plan
from avatar_rtc.distill.poses import PoseSampler, probe_poses
from avatar_rtc.distill.samples import LARGE_FACE, MARKED_FACE, POSED_BODY, POSED_FACE, SampleFile
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import Pose, neutral

SetName = Literal["probes", "faces", "marked", "bodies", "held", "large"]
RECORD_TYPES: Mapping[SetName, np.dtype] = {
    "probes": POSED_FACE,
    "faces": POSED_FACE,
    "marked": MARKED_FACE,
    "bodies": POSED_BODY,
    "held": POSED_BODY,
    "large": LARGE_FACE,
}
Ask = Callable[[Sequence[Pose]], list[NDArray[np.void]]]


def wanted(plan: Plan) -> dict[SetName, int]:
    """How many records each file has when it is complete."""
    return {
        "probes": len(probe_poses()),
        "faces": plan.faces,
        "marked": plan.marked,
        "bodies": plan.bodies,
        "held": plan.held,
        "large": plan.large,
    }


def poses_of(
    name: SetName, plan: Plan, emotions: Mapping[str, EmotionTemplate], count: int
) -> Sequence[Pose]:
    """The first `count` poses of a set.

    The emotions at full strength, with which each set begins, are left out of the held-out one: all students
    have seen those faces.
    """
    if name == "probes":
        return probe_poses()[:count]
    sampler = PoseSampler(emotions, plan.seed, list(RECORD_TYPES).index(name))
    if name == "large":
        return [neutral(), *(sampler.pose(number) for number in range(count - 1))][:count]
    first = len(emotions) if name == "held" else 0
    return [sampler.pose(number) for number in range(first, first + count)]


def collect(
    folder: Path,
    plan: Plan,
    emotions: Mapping[str, EmotionTemplate],
    create_teacher: Callable[[], Teacher],
    progress: Callable[[str, int, int], None],
) -> None:
    """Fill the files of a folder; what is there already is kept, and a complete set asks nothing.

    Args:
        create_teacher: called if anything is missing.
        progress: told the set, how many of it are done and how many there will be.

    Raises:
        SetupError: the disk is full, or the weights are missing.
    """
    teacher: Teacher | None = None
    for name, count in wanted(plan).items():
        if not count:
            continue
        file = SampleFile(folder / f"{name}.bin", RECORD_TYPES[name])
        try:
            progress(name, min(file.count, count), count)
            if file.count >= count:
                continue
            teacher = teacher or create_teacher()
            poses = iter(poses_of(name, plan, emotions, count)[file.count :])
            while batch := list(islice(poses, teacher.batch)):
                for record in _ask(teacher, name)(batch):
                    file.append(record)
                progress(name, file.count, count)
        finally:
            file.close()


def _ask(teacher: Teacher, name: SetName) -> Ask:
    asks: dict[np.dtype, Ask] = {
        POSED_FACE: teacher.faces,
        MARKED_FACE: teacher.marked,
        POSED_BODY: teacher.bodies,
        LARGE_FACE: teacher.large_faces,
    }
    return asks[RECORD_TYPES[name]]


def load_records(folder: Path, name: SetName, plan: Plan) -> NDArray[np.void]:
    """The records of a complete set, mapped and not loaded."""
    file = SampleFile(folder / f"{name}.bin", RECORD_TYPES[name])
    try:
        return file.read()[: wanted(plan)[name]]
    finally:
        file.close()
