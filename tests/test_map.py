"""The map of the house in `docs/design.md`, against the floors that the rooms have."""

import re

import pytest

from tests.documents import DOCS, ROOT
from tests.test_layers import FLOORS, SERVER_FLOORS

MAP = (DOCS / "design.md").read_text()


def drawn(section: str) -> list[set[str]]:
    """The floors of a table from the ground up; a row without a number belongs to the floor above it."""
    floors: dict[int, set[str]] = {}
    number = 0
    for floor, rooms in re.findall(r"^\| (\d*) ?\| ((?:`\w+` ?)+)\|", section, re.MULTILINE):
        number = int(floor or number)
        floors.setdefault(number, set()).update(re.findall(r"\w+", rooms))
    return [floors[each] for each in sorted(floors)]


@pytest.mark.parametrize("inside", [False, True], ids=["house", "server"])
def test_the_rooms_are_on_the_floors_where_they_are_drawn(inside: bool) -> None:
    house, _, server = MAP.partition("Inside `server/`")
    real = SERVER_FLOORS if inside else FLOORS
    assert drawn(server if inside else house) == [rooms for rooms in real if rooms != {"__main__"}]


def test_what_is_named_is_there() -> None:
    """Paths in backticks, and the modules that stand in the drawings."""
    paths = {path for path in re.findall(r"`((?:\w+/)+[\w.]*)`", MAP)}
    parts = [
        ROOT / "avatar_rtc",
        ROOT / "avatar_rtc" / "server" / "http",
        ROOT / "avatar_rtc" / "server" / "live",
    ]
    assert paths
    assert [path for path in paths if not any((part / path).exists() for part in [ROOT, *parts])] == []
