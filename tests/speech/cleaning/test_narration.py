"""What is narration and what is emphasis: sentences that the rule was not made from."""

import re

import pytest

from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, clean
from avatar_rtc.speech.tags import TAG, Tag
from tests.speech.cleaning.told import lines

TOLD = (
    "*tilts her HIDDEN head* What's that?",
    "Hi there! *blushes like HIDDEN*",
    "Hmm... *thinks about HIDDEN for a moment* I guess so.",
    "*The HIDDEN winks.*\n\nHello.",
    "Okay *nods at HIDDEN* let's go.",
    '"Hello," *she says, HIDDEN in hand*',
    "*HIDDEN sounds in the distance*\nWhat was that?",
    "*I take HIDDEN by the hand.* Come on.",
    "*softly, to HIDDEN* Yes.",
    "_waves HIDDEN slowly_ Hello.",
    "Hello *waves HIDDEN* :)",
    "(waves to HIDDEN) Hi.",
    "*sighs HIDDEN* *rolls eyes HIDDEN* Fine.",
    "*winkt HIDDEN zu* Hallo!",
    "「はい」*手をHIDDENに振る*",
    "＊HIDDENを振る＊こんにちは。",
    "Yes. (giggles HIDDEN)",
    "*looks up. HIDDEN falls. She runs.* Wait!",
    "***waves at HIDDEN*** Hello!",
    "**giggles HIDDEN** Hello!",
    "~bows to HIDDEN~ Hello!",
    "* nods at HIDDEN * Hello!",
    "Okay -sighs HIDDEN- fine.",
    "Hi <laughs HIDDEN> there <sigh> you.",
    "(under HIDDEN breath) No.",
    "(OOC: HIDDEN) Hello!",
    "(lacht HIDDEN) Ja!",
    "(en souriant) Oui.",
    "(손을 HIDDEN 흔들며) 안녕!",
    "（HIDDENを見ながら）はい。",
    "(softly) Yes. [long pause] (shaking her HIDDEN) No.",
)
SAID = (
    "I *really* mean it.",
    "*Really*, I mean it.",
    "*Never* do that again.",
    "You are *the best* friend.",
    "*Important:* read this.",
    "I read *War and Peace* twice.",
    "*War and Peace* is long.",
    "This *always* works, and she *loves* it.",
    "It *plays* well. It's *her* book.",
    "So *that's* it! That's *amazing*!",
    "I love *you*.",
    "use *args and **kwargs here",
    "1. *apples* are good",
    "(I mean it) and (see below)",
    "*Yes!* We won.",
    "She *smiles* a lot.",
    "Do you... *really* think so?",
    "这是*很好*的",
    "Rule: *always* smile.",
    "This is (laughing matters) no joke.",
    "(breathing exercises help) and (dancing shoes) do not.",
    "We sell (running shoes) and (walking sticks).",
    "Symptoms (coughing, sneezing) and the (singing) bird.",
    "In physics (waves of light) matter.",
    "The shop (opens at 9 am) and the bag (holds up to 5 kg) are near, (turns out) yes.",
    "It (runs on batteries) and (works on Mac).",
    "Know **waves** and **points**.",
    "~Welcome to my shop~ and ~5 people",
    "well-known -ish words - dash: and 10:30:45",
    "if a <b and c> d",
    "*Yes* and *no*. *Thanks*",
    "*Please read this.* *This is important.*",
    "这是（微笑曲线）图。 그는 (학생이며) 착하다. Das (Lachen) ist schön.",
    "東京（とうきょう）に行く。北京（首都）很大。",
)


def spoken(text: str) -> str:
    told = lines([text], BY_DEFAULT)
    assert not isinstance(told, str)
    return " ".join(line.spoken for line in told)


@pytest.mark.parametrize("text", TOLD)
def test_narration_is_not_heard(text: str) -> None:
    assert "HIDDEN" not in spoken(text)
    bare = re.sub(r"[*_＊]+.*?[*_＊]+|~.*?~|-.*?-|<.*?>|\[.*?\]|[(（].*?[)）]|:\)", "", text)
    assert re.findall(r"\w", spoken(text)) == re.findall(r"\w", bare)


@pytest.mark.parametrize("text", SAID)
def test_emphasis_is_heard(text: str) -> None:
    assert re.findall(r"\w", spoken(text)) == re.findall(r"\w", text)


def test_a_feeling_within_narration_is_still_shown() -> None:
    assert TAG.findall(clean("*[joy] waves* Hello *sighs [sad:0.5]* you."))
    told = lines(["*[joy] waves* Hello."], BY_DEFAULT)
    assert told[0].tags[0] == Tag(0, Feeling("joy")) and told[0].spoken == "Hello."  # type: ignore[union-attr]
