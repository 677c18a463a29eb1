"""`avatar-rtc turn`: write the settings of a coturn that relays for this server."""

import argparse
import sys
from pathlib import Path
from typing import Any

from avatar_rtc.config import load_config
from avatar_rtc.files import not_written, replacing

_EPILOG = """examples:
  avatar-rtc turn --config avatar.toml --out turnserver.conf
  turnserver -c turnserver.conf

Write it anew whenever the settings change; coturn reads it when it starts. It holds the shared secret, so
only its owner may read it. Every private address is refused as the far end of a relay but those of this
server: media_host, public_address, turn.peers.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "turn",
        help="write turnserver.conf: a coturn that relays for this server, and for nothing else near it",
        description="Write the settings of coturn that follow from those of `avatar-rtc serve`.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the TOML file of `avatar-rtc serve`")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write (default: print it)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print or write it.

    Raises:
        InputError: the settings are wrong, or name no TURN server.
        SetupError: the file cannot be written.
    """
    from avatar_rtc.cli.turn_conf import own_peers, turn_conf

    config = load_config(args.config, insecure=True)
    text = turn_conf(config)
    if not own_peers(config):
        print(
            "avatar-rtc: coturn will refuse every private address; if it reaches this server at one, name "
            "that in turn.peers",
            file=sys.stderr,
        )
    if args.out is None:
        print(text, end="")
        return 0
    try:
        with replacing(args.out) as part:
            part.touch(mode=0o600)
            part.chmod(0o600)
            part.write_text(text)
    except OSError as error:
        raise not_written(args.out, error) from None
    return 0
