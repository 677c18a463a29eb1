"""The process that asks NVIDIA's driver: of one that hangs, of none, and of one that tells of its cards."""

import ctypes
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.render.device import driver
from avatar_rtc.render.device.driver import ask_driver, free_bytes


class Driver:
    """Stands in for the driver's library: two cards, the second without room for a context."""

    def __init__(self, init: int = 0) -> None:
        self.init, self.contexts = init, 0

    def cuInit(self, flags: int) -> int:
        return self.init

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device: Any, number: int) -> int:
        device._obj.value = 10 + number
        return 0

    def cuCtxCreate_v2(self, context: Any, flags: int, device: ctypes.c_int) -> int:
        if device.value == 11:
            return 2
        context._obj.value = 99
        self.contexts += 1
        return 0

    def cuMemGetInfo_v2(self, free: Any, total: Any) -> int:
        free._obj.value, total._obj.value = 5 * 2**30, 8 * 2**30
        return 0

    def cuCtxDestroy_v2(self, context: ctypes.c_void_p) -> int:
        assert context.value == 99
        self.contexts -= 1
        return 0


def test_free_memory_is_asked_of_each_card_and_nothing_stays_there() -> None:
    cuda = Driver()
    assert list(free_bytes(cuda)) == [5 * 2**30, 0] and cuda.contexts == 0
    with pytest.raises(RuntimeError, match="CUDA error 803"):
        list(free_bytes(Driver(init=803)))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("print(1024, 0)", [1024, 0]),
        ("print()", []),
        ("raise SystemExit(1)", []),
        ("print('nonsense')", []),
        ("import time; time.sleep(60)", None),
        ("import os; os.abort()", []),
    ],
)
def test_whatever_becomes_of_it_is_an_answer(
    script: str, told: list[int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "asks.py"
    file.write_text(script)
    monkeypatch.setattr(driver, "__file__", str(file))
    assert ask_driver(0.5 if told is None else 20.0) == told


def test_without_a_driver_nothing_is_told() -> None:
    """Or the truth, where there is one."""
    assert ask_driver() is not None
