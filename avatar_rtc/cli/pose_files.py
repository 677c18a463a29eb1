"""Files with poses on this disk; see `face/pose_files.py` for what they may hold."""

import json
from pathlib import Path

from avatar_rtc.errors import InputError
from avatar_rtc.face.pose_files import PoseFile, read_poses


def read_pose_file(path: Path) -> PoseFile:
    """The poses of a file.

    Raises:
        InputError: it cannot be read, is no JSON, or holds a pose that is none; names which.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the poses {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    return read_poses(content, str(path))
