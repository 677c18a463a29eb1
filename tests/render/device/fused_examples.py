"""Every fused function of the package, and what it may be called with."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import avatar_rtc
from avatar_rtc.render.device.fusing import Fused
from tests.render.device.examples import filters, networks, pictures
from tests.render.device.examples.draws import Examples

EXAMPLES: Examples = {**networks.EXAMPLES, **pictures.EXAMPLES, **filters.EXAMPLES}


def fused_functions() -> Iterator[tuple[str, Fused[..., Any]]]:
    """Module and name of all of them."""
    root = avatar_rtc.__name__ + "."
    rooms = import_module(root + "render").__path__
    for module in pkgutil.walk_packages(rooms, root + "render."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Fused) and value.plain.__module__ == module.name:
                yield f"{module.name.removeprefix(root)}.{name}", value
