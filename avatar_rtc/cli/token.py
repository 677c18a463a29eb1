"""`avatar-rtc token`: make a bearer token from the secret of the settings."""

import argparse
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

from avatar_rtc.config import load_config
from avatar_rtc.errors import InputError
from avatar_rtc.grants import SCOPES, Grant
from avatar_rtc.intake.names import check_name

_EPILOG = """examples:
  openssl rand -base64 32 > secret.txt
  avatar-rtc serve --secret file:secret.txt
  avatar-rtc token --secret file:secret.txt --scope admin
  avatar-rtc token --config avatar.toml --scope view --avatar guest --lifetime 12h

It prints the token alone. Send it as `Authorization: Bearer TOKEN`.
Until it expires, it counts. To take it back, write its id into the file of access.revoked, and send the
server SIGHUP; to take back all of them, change the secret.
"""
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_DAYS = 366


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "token",
        help="make a token: who has it may watch, control or do everything",
        description="Make a bearer token (JWT, HS256), signed with the server's secret.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scope", choices=SCOPES, required=True, help="what it is for; each holds those before"
    )
    parser.add_argument("--avatar", metavar="NAME", help="the only avatar it is for (default: all)")
    parser.add_argument(
        "--lifetime",
        type=_lifetime_s,
        default=3_600,
        metavar="TIME",
        help="such as 30m, 12h or 7d (default 1h)",
    )
    parser.add_argument(
        "--id", metavar="NAME", help="by which it can be taken back (default: one that nobody can guess)"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the TOML file of `avatar-rtc serve`")
    parser.add_argument(
        "--secret", metavar="env:NAME|file:PATH", help="where the secret stands, as of `serve`"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the token.

    Raises:
        InputError: the settings are wrong, or name no secret.
    """
    from avatar_rtc.server.access.sources import LEAST_SECRET_BYTES, read_secret
    from avatar_rtc.server.access.tokens import make_token

    access = load_config(args.config, insecure=True, **{"access.secret": args.secret}).access
    if not access.secret:
        raise InputError(
            "there is no secret to sign with; name one by --secret, or --config with access.secret"
        )
    grant = Grant(
        args.scope,
        None if args.avatar is None else check_name(args.avatar),
        token_id=secrets.token_hex(8) if args.id is None else check_name(args.id),
    )
    secret = read_secret(access.secret, os.environ, LEAST_SECRET_BYTES, "access.secret")
    print(make_token(secret, grant, time.time(), args.lifetime, access.issuer, access.audience))
    return 0


def _lifetime_s(text: str) -> int:
    """Seconds of such as "12h"."""
    found = re.fullmatch(r"([1-9]\d{0,7})([smhd])", text)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 0 < seconds <= _MOST_DAYS * _UNITS_S["d"]:
        raise argparse.ArgumentTypeError(
            f"{text!r:.40}: wanted is a number with s, m, h or d, such as 12h, of {_MOST_DAYS} days at most"
        )
    return seconds
