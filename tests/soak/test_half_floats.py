"""As tests/render/tha3/test_half_floats.py, with more poses, and the characters that ship."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_rtc.bench.gpu.tolerances import HALF_DB
from avatar_rtc.bench.tha3 import talking_poses
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.face.pose import HIGH, LOW
from avatar_rtc.render.pixels import picture_of
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.weights import install_weights
from avatar_rtc.render.tha3.weights_files import chosen_folder
from avatar_rtc.resources import resource
from tests.render.tha3.precision import animator_in, least_db


@pytest.mark.soak
@pytest.mark.parametrize("name", ["liora", "placeholder", "tavi"])
def test_half_floats_are_near_float32(name: str) -> None:
    """Ten poses of talking, and ten over all ranges, where what moves far is torn and painted anew."""
    folder = chosen_folder() or install_weights()
    image = picture_of(CharacterStore(resource("assets", "characters"), Path()).load(name))
    dice = np.random.default_rng(3).uniform(LOW, HIGH, (10, len(LOW))).astype(np.float32)
    poses = [*talking_poses(50)[::5], *torch.from_numpy(dice)]
    half, full = (animator_in(precision, folder) for precision in ("float16", "float32"))
    of_half, of_full = half.prepare(Portrait.plain(image)), full.prepare(Portrait.plain(image))
    found = []
    for pose in poses:
        picture = half.animate(pose[None], [of_half])
        assert picture.isfinite().all()
        found.append(least_db(picture, full.animate(pose[None], [of_full])))
    print(f"{name}: {min(found):.1f} dB at least, {np.mean(found):.1f} on average")
    assert min(found) > HALF_DB
