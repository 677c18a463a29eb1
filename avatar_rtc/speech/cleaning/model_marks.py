"""The marks of language models: reasoning, tool calls, and the tokens of chat templates.

    <think>…</think>  [THINK]…[/THINK]  ◁think▷…◁/think▷  <|channel|>analysis<|message|>…<|end|>   skipped
    <tool_call>…</tool_call>  <｜tool▁calls▁begin｜>…<｜tool▁calls▁end｜>  [TOOL_CALLS][…]           skipped
    <|im_start|>user … <|im_end|>  a turn of somebody else                                         skipped
    <|im_start|>assistant  <|eot_id|>  </s>  [INST]  <end_of_turn>                                 dropped

What was opened and never closed is skipped to the end of the text. A closing mark alone is dropped.
"""

import re

from avatar_rtc.speech.acting.acts import written
from avatar_rtc.speech.acting.named import ACT_KINDS, HOLDS, STRENGTHS, acts_in_token, acts_named
from avatar_rtc.speech.cleaning.angles import AngleTag, closing
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Json, Until
from avatar_rtc.speech.tags import act_named

_REASONING = frozenset(
    "think thinking thought thoughts reasoning reflection reflect analysis scratchpad inner_monologue "
    "internal_monologue inner_voice inner_thoughts internal_thoughts chain_of_thought cot monologue "
    "seed:think thinking_process reasoning_process deliberation plan planning commentary "
    "antthinking search_quality_reflection self_reflection understanding".split()
)
_CALLS = frozenset(
    "tool_call tool_calls toolcall toolcalls tool_use tool tools tool_code tool_response tool_responses "
    "tool_result tool_results tool_output tool_outputs function_call function_calls functioncall "
    "function_result function_results function_response function invoke use_mcp_tool parameter "
    "artifact antartifact code_execution execute_command".split()
)
_TOLD = frozenset("action actions narration narrator stage_direction stage_directions scene".split())
"""What a character does, in a tag."""
_ACTED = frozenset(
    "emotion emotions mood feeling expression emote gesture motion animation anim face expr feel look gaze "
    "pause wait delay silence".split()
)
"""Tags whose value, or whose inside, names an act."""
_WRAPPERS = frozenset(
    "answer final_answer final response final_response reply assistant output speech dialogue dialog say "
    "utterance spoken message msg result text".split()
)
"""Around what is to be heard."""
_NUMBERED = [f"{name}{number}" for name in ("extra_id_", "unused") for number in range(100)]
_BYTES = [f"0x{byte:02x}" for byte in range(256)]
_TOKENS = frozenset(_NUMBERED + _BYTES) | frozenset(
    "s pad unk sop bos eos sep cls mask eop eot eod endoftext end_of_text end_of_turn start_of_turn "
    "begin_of_text end_of_utterance sot".split()
)
MODEL_NAMES = _REASONING | _CALLS | _TOLD | _ACTED | _WRAPPERS | _TOKENS
"""In plain angle brackets."""
_OWN_ROLES = "assistant|model|bot|ai|gpt"
_OTHER_ROLES = "user|human|system|developer|tool|tools|function|ipython|environment|observation|tool_response"
_BAR = "[|｜]"
_LONGEST = 240
_LONGEST_TOLD = 300
_BARRED = re.compile(rf"<(?P<before>{_BAR}?)(?P<body>/?[^<>|｜\n]{{1,200}})(?P<after>{_BAR}?)>")
_PART_OF_BARRED = re.compile(rf"<{_BAR}?[^<>|｜\n]{{0,200}}{_BAR}?\Z")
_PART_OF_BAR_LAST = re.compile(rf"<[a-z_]{{1,20}}{_BAR}?\Z")
_ROLE = re.compile(
    rf"[ \t]{{0,3}}(?P<role>{_OWN_ROLES}|{_OTHER_ROLES})(?P<end>"
    r"<\|(?:end_header_id|header_end|end_of_role|role_end)\|>|[ \t]{0,3}(?=[\n<]))",
    re.IGNORECASE,
)
_PART_OF_ROLE = re.compile(r"[ \t]{0,3}\w{0,13}[ \t]{0,3}(?:<[|\w]{0,16})?\|?\Z")
_OPENS_TURN = frozenset("im_start start_header_id header_start start_of_role turn role_start".split())
_NEXT_TURN = Until(
    re.compile(
        r"<\|(?:im_end|eot_id|eot|end_of_text|end_of_turn|end)\|>|<end_of_turn>|<turn\|>"
        r"|(?=<\|(?:im_start|start_header_id|header_start|start_of_role|start|assistant)\|>|<\|turn>"
        r"|<start_of_turn>|<｜Assistant｜>)",
        re.IGNORECASE,
    ),
    24,
)
_END_OF_MESSAGE = Until(re.compile(r"<\|(?:end|call|return)\|>|(?=<\|(?:start|channel)\|>)"), 12)
_END_OF_PYTHON = Until(re.compile(r"<\|(?:eom_id|eot_id|end_of_text)\|>"), 16)
_HEADER = re.compile(
    r"(?:<\|start\|>(?P<author>[^<>\n]{0,100}))?"
    r"(?:<\|channel\|>(?P<channel>[^<>\n]{0,100})(?:<\|constrain\|>[^<>\n]{0,40})?)?<\|message\|>"
)
_PART_OF_HEADER = re.compile(r"(?:<\|[a-z]{0,12}\|?(?:>[^<>\n]{0,100})?){0,4}<?\Z")
_OPENER = re.compile(r"(?:(?:start|begin)_(?:of_)?(?P<first>\w+)|(?P<last>\w+?)_(?:start|begin))\Z")
_CALL_NAME = re.compile(r"(?:tool|function|action)s?(?:_(?:call|response|result|output)s?)?(?:_section)?\Z")
_ACT_KIND = (
    "(?:act|emote|emotion|expression|expr?|mood|face|motion|gesture|anim(?:ation)?|look|gaze"
    "|delay|pause|wait|sleep)"
)
_ACTING = re.compile(rf"<{_BAR}[ \t]?{_ACT_KIND}(?![A-Za-z])(?!_(?:start|begin|end)\b)", re.IGNORECASE)
_END_OF_ACTING = re.compile(rf"{_BAR}>")
_LONGEST_ACTING = 600
_ACT_VALUES = (
    "name",
    "value",
    "type",
    "emotion",
    "expression",
    "gesture",
    "motion",
    "mood",
    "id",
    "time",
    "seconds",
    "s",
)
_LONGEST_ACT_NAME = 40
_BRACKET = re.compile(r"\[(?P<end>/?)(?P<name>[A-Z][A-Za-z_]{1,20}|gMASK)\]")
_PART_OF_BRACKET = re.compile(r"\[/?(?:[A-Z][A-Z_]{0,20}|g[A-Z]{0,4})?\Z")
_BRACKETS_SKIPPED = frozenset("THINK TOOL_RESULTS AVAILABLE_TOOLS SYSTEM_PROMPT REASONING".split())
_BRACKETS = _BRACKETS_SKIPPED | frozenset(
    "TOOL_CALLS INST gMASK BOS EOS PAD UNK CLS SEP MASK ARGS CALL_ID TOOL_CONTENT IMG".split()
)
_TRIANGLES = re.compile(r"◁(?P<end>/?)(?P<name>\w{1,20})▷")
_PART_OF_TRIANGLES = re.compile(r"◁/?\w{0,20}\Z")
_SYSTEM = re.compile(r"<<(?P<end>/?)SYS>>")
_PART_OF_SYSTEM = re.compile(r"<(?:<(?:/?(?:S(?:Y(?:S>?)?)?)?)?)?\Z")


