"""What a film is made of, as the command line names it: its text, and how the avatar is at its beginning."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_rtc.cli import render_clip
from avatar_rtc.errors import InputError

if TYPE_CHECKING:
    from avatar_rtc.control.messages import ControlMessage
    from avatar_rtc.film.stage import StageMessage
    from avatar_rtc.speech.paragraphs import Paragraph

FROM_TEXT = "auto"
"""The emotion that is read from the text."""
_MOST_STATE_BYTES = 4 << 20


def paragraphs_for(args: argparse.Namespace) -> "list[Paragraph]":
    """What is to be said.

    Raises:
        InputError: it cannot be read, or says nothing.
    """
    from avatar_rtc.speech.paragraphs import Paragraph, paragraphs_of
    from avatar_rtc.speech.script import check_text

    if args.say is not None:
        return [Paragraph(check_text(args.say))]
    return paragraphs_of(_text_of(args.script))


def _text_of(script: str) -> str:
    try:
        data = sys.stdin.buffer.read() if script == "-" else Path(script).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {script}: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{script} is no UTF-8 text: byte {error.start} cannot be read") from None


def beginning(args: argparse.Namespace) -> "list[StageMessage]":
    """What the avatar is told before the first picture: the state's file, and over it the flags."""
    from avatar_rtc.control.messages import ChainSet, EmotionSet, FramingSet, control_from
    from avatar_rtc.filters_schema.chain import chain_json

    told = [] if args.state is None else _state_of(args.state)
    if args.preset is not None:
        told.append(ChainSet(chain=chain_json(render_clip.chain_of(args.preset))))
    if args.framing is not None or args.headroom is not None:
        told.append(FramingSet(name=args.framing, headroom=args.headroom))
    if args.backdrop is not None:
        kind = "colour" if args.backdrop.startswith("#") else "name"
        told.append(_checked(control_from({"type": "backdrop.set", kind: args.backdrop}), "--backdrop"))
        render_clip.check_backdrop(args.backdrop)
    if args.emotion not in (None, FROM_TEXT):
        told.append(EmotionSet(name=args.emotion))
    return told


def _state_of(file: Path) -> "list[StageMessage]":
    from avatar_rtc.control.messages import control_from

    try:
        data = file.read_bytes()
        if len(data) > _MOST_STATE_BYTES:
            raise InputError(f"{file} has {len(data)} bytes; a state has {_MOST_STATE_BYTES} at most")
        messages = json.loads(data)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {error}") from None
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise InputError(f'{file} holds no list of messages, each {{"type": "noun.verb", …}}')
    found = []
    for number, message in enumerate(messages, 1):
        try:
            found.append(_checked(control_from(message), f"{file}: message {number}"))
        except InputError as error:
            raise error.after(f"{file}: message {number}: ") from None
    return found


def _checked(message: "ControlMessage", where: str) -> "StageMessage":
    from avatar_rtc.film.stage import stage_message

    return stage_message(message, where)
