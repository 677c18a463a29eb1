"""NVIDIA's driver, asked for the free memory of its cards by a process of its own.

Who asks in his own process keeps a context on the card for as long as he lives, 300 to 500 MB of it, also if
he then renders elsewhere; and where the driver hangs, so does he. Run as a script this file is that process:
it imports nothing of ours.
"""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

DRIVER_S = 20.0
"""A driver that has not answered by then never will; several cards take it a few seconds."""
_KILLED_S = 1.0


def ask_driver(within_s: float = DRIVER_S) -> list[int] | None:
    """Free bytes of each card, as CUDA counts them; [] if it cannot be learnt, None if the driver hangs."""
    command = [sys.executable, "-I", "-S", __file__]
    with suppress(OSError, ValueError):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            told, _ = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_KILLED_S)  # no longer: deep in a driver nobody can be killed
            return None
        return [int(each) for each in told.split()] if process.returncode == 0 else []
    return []


def free_bytes(cuda: Any) -> Iterator[int]:
    """Of each card, beside what a context takes.

    Args:
        cuda: the driver's library; see "CUDA Driver API".

    Raises:
        RuntimeError: a call failed.
    """

    def call(function: Any, *args: object) -> None:
        if code := function(*args):
            raise RuntimeError(f"CUDA error {code}")

    count = ctypes.c_int()
    call(cuda.cuInit, 0)
    call(cuda.cuDeviceGetCount, ctypes.byref(count))
    for number in range(count.value):
        device, context = ctypes.c_int(), ctypes.c_void_p()
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        call(cuda.cuDeviceGet, ctypes.byref(device), number)
        if cuda.cuCtxCreate_v2(ctypes.byref(context), 0, device):
            yield 0  # not even a context has room there
            continue
        call(cuda.cuMemGetInfo_v2, ctypes.byref(free), ctypes.byref(total))
        call(cuda.cuCtxDestroy_v2, context)
        yield free.value


if __name__ == "__main__":
    print(*free_bytes(ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")))
