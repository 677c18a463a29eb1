"""Quiet, and a server with a face whose mouth moves."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from avatar_rtc.bench.served import Served, served
from tests.lean import PROGRAM

CALM = {
    "liveliness": 0,
    "blink_probability": 0,
    "sway_macro_strength": 0,
    "sway_micro_strength": 0,
    "sway_hair": 0,
}
"""Nothing moves by itself: what does is the mouth."""


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Pipecat logs to the terminal."""
    from loguru import logger

    logger.remove()


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real server whose character has a student."""
    folder = tmp_path_factory.mktemp("speaking")
    config = folder / "config.toml"
    config.write_text(f'data_dir = "{folder}"\nframing = "face"\n')
    flags = ("--animator", "student", "--character", "liora", "--config", str(config))
    with served(*flags, program=PROGRAM) as found:
        still = urllib.request.Request(
            f"{found.url}api/v1/avatars/main/settings", json.dumps(CALM).encode(), method="PUT"
        )
        still.add_header("Content-Type", "application/json")
        urllib.request.urlopen(still, timeout=10).close()
        yield found
