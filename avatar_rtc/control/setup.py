"""How an avatar moves and is shown, as one JSON object: what a page saves, and what it loads again.

{"settings", "framing", "crop", "chain", "chain_on", "backdrop"}. Two other forms are read as well: the
settings alone, as the predecessor keeps them in a file, with crop, chain and backdrop among them; and a
preset, which is a chain with a title.
"""

from collections.abc import Mapping
from typing import Any

from avatar_rtc.control.backdrop import backdrop_json
from avatar_rtc.control.settings import changes_json
from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import crop_json, framing_json
from avatar_rtc.filters_schema.chain import chain_json

_PARTS = ("settings", "framing", "crop", "chain", "chain_on", "backdrop")
_WORDS = ("title", "description")
"""Of a preset; they say nothing here."""


def setup_json(state: AvatarState) -> dict[str, object]:
    """The setup of a state, as `setup.set` takes it; of the settings those that are not at their default."""
    return {
        "settings": changes_json(state.settings),
        "framing": framing_json(state.framing),
        "crop": crop_json(state.crop),
        "chain": chain_json(state.chain),
        "chain_on": state.chain_on,
        "backdrop": backdrop_json(state.backdrop),
    }


def setup_message(data: Mapping[str, Any]) -> dict[str, Any]:
    """The message `setup.set` for an object in any of the three forms; nothing is checked yet.

    >>> setup_message({"liveliness": 0.5, "postprocessor_chain": []})["settings"]
    {'liveliness': 0.5, 'postprocessor_chain': []}
    """
    if any(name in _PARTS and name != "crop" for name in data) or set(data) <= {"crop", *_WORDS}:
        return {"type": "setup.set", **{name: value for name, value in data.items() if name not in _WORDS}}
    return {"type": "setup.set", "settings": dict(data)}
