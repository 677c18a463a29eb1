"""Writes tests/data/teacher/<character>_<pose>.webp: what THA3 makes of our own characters, lossless.

python tests/data/make_teacher_frames.py
"""

import json
from pathlib import Path

from PIL import Image

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.posed import render_poses
from avatar_rtc.resources import resource

HERE = Path(__file__).parent / "teacher"

if __name__ == "__main__":
    poses = {
        name: pose_from(values) for name, values in json.loads((HERE / "poses.json").read_text()).items()
    }
    store = CharacterStore(resource("assets", "characters"), HERE)
    for character in ("liora", "tavi"):
        rgba = store.load(character)
        for name, picture in zip(poses, render_poses(rgba, list(poses.values()), "tha3", "cpu"), strict=True):
            Image.fromarray(picture).save(HERE / f"{character}_{name}.webp", lossless=True, quality=100)