def model_tag_found(tag: AngleTag, text: str, at: int, is_all: bool, skips_told: bool) -> Found | None:
    """What stands in the place of a tag in plain angle brackets whose name is a model's."""
    if tag.name == "start_of_turn":
        return _turn(text, at, tag.length, is_all)
    if tag.name in _TOLD and not tag.attributes and not tag.value:
        return _told_in_tag(tag, text, at, is_all, skips_told)
    if tag.name in _ACTED | _TOLD:
        return _act_in_tag(tag, text, at, is_all)
    is_block = tag.name in _REASONING or tag.name in _CALLS
    if not is_block and (tag.attributes or tag.value):
        return None
    if is_block and not tag.is_end and not tag.is_empty:
        return Found(tag.length, " ", closing(tag.name))
    return Found(tag.length, " " if is_block or tag.name in _WRAPPERS else "")


def _told_in_tag(tag: AngleTag, text: str, at: int, is_all: bool, skips: bool) -> Found | None:
    """Narration, if it is closed soon; "<action>" alone is a word."""
    begin, limit = at + tag.length, at + _LONGEST_TOLD
    if tag.is_end or tag.is_empty:
        return Found(tag.length, " ")
    closer = closing(tag.name).pattern.search(text, begin, limit)
    if closer is None:
        return UNDECIDED if not is_all and len(text) < limit else None
    if not skips:
        return Found(tag.length, " ")
    return Found(closer.end() - at, " ", told=text[begin : closer.start()])


