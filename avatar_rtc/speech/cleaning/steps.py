"""What an agent writes between its turns: `Thought:`, `Action:`, `Observation:`, and at last `Final Answer:`.

Such a text begins with a thought. Each step is skipped up to the next one, a thought up to an empty line at
most; behind `Final Answer:` all is heard.
"""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Until

_NUMBER = r"(?:[ ]?#?\d{1,2})?"
_BOLD = r"[*_#]{0,3}"
_THOUGHT = "thoughts?|thinking|inner thoughts?|internal monologue|reasoning"
_STEP = "thought|action|action input|observation|tool|tool input"
_ANSWER = "final answer|final response|answer|response|reply|assistant|output"
_COLON = r"[*_]{0,3}[ ]?[:：][*_]{0,3}"
_LABEL = re.compile(
    rf"{_BOLD}[ ]?(?:(?P<answer>{_ANSWER})|(?P<step>{_THOUGHT}|{_STEP}){_NUMBER}){_COLON}(?=[^*_:]|\Z)",
    re.IGNORECASE,
)
_PART = re.compile(
    rf"{_BOLD}[ ]?(?P<name>[A-Za-z]{{0,11}}(?:[ ][A-Za-z]{{0,9}})?){_NUMBER}"
    r"[*_]{0,3}[ ]?[:：]?[*_]{0,3}\Z"
)
_TOLD_WORDS = ("thought for ", "reasoned for ", "thought about ", "analysis")
_TOLD = re.compile(
    r"(?P<channel>(?-i:analysis(?=[A-Z])))"
    r"|(?:thought|reasoned)(?: about [^\n.!?]{1,40})?"
    r" for [\w ]{1,16}(?:seconds?|minutes?|s)[.…]?[ \t]{0,4}\n",
    re.IGNORECASE,
)
_FINAL_CHANNEL = Until(re.compile("assistantfinal"), 16)
"""The tokens around channels are lost where a program drops all special ones."""
_NOTHING = Until(re.compile(""), 0)
_LONGEST_REASONING = 1_200
_LONGEST_TOLD = 90
_NAMES = tuple(f"{_THOUGHT.replace('?', '')}|inner thought|thought|{_STEP}|{_ANSWER}".split("|"))
_NEXT = rf"\n[ \t]{{0,4}}(?={_BOLD}[ ]?(?:(?:{_ANSWER})|(?:{_STEP}){_NUMBER}){_COLON})"
_END_OF_THOUGHT = Until(re.compile(rf"{_NEXT}|\n[ \t]{{0,8}}\n", re.IGNORECASE), 48)
_END_OF_STEP = Until(re.compile(_NEXT, re.IGNORECASE), 48)


def step(text: str, at: int, is_all: bool, is_agent: bool, is_first: bool) -> Found | None:
    """The step whose label stands there, at the beginning of a line.

    Args:
        is_agent: whether there was a step before; if not, only a thought and a final answer are labels.
        is_first: whether nothing is heard before it.
    """
    if is_first and (found := _told_thought(text, at, is_all)):
        return found
    label = _LABEL.match(text, at)
    if label is None or (label.end() == len(text) and not is_all):
        part = label or _PART.match(text, at)
        is_open = part is not None and (label is not None or _may_name(part["name"]))
        return UNDECIDED if is_open and not is_all else None
    name = (label["step"] or label["answer"]).lower()
    is_thought = re.fullmatch(_THOUGHT, name) is not None
    if is_thought and name != "thought" and not is_agent:
        return _reasoned(text, at, is_all) if is_first else None
    if not is_agent and not is_thought and name not in ("final answer", "final response"):
        return None
    if label["answer"]:
        return Found(len(label[0]))
    return Found(len(label[0]), "", _END_OF_THOUGHT if is_thought else _END_OF_STEP)


def goes_on(found: Found) -> bool:
    """Whether other steps may follow what `step` found."""
    return found.skip not in (None, _FINAL_CHANNEL)


def _told_thought(text: str, at: int, is_all: bool) -> Found | None:
    """That one has thought, as some programs put it before an answer."""
    told = _TOLD.match(text, at)
    if told:
        return Found(len(told[0]), "", _FINAL_CHANNEL if told["channel"] else None)
    begun = text[at : at + _LONGEST_TOLD].lower()
    is_open = any(word.startswith(begun) or begun.startswith(word) for word in _TOLD_WORDS)
    return UNDECIDED if is_open and not is_all and len(begun) < _LONGEST_TOLD and "\n" not in begun else None


def _reasoned(text: str, at: int, is_all: bool) -> Found | None:
    """Reasoning, if what follows it is labelled soon; else it may be a title, or an explanation."""
    limit = at + _LONGEST_REASONING
    following = _END_OF_STEP.pattern.search(text, at, limit)
    if following is None:
        return UNDECIDED if not is_all and len(text) < limit else None
    return Found(following.end() - at, "", _NOTHING)


def _may_name(begun: str) -> bool:
    return any(name.startswith(begun.lower()) for name in _NAMES)
