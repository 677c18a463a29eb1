"""A sentence with pauses in it, as the stretches that are spoken and the silence between them."""

from collections.abc import Iterator
from dataclasses import replace

from avatar_rtc.speech.acting.acts import Pause
from avatar_rtc.speech.script import Line
from avatar_rtc.speech.tags import Tag


def between_pauses(line: Line) -> list[Line | Pause]:
    """The stretches of a line and its pauses, in order; a line without pauses is the only one.

    A stretch may have nothing to say. Acts stay on their side of a pause: one before it belongs to the end of
    the stretch before it.
    """
    if not any(isinstance(tag.act, Pause) for tag in line.tags):
        return [line]
    return list(_parts(line))


def _parts(line: Line) -> Iterator[Line | Pause]:
    begin, held = 0, list[Tag]()
    for tag in line.tags:
        if isinstance(tag.act, Pause):
            yield _stretch(line, begin, tag.at, held)
            yield tag.act
            begin, held = tag.at, []
        else:
            held.append(tag)
    yield _stretch(line, begin, len(line.spoken), held)


def _stretch(line: Line, begin: int, end: int, tags: list[Tag]) -> Line:
    """`spoken[begin:end]` with what is shown of it."""
    spoken = line.spoken[begin:end].rstrip()
    if not any(map(str.isalnum, spoken)):
        return Line("", tuple(replace(tag, at=0) for tag in tags), "", (0,))
    is_last = end == len(line.spoken)
    first, last = line.places[begin] if begin else 0, len(line.shown) if is_last else line.places[end]
    shown = line.shown[first:last].rstrip()
    places = (min(place - first, len(shown)) for place in line.places[begin : begin + len(spoken) + 1])
    moved = tuple(replace(tag, at=min(max(tag.at - begin, 0), len(spoken))) for tag in tags)
    return Line(spoken, moved, shown, tuple(places))
