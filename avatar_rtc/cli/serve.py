"""`avatar-rtc serve`: put a live avatar on http://127.0.0.1:8080/."""

import argparse
import asyncio
import contextlib
import gc
import shutil
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from avatar_rtc.cli import logs
from avatar_rtc.cli.hangup import Hangup
from avatar_rtc.cli.memory import share_arenas
from avatar_rtc.cli.own_store import own_store
from avatar_rtc.cli.serve_checks import (
    check_access,
    check_disclosure,
    check_folders,
    check_tls,
    check_voice,
    warn_of_http,
    warn_of_ports,
    warn_of_strangers,
)
from avatar_rtc.cli.signals import catch_signals
from avatar_rtc.config import Config, load_config
from avatar_rtc.config_words import Disclosure, check_origin
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.filters_schema.anime4k_files import use_folder
from avatar_rtc.stream.framing import FRAMINGS

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

    from avatar_rtc.server.connections.tls import RenewableTls

_EXAMPLE = """examples:
  avatar-rtc serve
  avatar-rtc serve --character me.png --port 9000
  avatar-rtc serve --device cuda:0,cuda:1   two cards; each avatar is rendered on one
  avatar-rtc serve --animator static        no network, no weights: quick to try the plumbing
  avatar-rtc serve --host 0.0.0.0 --secret file:secret.txt     for others, who need a token
  avatar-rtc serve --allow-origin https://example.org     pages there may embed the avatar
"""


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "serve",
        help="serve a live avatar to browsers, bots and players",
        description="Serve a live avatar over WebRTC, with a page to look at it.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help="address to bind to (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to bind to (default 8080; 0 takes a free one)")
    parser.add_argument("--character", metavar="NAME|PATH", help="a stored character, or any RGBA image")
    parser.add_argument("--animator", choices=("auto", "tha3", "student", "static"))
    parser.add_argument("--framing", choices=FRAMINGS, help="default: the character's own, else the bust")
    parser.add_argument(
        "--device",
        metavar="auto|cpu|cuda|mps",
        help="where to render (default auto); cuda:1 is the second card, cuda:0,cuda:1 are both",
    )
    parser.add_argument("--fps", type=float, help="frames per second to aim for (default 30)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML; flags win over it")
    parser.add_argument(
        "--piper-voice",
        type=Path,
        metavar="FILE|DIR",
        help="speak with a voice of Piper (NAME.onnx), or with those of a folder",
    )
    parser.add_argument(
        "--anime4k", type=Path, metavar="DIR", help="Anime4K's GLSL files, as further upscalers"
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        type=_origin,
        dest="allowed_origins",
        metavar="ORIGIN",
        help="let pages of that site embed and drive avatars, such as https://example.org; "
        "once for each site, '*' is any; in place of allowed_origins",
    )
    parser.add_argument(
        "--base-path", metavar="PATH", help="serve everything below it, such as /avatars behind a proxy"
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        dest="trusted_proxies",
        metavar="ADDRESS",
        help="address or network of a proxy whose X-Forwarded-For, -Proto and -Host are believed; "
        "once for each, in place of trusted_proxies",
    )
    parser.add_argument(
        "--media-host", metavar="ADDRESS", help="where the sockets of viewers are (default: as --host)"
    )
    parser.add_argument(
        "--media-ports", metavar="FIRST-LAST", help="UDP ports of those sockets, such as 40000-40100"
    )
    parser.add_argument(
        "--public-address",
        metavar="ADDRESS",
        help="by which viewers reach this machine behind a NAT that passes its ports on (Docker, clouds)",
    )
    parser.add_argument(
        "--no-ipv6", action="store_const", const=False, dest="ipv6", help="pictures and sound by IPv4 alone"
    )
    parser.add_argument(
        "--disclosure",
        choices=get_args(Disclosure),
        help="how it is told that the avatar is made by a machine (default page): on pages and in files, or "
        "in every picture, too",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve https: a certificate in PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="and its key")
    parser.add_argument(
        "--secret",
        metavar="env:NAME|file:PATH",
        help="where the secret stands that signs tokens; with it nobody does anything without one, "
        "see `avatar-rtc token`",
    )
    parser.add_argument(
        "--insecure", action="store_const", const=True, help="allow any --host without tokens"
    )
    parser.add_argument(
        "--state-file",
        metavar="FILE|auto|off",
        help="where what avatars were told is kept for the next start (default auto: by the port)",
    )
    parser.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    parser.add_argument(
        "--log-format",
        default="text",
        choices=logs.LOG_FORMATS,
        help="json: one object a line (default text)",
    )
    parser.set_defaults(run=run)


def _origin(text: str) -> str:
    try:
        return check_origin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r:.80}: {error}") from None


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM, or the end of the terminal."""
    share_arenas()
    logs.set_up(args.log_level, args.log_format)
    if args.anime4k is not None:
        use_folder(args.anime4k)
    flags = (
        "host",
        "port",
        "character",
        "animator",
        "framing",
        "device",
        "fps",
        "allowed_origins",
        "trusted_proxies",
        "base_path",
        "media_host",
        "media_ports",
        "public_address",
        "ipv6",
        "disclosure",
        "tls_cert",
        "tls_key",
        "insecure",
        "state_file",
    )
    config = load_config(
        args.config,
        **{name: getattr(args, name) for name in flags},
        **{"speech.piper_voice": args.piper_voice, "access.secret": args.secret},
    )
    check_folders(config)
    tls = check_tls(config)
    check_access(config)
    check_disclosure(config)
    if not needs_accelerator(config):
        ensure_weights(config)
    warn_of_strangers(config)
    warn_of_http(config)
    warn_of_ports(config)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(config, tls))
    return 0


def needs_accelerator(config: Config) -> bool:
    """True if the operator wants a device that this machine may not have."""
    return not {"auto", "cpu"}.issuperset(config.devices)


def ensure_weights(config: Config) -> None:
    """Fetch what the chosen animator needs, if it is not here yet.

    In a process of its own: converting weights takes torch, which the server never loads.

    Raises:
        SetupError: it cannot be had; the fetching process has told why.
    """
    from avatar_rtc.render.tha3.weights_files import weights_ready

    wanted = config.animator == "tha3" or (config.animator == "auto" and not _student_suffices(config))
    if wanted and not weights_ready():
        print("THA3's weights are needed once (56 MB); fetching them …", flush=True)
        if subprocess.run([sys.executable, "-m", "avatar_rtc", "weights"], check=False).returncode:
            raise SetupError("no weights, so no THA3; mend the above, or try --animator static")


def _student_suffices(config: Config) -> bool:
    """True if "auto" will take the character's student: it has one, and this seems to be no GPU machine."""
    if config.device != "cpu" and (config.device != "auto" or shutil.which("nvidia-smi")):
        return False
    return own_store(config).has_student(config.character)


