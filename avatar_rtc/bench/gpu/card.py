"""What the card and its driver say of themselves."""

import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import torch

from avatar_rtc.bench.suite import circumstances

_ASKED = (
    "name", "driver_version", "memory.total", "memory.used", "power.limit", "power.draw", "pstate",
    "temperature.gpu",
    "clocks.sm", "clocks.max.sm", "clocks.mem", "clocks.max.mem", "pcie.link.gen.current",
    "pcie.link.width.current",
)  # fmt: skip
_ELSEWHERE = ("/usr/lib/wsl/lib/nvidia-smi", "C:/Windows/System32/nvidia-smi.exe")
"""Where it is, too, and not always on the path: within WSL, and in shells of others on Windows."""
_SMI_S = 20.0


def surroundings(device: torch.device) -> dict[str, Any]:
    """Date, commit, versions, CPU, and all that is known of the card."""
    return {
        **circumstances(),
        "device": str(device),
        "torch": _torch(),
        "card": _card(device),
        "nvidia-smi": asked_smi(device),
    }


def _torch() -> Mapping[str, Any]:
    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "threads": torch.get_num_threads(),
    }


def _card(device: torch.device) -> Mapping[str, Any]:
    if device.type != "cuda":
        return {}
    found = torch.cuda.get_device_properties(device)
    return {
        "name": found.name,
        "memory_mb": found.total_memory // 10**6,
        "compute_capability": f"{found.major}.{found.minor}",
        "multiprocessors": found.multi_processor_count,
    }


def asked_smi(device: torch.device) -> Mapping[str, str]:
    """What `nvidia-smi` tells, or why it does not."""
    if device.type != "cuda":
        return {}
    program = next(filter(None, map(shutil.which, ("nvidia-smi", *_ELSEWHERE))), None)
    if program is None:
        return {"failed": "no nvidia-smi was found: driver, clocks, power and temperature are not known"}
    command = [program, f"--query-gpu={','.join(_ASKED)}", "--format=csv,noheader"]
    try:
        asked = subprocess.run(
            [*command, f"--id={_id(device)}"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SMI_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"failed": str(error)}
    return dict(zip(_ASKED, (each.strip() for each in asked.stdout.split(",")), strict=False))


def _id(device: torch.device) -> str:
    """By its own mark: CUDA and `nvidia-smi` number cards otherwise."""
    mark = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    return f"GPU-{mark}" if mark else str(device.index or 0)