def _act_in_tag(tag: AngleTag, text: str, at: int, is_all: bool) -> Found | None:
    """`<emotion value="happy"/>`, `<emotion=happy>`, `<pause/>`, and `<emote>happy</emote>`."""
    kind = tag.name if tag.name in ACT_KINDS else "action"
    if tag.is_end:
        return Found(tag.length)
    values = [tag.attributes[name] for name in _ACT_VALUES if name in tag.attributes]
    if tag.value or values:
        strength = next((f":{tag.attributes[name]}" for name in STRENGTHS if name in tag.attributes), "")
        held = next((f",{tag.attributes[name]}" for name in HOLDS if name in tag.attributes), "")
        return Found(tag.length, acts=written(acts_named(kind, f"{tag.value or values[0]}{strength}{held}")))
    if tag.is_empty or tag.name == "pause":
        return Found(tag.length, acts=written(acts_named(kind, "")))
    if tag.attributes:
        return None
    begin = at + tag.length
    limit = begin + _LONGEST_ACT_NAME + 2 * len(tag.name)
    closer = closing(tag.name).pattern.search(text, begin, limit)
    line = text.find("\n", begin, closer.start() if closer else limit)
    if closer is None:
        return UNDECIDED if not is_all and len(text) < limit and line < 0 else None
    inside = text[begin : closer.start()]
    return Found(closer.end() - at, acts=written(acts_named(kind, inside))) if line < 0 else None


def barred(text: str, at: int, is_all: bool) -> Found | None:
    """A token such as `<|im_end|>`, `<｜User｜>`, `<|tool_call>`."""
    if text.startswith(("<|start|>", "<|channel|>"), at):
        return _message(text, at, is_all)
    if _ACTING.match(text, at):
        return _acting(text, at, is_all)
    token = _BARRED.match(text, at)
    if token is None:
        second = text[at + 1 : at + 2]
        part = _PART_OF_BARRED if second in ("|", "｜", "") else _PART_OF_BAR_LAST
        is_open = not is_all and len(text) - at < _LONGEST and part.match(text, at)
        return UNDECIDED if is_open else None
    if not token["before"] and not token["after"]:
        return None
    if not token["before"] and not re.fullmatch(r"[a-z_]{1,20}", token["body"]):
        return None
    length = token.end() - at
    body = token["body"].strip().lower().replace("▁", "_").replace(" ", "_")
    if body in _OPENS_TURN:
        return _turn(text, at, length, is_all)
    if act := act_named(body):
        return Found(length, acts=written([act]))  # <|happy|>
    if not token["after"]:
        is_block = body in _REASONING or _CALL_NAME.match(body) or body == "channel"
        return Found(
            length, " ", Until(re.compile(rf"<{re.escape(body)}\|>"), len(body) + 3) if is_block else None
        )
    if body == "python_tag":
        return Found(length, " ", _END_OF_PYTHON)
    if re.fullmatch(_OTHER_ROLES, body) and body not in ("tool", "tools", "function"):
        return Found(length, " ", _NEXT_TURN)
    opener = _OPENER.match(body)
    name = (opener["first"] or opener["last"]) if opener else body
    is_call = _CALL_NAME.match(name) is not None
    if opener is None and is_call:
        return Found(length, " ", Json())
    if name in _REASONING or is_call:
        return Found(length, " ", _end_of(name))
    return Found(length, "\n" if body in ("im_end", "eot_id", "end") else "")