async def _serve(config: Config, tls: "RenewableTls | None") -> None:
    from avatar_rtc.server.connections.descriptors import raise_limit
    from avatar_rtc.server.rendering.fleet import Fleet
    from avatar_rtc.server.rendering.process import spawn_worker
    from avatar_rtc.server.rendering.supervisor import Rendering

    raise_limit()
    limits, hangup = config.limits, Hangup(tls)
    stop = catch_signals(on_hangup=hangup)
    renderings = {
        device: Rendering(partial(spawn_worker, device, limits.chain_ms), opens_per_s=limits.opens_per_s)
        for device in config.devices
    }
    async with Fleet(renderings) as fleet:
        # While the worker imports torch: who comes back after a restart waits for the later of both.
        await asyncio.to_thread(import_module, "avatar_rtc.server.app")
        from avatar_rtc.server.app import VTS_SITE, create_app
        from avatar_rtc.server.connections.access_log import AccessLog
        from avatar_rtc.server.connections.protocol import Runner
        from avatar_rtc.server.http.ending import REQUESTS_S
        from avatar_rtc.server.http.keys import CLOSING, ENGINES
        from avatar_rtc.server.http.sound_files import own_voice
        from avatar_rtc.server.live.state_file import state_path

        if needs_accelerator(config):
            await fleet.settled.wait()
            if fleet.failure is not None:
                raise InputError(fleet.failure)
            await asyncio.to_thread(ensure_weights, config)
        hangup.app = app = create_app(
            config,
            fleet,
            own_store(config),
            state_file=state_path(config),
            learns=config.students.learn,
        )
        await check_voice(app[ENGINES], config.speech.voice)
        runner = Runner(app, access_log_class=AccessLog, shutdown_timeout=REQUESTS_S)
        await runner.setup()
        try:
            print(
                f"avatar-rtc: a live avatar is at {await _listen(runner, config, tls)}  (Ctrl-C ends)",
                flush=True,
            )
            if VTS_SITE in app and (port := app[VTS_SITE].port) is not None:
                print(
                    f"avatar-rtc: plugins of VTube Studio connect to ws://{config.vts.host}:{port}",
                    flush=True,
                )
            # Beside all else: nobody waits for a voice before it is to speak.
            warming = asyncio.create_task(app[ENGINES].warm(own_voice(app)), name="warming the voice")
            # What is here now stays: looking through all of it took the collector 35 to 60 ms each time.
            gc.collect()
            gc.freeze()
            await stop.wait()
            warming.cancel()
            app[CLOSING].set()
        finally:
            await runner.cleanup()


async def _listen(runner: "AppRunner", config: Config, tls: "RenewableTls | None") -> str:
    """Open the port; the URL of the page."""
    from aiohttp import web

    from avatar_rtc.server.connections.tls import TlsSite

    if tls is None:
        site = web.TCPSite(runner, config.host, config.port)
    else:
        site = TlsSite(runner, config.host, config.port, tls.context, config.limits.headers_s)
    try:
        await site.start()
    except OSError as error:
        raise SetupError(
            f"cannot listen on {config.host}:{config.port}: {error.strerror}; try --port 0"
        ) from None
    port = runner.addresses[0][1]
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{'http' if tls is None else 'https'}://{host}:{port}{config.base_path}/"
