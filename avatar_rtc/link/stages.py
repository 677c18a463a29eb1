"""The pictures on the way to a posed one: which there are, and what each shows.

THA3 has five networks and so most of them. A student is one step for the face and one for the body.
"""

from collections.abc import Mapping

from avatar_rtc.errors import UnknownName

RESULT, SOURCE = "result", "source"
_SOURCE = "The character under its cels, as the animator is given it."
STAGES: Mapping[str, Mapping[str, str]] = {
    "tha3": {
        SOURCE: _SOURCE,
        "brows": "The eyebrows alone, as the decomposer lifts them off.",
        "background": "The head without its eyebrows.",
        "head": "The head with its eyebrows moved and put back, by the combiner.",
        "face": "The face once the face morpher has moved eyes, irises and mouth, drawn cels included.",
        "posed": "The whole picture with that face, before head and body turn.",
        "turned": "The same as the rotator turns it.",
        "warped": "The same with the editor's corrections to the turn.",
        "paint": "What the editor paints where the turn uncovers something.",
        RESULT: "The finished picture.",
    },
    "student": {
        SOURCE: _SOURCE,
        "face": "The picture with the face's patches of eyes and mouth, without cels.",
        "dressed": "The same under its cels.",
        "warped": "The same turned and bent.",
        "paint": "What is painted where the turn uncovers something.",
        RESULT: "The finished picture.",
    },
    "static": {SOURCE: _SOURCE, RESULT: "The finished picture."},
}
"""Animator → stage → what it shows, in the order in which they are made."""


def check_stage(animator: str, name: str) -> str:
    """The name of a stage.

    Raises:
        UnknownName: that animator has none of that name.
    """
    known = STAGES.get(animator, STAGES["static"])
    if name not in known:
        raise UnknownName(f"stage of the animator {animator}", name, known, listed=True)
    return name
