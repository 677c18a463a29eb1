"""What holds for every test."""

import gc
import hashlib
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

SOAK = Path(__file__).parent / "soak"

# Torch's threads wait for each other at every operation; beside a server, its worker and a browser on two
# cores that made single tests ten times slower. Set before anything imports torch, and for child processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where compiled modules may not be kept, every server, worker and command that a test starts compiles the
# package anew, 1 CPU s each, and every process of pytest all tests, 7 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How quickly inputs are made up is the machine's affair, not the code's.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the time a test waits for a server, a browser or a timer."""
    return 2 * (os.cpu_count() or 1)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Long runs that are not asked for are not even read: one imports all of torch's compiler."""
    unwanted = "not soak" in config.option.markexpr
    return True if unwanted and collection_path == SOAK else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: 900,000 objects, which no collector of cycles needs to walk.

    It did so again and again while they were made, a quarter of the CPU time that collecting takes in each
    process, then at each `gc.collect()` of a test, and five times at pytest's end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those with a browser come last: once it is driven, its loop runs on, and no other one may."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True, scope="session")
def heads_are_found_once() -> Iterator[None]:
    """A head takes 0.1 to 0.2 s to be found, and a thousand servers of tests load the same few pictures.

    What tests `find_head` itself imports it from where it is.
    """
    from avatar_rtc.characters import character
    from avatar_rtc.characters.head import find_head
    from avatar_rtc.stream.framing import Head

    found: dict[bytes, Head | None] = {}

    def once(rgba: NDArray[np.uint8]) -> Head | None:
        key = hashlib.sha256(rgba.tobytes()).digest()
        if key not in found:
            found[key] = find_head(rgba)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(character, "find_head", once)
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The one browser of a run: two that are driven from one thread would each want its loop."""
    from tests.web.conftest import ARGUMENTS, CHROMIUM

    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
