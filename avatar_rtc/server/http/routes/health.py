"""Whether the server is alive (`/healthz`) and ready for viewers (`/readyz`), and what is wrong.

What is told here anybody may read: nothing of the machine's disk, network or secrets, and names of avatars
only to who may see those.
"""

import ipaddress
import re
from dataclasses import asdict

from aiohttp import web

from avatar_rtc.errors import WorkerLost, without_addresses
from avatar_rtc.server.http.keys import (
    ADDRESS_CHECK,
    AVATARS,
    CLOSING,
    ENGINES,
    LIMITS,
    REGISTRY,
    RENDERER,
    is_covered,
)
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import NUMBER, TEXT, an_object, many, one, values_by_name
from avatar_rtc.server.live.avatars import MAIN

_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}")
LOST_S = 60.0
"""Without a render worker for so long, the server will hardly mend itself."""


@described(
    "server",
    answer=an_object(
        status={"enum": ["ok", "impaired"]},
        wrong=many(TEXT),
        device={"type": ["string", "null"]},
        worker_restarts=one("integer"),
        devices=many(
            an_object(
                asked=TEXT,
                device={"type": ["string", "null"]},
                avatars=one("integer"),
                load=NUMBER,
                restarts=one("integer"),
                memory_bytes={"type": ["integer", "null"]},
            )
        ),
        avatars=values_by_name(TEXT),
        refused=values_by_name(one("integer")),
    ),
    statuses={503: "It cannot mend itself: start it anew, perhaps with other options."},
)
async def healthz(request: web.Request) -> web.Response:
    """Is it alive? For who restarts servers.

    200 also while a render worker is being replaced: `status` is then "impaired", and `wrong` says in
    sentences what is. `devices` has one entry for each device of the settings: `load` is what its avatars are
    expected to take of it, in s of each second, `memory_bytes` the main memory of its workers.
    """
    renderer, wrong = request.app[RENDERER], _wrong(request)
    if renderer.failure is not None or renderer.lost_s > LOST_S:
        raise WorkerLost("; ".join(wrong))
    refused = {**request.app[LIMITS].refused}
    if renderer.superseded:
        refused["opens_per_s"] = refused.get("opens_per_s", 0) + renderer.superseded
    return web.json_response(
        {
            "status": "impaired" if wrong else "ok",
            "wrong": wrong,
            "device": renderer.device,
            "worker_restarts": renderer.restarts,
            "devices": [asdict(each) for each in renderer.reports],
            "avatars": {
                name: avatar.status.phase
                for name, avatar in request.app[AVATARS].items()
                if is_covered(request, name)
            },
            "refused": refused,
        }
    )


@described(
    "server",
    answer=an_object(status={"const": "ready"}),
    statuses={503: "It is starting, ending or mending itself; `detail` says what is missing."},
)
async def readyz(request: web.Request) -> web.Response:
    """Is it ready for viewers? For load balancers: a render worker is up, and so is the avatar `main`."""
    if missing := _missing(request.app):
        raise WorkerLost("; ".join(missing))
    return web.json_response({"status": "ready"})


def _wrong(request: web.Request) -> list[str]:
    """Sentences on what is not as it should be; without names of avatars that the caller may not see."""
    app = request.app
    failed = [name for name, avatar in app[AVATARS].items() if avatar.status.phase == "failed"]
    shown = [
        f"avatar {name!r} has failed" if is_covered(request, name) else "an avatar has failed"
        for name in failed
    ]
    return [
        *app[RENDERER].ailments,
        *(f"{sentence}; its state says why" for sentence in shown),
        *map(without_addresses, app[ENGINES].ailing.values()),
        *map(without_inner_addresses, app[ADDRESS_CHECK].ailments),
        *([registry.ailment] if (registry := app.get(REGISTRY)) is not None and registry.ailment else []),
    ]


def without_inner_addresses(text: str) -> str:
    """A text without IP addresses of networks behind a NAT or a firewall; the log has them.

    >>> without_inner_addresses("public_address is 10.0.0.5, STUN sees 8.8.8.8, media_host is fd00::5")
    'public_address is …, STUN sees 8.8.8.8, media_host is …'
    """
    return _IP.sub(_outer_address, text)


def _outer_address(found: "re.Match[str]") -> str:
    try:
        return found[0] if ipaddress.ip_address(found[0]).is_global else "…"
    except ValueError:
        return found[0]


def _missing(app: web.Application) -> list[str]:
    """Sentences on what keeps viewers from coming."""
    closing = ["the server is closing"] if app[CLOSING].is_set() else []
    main = app[AVATARS].get(MAIN)
    if main is None:
        state = [f"there is no avatar {MAIN!r}"]
    elif main.status.phase != "live":
        state = [f"avatar {MAIN!r} is {main.status.phase}"]
    else:
        state = []
    return [*closing, *app[RENDERER].hindrances, *state]


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/healthz", healthz), web.get("/readyz", readyz)]
