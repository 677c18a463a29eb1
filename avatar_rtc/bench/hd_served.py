"""Large pictures served end to end: a student at 768 and 1024 px, alpha, one viewer that decodes; and what
"auto" comes to."""

import asyncio
import json
import time
import urllib.request
from typing import Any

from avatar_rtc.bench.measurement import Measurement, at_least, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.student import watched_fps
from avatar_rtc.errors import SetupError

MUST = {768: 20.0, 1024: 12.0}
"""Px of the side → pictures a second on two cores; the goals are 30 and 20."""
_READY_S, _LOOK_S = 60.0, 0.25
_AUTO_S = 45.0
"""Two steps up, and time to come down again."""


def measure(quick: bool) -> list[Measurement]:
    """The whole figure, so that the stacked picture is S x 2 S; idle, as the avatar begins."""
    seconds = 2.0 if quick else 15.0
    found = []
    with served("--animator", "student", "--fps", "30", "--framing", "whole") as server:
        for side, must in MUST.items():
            _ask(server, side)
            fps = asyncio.run(watched_fps(server.url, seconds, talking=True))
            state = server.state()
            found.append(
                at_least(
                    f"served to one viewer on this machine, {side} px alpha, talking", fps, "fps", must,
                    why=state["size"]["why"], **state["stage_ms"],
                )
            )  # fmt: skip
        _ask(server, "auto")
        fps = asyncio.run(watched_fps(server.url, seconds if quick else _AUTO_S, talking=True))
        size = server.state()["size"]
        found.append(told('"auto" comes to', size["px"], "px", fps=round(fps, 2), why=size["why"]))
    return found


def _ask(server: Served, size: Any) -> None:
    """Set the size, and wait until pictures have it; of "auto" nothing is awaited.

    Raises:
        SetupError: they have not in time.
    """
    request = urllib.request.Request(
        f"{server.url}api/v1/avatars/main/settings",
        json.dumps({"size": size}).encode(),
        {"Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass
    deadline = time.monotonic() + _READY_S
    while size != "auto" and server.state().get("size", {}).get("px") != size:
        if time.monotonic() > deadline:
            raise SetupError(f"no pictures of {size} px: {server.state().get('size')}")
        time.sleep(_LOOK_S)
