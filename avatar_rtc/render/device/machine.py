"""What torch and drivers say of this machine's cards, behind an interface that tests can stand in for."""

import os
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch.nn.functional import grid_sample

from avatar_rtc.render.device.driver import ask_driver
from avatar_rtc.render.device.memory import is_out_of_memory


@dataclass(frozen=True)
class SeenCard:
    """A CUDA device."""

    name: str
    """As its maker calls it."""
    capability: tuple[int, int]
    """Of its processors, such as (8, 6)."""
    total_bytes: int
    free_bytes: int | None = None
    """Beside what a context takes, as the driver tells; None if it does not."""


class Machine(Protocol):
    """A machine as torch sees it. Nothing here is asked before the one above it went well."""

    cuda_build: str
    """What torch is built for, such as "CUDA 13.0"; "" if for the CPU alone."""
    kernels: Sequence[str]
    """The architectures it has kernels for, such as "sm_86"."""
    has_mps_build: bool
    has_mps: bool

    def has_driver(self) -> bool:
        """Whether a driver of NVIDIA's is there, wherever torch is not asked."""

    def ask_driver(self) -> Sequence[int] | None:
        """Free bytes of each card; [] if it cannot tell, None if it hangs, and so would whoever asks it."""

    def hidden_by(self) -> str | None:
        """CUDA_VISIBLE_DEVICES, which hides cards; None if it is not set."""

    def cards(self) -> tuple[Sequence[SeenCard], str]:
        """The cards that torch sees, and its words on why there are none.

        Raises:
            Exception: CUDA cannot be started.
        """

    def free_bytes(self, device: str) -> int:
        """Memory of a card that nobody has."""

    def probe(self, device: str) -> None:
        """Allocate a little there, compute with it and look at what came out.

        Raises:
            Exception: that does not go; in torch's words.
        """


class TorchMachine:
    """This machine; see `Machine`."""

    def __init__(self) -> None:
        cuda, rocm = torch.version.cuda, torch.version.hip
        self.cuda_build = f"CUDA {cuda}" if cuda else f"ROCm {rocm}" if rocm else ""
        # ROCm names its architectures otherwise, and torch's own check leaves them alone too.
        self.kernels: Sequence[str] = torch.cuda.get_arch_list() if cuda else ()
        self.has_mps_build = torch.backends.mps.is_built()
        self.has_mps = torch.backends.mps.is_available()

    def has_driver(self) -> bool:
        """See `Machine.has_driver`."""
        return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None

    def ask_driver(self) -> Sequence[int] | None:
        """See `Machine.ask_driver`."""
        return ask_driver()

    def hidden_by(self) -> str | None:
        """See `Machine.hidden_by`."""
        return os.environ.get("CUDA_VISIBLE_DEVICES")

    def cards(self) -> tuple[Sequence[SeenCard], str]:
        """See `Machine.cards`."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            if not torch.cuda.is_available():
                return (), " ".join(str(each.message) for each in told)
            found = [torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count())]
        return [SeenCard(each.name, (each.major, each.minor), each.total_memory) for each in found], ""

    def free_bytes(self, device: str) -> int:
        """See `Machine.free_bytes`."""
        return torch.cuda.mem_get_info(device)[0]

    def probe(self, device: str) -> None:
        """See `Machine.probe`."""
        probe(device)


def probe(device: str) -> None:
    """Allocate a little on a device, warp it as THA3 and the filters do, and look at what came out.

    Raises:
        Exception: that does not go, or something else came out.
    """
    with torch.inference_mode():
        picture = torch.full((1, 1, 8, 8), 0.5, device=device)
        grid = torch.linspace(-2, 2, 128, device=device).reshape(1, 8, 8, 2)
        found = grid_sample(picture, grid, "bilinear", "border", align_corners=False).cpu()
    if not torch.allclose(found, torch.full_like(found, 0.5), atol=1e-3):
        raise RuntimeError("it computes wrongly")


def is_sick(device: str) -> bool:
    """Whether a device that has worked computes nothing any more; the CPU always does.

    After some errors, such as of its memory or of a kernel, CUDA refuses all else until the process ends.
    """
    if device == "cpu":
        return False
    try:
        probe(device)
    except Exception as error:
        return not is_out_of_memory(error)
    return False
