"""`--device` of the commands that render in their own process, and what they say when its memory is full."""

import sys
from typing import Any


def chosen_device(name: str, console: Any) -> str:
    """The torch device of that name, tried; what there is to say of it goes to the console.

    Raises:
        InputError: it cannot be used here; says why.
    """
    from avatar_rtc.render.device.choice import choose_device

    choice = choose_device(name)
    if choice.note:
        console.print(choice.note, style="yellow", soft_wrap=True, markup=False, highlight=False)
    return choice.device


def shortage(error: Exception) -> str:
    """The sentence for a command that ran out of memory; "" for any other error."""
    if "torch" not in sys.modules:
        return ""  # not loaded for a sentence alone

    from avatar_rtc.render.device.memory import is_out_of_memory, what_is_full

    if not is_out_of_memory(error):
        return ""
    full = what_is_full(error)
    advice = ", or take --device cpu" if full == "the card" else ""
    return f"{full} has no memory left for this; end what else uses it{advice}"