def _end_of(name: str) -> Until:
    word = re.escape(name).replace("_", "[_▁ ]")
    ends = rf"(?:/{word}|end[_▁ ](?:of[_▁ ])?{word}|{word}[_▁ ]end)"
    return Until(re.compile(rf"<{_BAR}{ends}{_BAR}>", re.IGNORECASE), len(name) + 12)


def _acting(text: str, at: int, is_all: bool) -> Found | None:
    """`<|ACT {"emotion": "happy"}|>`, `<|EMOTE_HAPPY|>`, `<|DELAY:1|>`; one that is cut off is not heard."""
    limit = at + _LONGEST_ACTING
    end = _END_OF_ACTING.search(text, at + 2, limit)
    if end is None:
        if len(text) >= limit:
            return None
        return Found(len(text) - at) if is_all else UNDECIDED
    return Found(end.end() - at, acts=written(acts_in_token(text[at + 2 : end.start()])))


def _turn(text: str, at: int, length: int, is_all: bool) -> Found | None:
    """What begins a turn: with the name of who speaks, and all of it if that is somebody else."""
    role = _ROLE.match(text, at + length)
    if role is None:
        part = _PART_OF_ROLE.match(text, at + length)
        if is_all:
            return Found(len(text) - at if part else length)
        return UNDECIDED if part else Found(length)
    whole = role.end() - at
    is_own = re.fullmatch(_OWN_ROLES, role["role"], re.IGNORECASE)
    return Found(whole) if is_own else Found(whole, " ", _NEXT_TURN)


def _message(text: str, at: int, is_all: bool) -> Found | None:
    """The header of a message with a channel; all of it unless it is for the listener."""
    header = _HEADER.match(text, at)
    if header is None:
        if _PART_OF_HEADER.match(text, at):
            return Found(len(text) - at) if is_all else UNDECIDED
        return Found(len("<|start|>" if text.startswith("<|start|>", at) else "<|channel|>"))
    author, channel = (header["author"] or "assistant").split(), (header["channel"] or "final").split()
    is_heard = (
        author[:1] == ["assistant"]
        and channel[:1] in (["final"], ["commentary"])
        and not any(word.startswith("to=") for word in (*author, *channel))
    )
    return Found(len(header[0]), " ", None if is_heard else _END_OF_MESSAGE)


def bracketed(text: str, at: int, is_all: bool) -> Found | None:
    """A token such as `[INST]`; only in capitals, for `[think]` is a feeling."""
    token = _BRACKET.match(text, at)
    if token is None:
        part = _PART_OF_BRACKET.match(text, at)
        if part is None or is_all:
            return None
        begun = part[0].lstrip("[/")
        return UNDECIDED if any(name.startswith(begun) for name in _BRACKETS) else None
    name, length = token["name"], token.end() - at
    if name not in _BRACKETS:
        return None
    if name == "TOOL_CALLS" and not token["end"]:
        return Found(length, " ", Json())
    if name in _BRACKETS_SKIPPED and not token["end"]:
        return Found(length, " ", Until(re.compile(rf"\[/{name}\]"), len(name) + 3))
    return Found(length, " ")


def triangled(text: str, at: int, is_all: bool) -> Found | None:
    """`◁think▷`."""
    token = _TRIANGLES.match(text, at)
    if token is None:
        return UNDECIDED if not is_all and _PART_OF_TRIANGLES.match(text, at) else None
    if token["name"] not in _REASONING:
        return Found(token.end() - at)
    skip = None if token["end"] else Until(re.compile(f"◁/{token['name']}▷"), len(token["name"]) + 3)
    return Found(token.end() - at, " ", skip)


def system_prompt(text: str, at: int, is_all: bool) -> Found | None:
    """`<<SYS>>…<</SYS>>`."""
    mark = _SYSTEM.match(text, at)
    if mark is None:
        return UNDECIDED if not is_all and _PART_OF_SYSTEM.match(text, at) else None
    return Found(len(mark[0]), " ", None if mark["end"] else Until(re.compile("<</SYS>>"), 8))
