"""The message of a viewer about its own microphone; all others concern the avatar."""

from typing import Literal, TypeAlias

from avatar_rtc.control.message import Message

MicrophoneMode: TypeAlias = Literal["speak", "listen", "off"]


class MicrophoneSet(Message):
    """What becomes of the sound that this viewer sends; the answer carries the `mode`."""

    type: Literal["microphone.set"] = "microphone.set"
    mode: MicrophoneMode
    """"speak": the avatar says it; "listen": the avatar hears it; "off": nobody does."""
