"""`--device` of the commands that render in their own process."""

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
