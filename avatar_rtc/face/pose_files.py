"""What files with poses hold: ours, and the emotion templates that pose editors write.

{"mouth_aaa": 1, …}                                   one pose
{"pose": {"mouth_aaa": 1}, "cels": {"blush1": 0.5}}   one pose with cels
[…, …]                                                several of both
{"joy": {"pose": {…}, "cels": {…}}, …}                emotions by name, as the predecessor keeps them
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import check_cels
from avatar_rtc.face.emotions import by_id, is_templates
from avatar_rtc.face.pose import MORPHS, Pose, pose_from

_PARTS = {"pose", "cels", "title"}


@dataclass(frozen=True, eq=False)
class PosedFace:
    """One pose of a file."""

    pose: Pose
    """(45,)."""
    cels: Mapping[str, float] = field(default_factory=dict)
    """Cel → opacity in [0, 1]."""

    def json(self) -> dict[str, dict[str, float]]:
        """As it can be read again; what is 0 is left out."""
        morphs = {each.name: float(v) for each, v in zip(MORPHS, self.pose.tolist(), strict=True) if v}
        return {
            "pose": {name: round(value, 6) for name, value in morphs.items()},
            "cels": {name: value for name, value in self.cels.items() if value},
        }


@dataclass(frozen=True)
class PoseFile:
    """What a file holds."""

    faces: Mapping[str, PosedFace]
    """Name → pose, in the order of the file; 000, 001, … where they have none."""
    is_one: bool
    """True if the file is about one pose, not a list that may have one."""


def read_poses(content: object, where: str) -> PoseFile:
    """The poses in the decoded JSON of a file.

    Args:
        where: what it is called in sentences about it.

    Raises:
        InputError: it holds a pose that is none; names which.
    """
    match content:
        case dict() if is_templates(content):
            faces = {name: _face(f"{where}, {name!r:.80}", each) for name, each in by_id(content).items()}
            return PoseFile(faces, len(faces) == 1)
        case dict():
            return PoseFile({"000": _face(where, content)}, True)
        case [_, *_]:
            each = enumerate(content)
            return PoseFile({f"{n:03d}": _face(f"{where}, pose {n}", one) for n, one in each}, False)
    raise InputError(f'{where} must hold one {{"morph": value}} object or a list of at least one')


def _face(where: str, content: object) -> PosedFace:
    if not isinstance(content, Mapping):
        raise InputError(f'{where} is no {{"morph": value}} object')
    has_parts = "pose" in content and content.keys() <= _PARTS
    pose, cels = (content["pose"], content.get("cels", {})) if has_parts else (content, {})
    if not isinstance(pose, Mapping) or not isinstance(cels, Mapping):
        raise InputError(f'{where} is no {{"pose": {{"morph": value}}, "cels": {{"cel": opacity}}}}')
    try:
        return PosedFace(pose_from(pose), check_cels(cels))
    except InputError as error:
        raise error.after(f"{where}: ") from None
