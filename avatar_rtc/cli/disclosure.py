"""How commands that write files tell that a machine made them."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

from avatar_rtc.config_words import Disclosure

if TYPE_CHECKING:
    from avatar_rtc.provenance.marking import Marker


def add_disclosure(parser: argparse.ArgumentParser) -> None:
    """The option of a command that writes pictures or films."""
    parser.add_argument(
        "--disclosure",
        choices=get_args(Disclosure),
        help="page: the file says that a machine made it (default); picture: so does a label in the picture; "
        "off: neither",
    )


def marker_of(args: argparse.Namespace) -> "Marker":
    """What marks the files that a command writes, with this installation's own key."""
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.provenance.marking import create_marker

    return create_marker(args.disclosure or "page", own_folder().parent)


def finish_of(marker: "Marker") -> Callable[[bytes], bytes]:
    """What a PNG becomes before it is written."""
    return lambda png: marker.marked(png, "image/png", "figure")
