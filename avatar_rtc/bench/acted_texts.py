"""Texts with acts in thirteen dialects, made of a grammar that knows which word each act goes with."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from avatar_rtc.speech.acting.acts import Feeling, Gesture, Glance, Pause, TextAct

TEXTS_OF_A_DIALECT = 25
_WORDS = (
    "lantern copper meadow bridge kettle violin marble harbour pencil thunder basket river window orchard "
    "letter candle garden ladder mirror pocket ribbon saddle tunnel valley wagon anchor barrel canvas dragon "
    "engine feather goblet hammer island jacket kitten lemon magnet needle oyster parcel quarry rocket "
    "salmon temple umbrella velvet walnut yellow zipper acorn beacon cactus dolphin ember falcon glacier "
    "hazel"
).split()
_STOPS = (".", ".", "!", "?")
Written = tuple[str, tuple[TextAct, ...]]
"""How an act stands in a text, and what it asks for."""


@dataclass(frozen=True)
class ActedText:
    """A text with acts in it."""

    dialect: str
    text: str
    words: tuple[str, ...]
    """All that is to be heard, in order."""
    acts: tuple[tuple[int, TextAct], ...]
    """Before how many words are heard each act is done, and which."""


def _joy(strength: float = 1.0) -> Feeling:
    return Feeling("joy", strength)


_LAUGHED = (Gesture("giggle"), Feeling("amusement", 0.75))
_NOD, _SHAKE, _SIGH, _WINK, _TILT = (Gesture(name) for name in ("nod", "shake", "sigh", "wink", "tilt"))
_TOLD: tuple[Written, ...] = (
    ("smiles softly", (_joy(0.5),)),
    ("nods twice at the old baker", (_NOD,)),
    ("sighs into her cup", (_SIGH,)),
    ("winks at nobody in particular", (_WINK,)),
    ("rolls her brown eyes", (Glance("away"), Feeling("annoyance", 0.75))),
    ("laughs", _LAUGHED),
    ("shakes his head slowly", (Gesture("shake", 0.5),)),
    ("tilts her head to one side", (_TILT,)),
    ("shrugs", (Gesture("shrug"),)),
    ("grins wildly", (_joy(1.0),)),
    ("whimpers", (Feeling("sadness", 0.75),)),
    ("coughs", ()),
)
_TOLD_ALONE: tuple[Written, ...] = (
    ("is thrilled by the sight of the sea", (Feeling("excitement", 0.75),)),
    ("seems a bit melancholy today", (Feeling("sadness", 0.5),)),
    ("A lantern swings in the wind.", ()),
    ("The harbour lies there, grey and wide.", ()),
    ("looks up at the ceiling", (Glance("up"),)),
    ("whispers across the table", ()),
)
_FACES: tuple[Written, ...] = (
    ("happy", (_joy(),)),
    ("sad", (Feeling("sadness"),)),
    ("Angry", (Feeling("anger"),)),
    ("surprised", (Feeling("surprise"),)),
    ("playful", (Feeling("amusement"),)),
    ("hopeful", (Feeling("optimism"),)),
    ("anxious", (Feeling("nervousness"),)),
    ("skeptical", (Feeling("disapproval"),)),
    ("calm", (Feeling("neutral"),)),
    ("grumbly", (Feeling("grumbly"),)),
)
_MOVES: tuple[Written, ...] = (
    ("nod", (_NOD,)),
    ("wink", (_WINK,)),
    ("shrug", (Gesture("shrug"),)),
    ("yawn", (Gesture("yawn"),)),
    ("cartwheel", (Gesture("cartwheel"),)),
)
_ABROAD: tuple[Written, ...] = (
    ("(lacht leise)", (Gesture("giggle", 0.5), Feeling("amusement", 0.5))),
    ("(seufzt)", (_SIGH,)),
    ("*nickt*", (_NOD,)),
    ("(sourit)", (_joy(0.75),)),
    ("(guiña)", (_WINK,)),
    ("(вздыхает)", (_SIGH,)),
    ("(smiler)", (_joy(0.75),)),
    ("(piange)", (Feeling("sadness", 0.75),)),
    ("(кивает)", (_NOD,)),
)
_EASTERN: tuple[Written, ...] = (
    ("【开心】", (_joy(),)),
    ("（笑）", _LAUGHED),
    ("（点头）", (_NOD,)),
    ("（ため息をつく）", (_SIGH,)),
    ("【悲しい】", (Feeling("sadness"),)),
    ("（首を横に振る）", (_SHAKE,)),
    ("（미소）", (_joy(0.75),)),
    ("【表情：生气】", (Feeling("anger"),)),
    ("（고개를 끄덕이며）", (_NOD,)),
)
_PAUSES: tuple[Written, ...] = (
    ("[pause:1]", (Pause(1.0),)),
    ("[pause:250ms]", (Pause(0.25),)),
    ("(pause)", (Pause(1.0),)),
    ("(long pause)", (Pause(2.0),)),
    ('<break time="1.5s"/>', (Pause(1.5),)),
    ("<|DELAY:1|>", (Pause(1.0),)),
    ("[wait 2s]", (Pause(2.0),)),
    ("<pause/>", (Pause(1.0),)),
    ("[pause:99]", (Pause(10.0),)),
)
_CODES: tuple[Written, ...] = (
    (":nod:", (_NOD,)),
    (":wink:", (_WINK,)),
    ("{joy}", (_joy(),)),
    ('{"emotion": "sad", "motion": "shake"}', (Feeling("sadness"), _SHAKE)),
    (":yawn:", (Gesture("yawn"),)),
)
_OURS: tuple[Written, ...] = (
    ("[joy:0.5,3s]", (Feeling("joy", 0.5, 3.0),)),
    ("[wink:0.5]", (Gesture("wink", 0.5),)),
    ("[look:away]", (Glance("away"),)),
    ("[look:down,2s]", (Glance("down", 2.0),)),
    ("[sad]", (Feeling("sadness"),)),
    ("[gesture:bow]", (Gesture("bow"),)),
    ("[gesture:moonwalk:0.5]", (Gesture("moonwalk", 0.5),)),
)


def _starred(pick: Random) -> Written:
    told, acts = pick.choice(_TOLD)
    return pick.choice(("*{}*", "_{}_", "*{}...*")).format(told), acts


def _starred_alone(pick: Random) -> Written:
    told, acts = pick.choice(_TOLD + _TOLD_ALONE)
    return pick.choice(("*{}*", "＊{}＊")).format(told), acts


def _round(pick: Random) -> Written:
    told, acts = pick.choice(_TOLD)
    return pick.choice(("({})", "[{}]")).format(told), acts


def _otherwise_marked(pick: Random) -> Written:
    told, acts = pick.choice(_TOLD)
    return pick.choice(("~{}~", "-{}-", "<{}>", "***{}***", "* {} *")).format(told), acts


def _element(pick: Random) -> Written:
    name, acts = pick.choice(_FACES)
    move, moved = pick.choice(_MOVES)
    return pick.choice(
        (
            (f"<emote>{name}</emote>", acts if name != "grumbly" else ()),
            (f'<emotion value="{name}"/>', acts),
            (f"<mood type='{name}'>", acts),
            (f'<gesture name="{move}"/>', moved),
            (f"<expression>{name}</expression>", acts),
            (f"<motion={move}>", moved),
        )
    )


def _kinded(pick: Random) -> Written:
    name, acts = pick.choice(_FACES)
    move, moved = pick.choice(_MOVES)
    return pick.choice(
        (
            (f"[face:{name}]", acts),
            (f"[emotion: {name}]", acts),
            (f"[mood={name}]", acts),
            (f"[motion:{move}]", moved),
            (f"[gesture: {move}]", moved),
            ("[exp:smile]", (_joy(),)),
            ("[gaze: at the user]", (Glance("viewer"),)),
        )
    )


def _token(pick: Random) -> Written:
    (name, acts), (move, moved) = pick.choice(_FACES), pick.choice(_MOVES)
    strong = {"name": "happy", "intensity": 0.7}
    body, asked = pick.choice(
        (
            ({"emotion": name, "motion": move}, acts + moved),
            ({"emotion": strong}, (_joy(0.7),)),
            ({"motion": move, "delay": 1}, (*moved, Pause(1.0))),
        )
    )
    return f"<|ACT{pick.choice((' ', ':', ': '))}{json.dumps(body, indent=pick.choice((None, 1)))}|>", asked


def _emote(pick: Random) -> Written:
    name, acts = pick.choice(_FACES[:-1])
    return pick.choice(((f"<|EMOTE_{name.upper()}|>", acts), (f"<|emotion:{name}|>", acts)))


def _one_of(rows: tuple[Written, ...]) -> Callable[[Random], Written]:
    return lambda pick: pick.choice(rows)


DIALECTS: dict[str, Callable[[Random], Written]] = {
    "asterisks": _starred,
    "a line of narration": _starred_alone,
    "brackets": _round,
    "other marks": _otherwise_marked,
    "elements": _element,
    "kinds": _kinded,
    "tokens": _token,
    "emotes": _emote,
    "pauses": _one_of(_PAUSES),
    "eastern": _one_of(_EASTERN),
    "codes": _one_of(_CODES),
    "abroad": _one_of(_ABROAD),
    "ours": _one_of(_OURS),
}
_ALONE = frozenset(("a line of narration",))
"""Dialects whose acts stand where a sentence could."""


def acted_texts(seed: int = 0, each: int = TEXTS_OF_A_DIALECT) -> list[ActedText]:
    """So many texts of each dialect."""
    return [
        _text(dialect, write, Random(f"{seed} {dialect} {number}"))
        for dialect, write in DIALECTS.items()
        for number in range(each)
    ]


def cut_at_random(text: str, pick: Random, longest: int = 12) -> list[str]:
    """The text in pieces, as a stream brings it."""
    pieces = []
    while text:
        length = pick.randint(1, longest)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


def _text(dialect: str, write: Callable[[Random], Written], pick: Random) -> ActedText:
    words = pick.sample(_WORDS, 24)
    parts: list[str] = []
    heard: list[str] = []
    acts: list[tuple[int, TextAct]] = []

    def act() -> None:
        mark, asked = write(pick)
        parts.append(mark)
        acts.extend((len(heard), each) for each in asked)

    for _ in range(pick.randint(1, 3)):
        if pick.random() < 0.5:
            act()
        length = pick.randint(2, 6)
        inside = pick.randrange(1, length) if pick.random() < 0.5 and dialect not in _ALONE else None
        for place in range(length):
            if place == inside:
                act()
            word = words.pop()
            heard.append(word)
            first, last = place == 0, place == length - 1
            parts.append((word.capitalize() if first else word) + (pick.choice(_STOPS) if last else ""))
    if pick.random() < 0.4 or not acts:
        act()
    return ActedText(dialect, " ".join(parts), tuple(heard), tuple(acts))
