"""HTML that a language model writes: tags go, entities become their signs, scripts and styles are skipped.

Any other word in angle brackets is a word: `<speaker> says hello`, `I <love> you`.
"""

import re
from html import unescape
from html.entities import html5

from avatar_rtc.speech.acting.acts import TextAct, written
from avatar_rtc.speech.acting.named import acts_named
from avatar_rtc.speech.cleaning.angles import AngleTag, closing
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found

BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p section summary tbody tfoot thead tr "
    "ul".split()
)
"""They begin another line."""
INLINE = frozenset(
    "a abbr audio b bdi bdo big button cite code data del dfn em embed font i iframe img input ins kbd label "
    "link mark meta nobr object option param picture q rp rt ruby s samp select small source span strike "
    "strong sub sup td th time title track tt u var video wbr".split()
)
UNHEARD = frozenset("script style svg math template noscript textarea canvas".split())
"""What is inside is for a browser."""
SPOKEN = frozenset("break prosody emphasis say-as phoneme express-as".split())
"""Of SSML, outside of a document of it."""
CODE = frozenset(("pre", "xmp"))
TABLE = "table"
NAMES = BLOCKS | INLINE | UNHEARD | SPOKEN | CODE | {TABLE}
_ATTRIBUTES = frozenset(
    "alias alphabet contour format interpret-as level ph pitch range rate strength styledegree time volume "
    "xml:lang "
    "align allow alt async autoplay bgcolor border cellpadding cellspacing charset checked cite class color "
    "colspan content controls coords data datetime defer dir disabled done download duration face for height "
    "hidden href hspace id lang loading loop media method muted name nowrap open placeholder poster rel "
    "role rowspan scope size sizes span src srcset start style summary tabindex target title type usemap "
    "valign value vspace width xmlns".split()
)
_MADE_BY_MACHINES = ("reasoning", "tool_calls", "code_interpreter")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MARK_SIGN = re.compile(r"[\\`*_\[\]#<>~$|!&+{}]")
"""Written as an entity it marks nothing, and so gets a backslash, which `script` takes away."""
_PART_OF_ENTITY = re.compile(r"&(?:#[0-9]{0,7}|#[xX][0-9a-fA-F]{0,6}|[A-Za-z][A-Za-z0-9]{0,31}|)\Z")


def is_html(tag: AngleTag) -> bool:
    """True for a tag of HTML whose attributes are HTML's."""
    return tag.name in NAMES and not tag.value and all(map(_is_attribute, tag.attributes))


def _is_attribute(name: str) -> bool:
    return name in _ATTRIBUTES or name.startswith(("data-", "aria-", "on"))


def html_found(tag: AngleTag, skips_code: bool, skips_tables: bool) -> Found:
    """What stands in the place of a tag of HTML."""
    is_unheard = (
        tag.name in UNHEARD
        or (skips_code and tag.name in CODE)
        or (skips_tables and tag.name == TABLE)
        or (tag.name == "details" and tag.attributes.get("type") in _MADE_BY_MACHINES)
    )
    if is_unheard and not tag.is_end and not tag.is_empty:
        return Found(tag.length, " ", closing(tag.name))
    if tag.name in ("td", "th") and tag.is_end:
        return Found(tag.length, ", ")
    if tag.name == "break":
        return Found(tag.length, " ", acts=written(_pause_of(tag)))
    return Found(tag.length, "" if tag.name in INLINE | SPOKEN else "\n")


def _pause_of(tag: AngleTag) -> tuple[TextAct, ...]:
    asked = tag.attributes.get("time") or tag.attributes.get("strength") or "medium"
    return () if tag.is_end or asked == "none" else acts_named("break", asked)


def comment(text: str, at: int, is_all: bool) -> Found | None:
    """A comment or a document type; one that is not closed within 2000 characters is text."""
    if not text.startswith(("<!--", "<!"[: len(text) - at]), at):
        return None
    if text.startswith("<!--", at):
        end = text.find("-->", at + 4, at + 2_000)
        return Found(end + 3 - at, " ") if end >= 0 else _unless_open(text, at, 2_000, is_all)
    if re.compile(r"<!(?:-|d(?:o(?:c(?:t(?:y(?:p(?:e[^<>\n]*)?)?)?)?)?)?)?\Z", re.IGNORECASE).match(text, at):
        return _unless_open(text, at, 200, is_all)
    doctype = re.compile(r"<!doctype[^<>\n]{0,190}>", re.IGNORECASE).match(text, at)
    return Found(doctype.end() - at) if doctype else None


def _unless_open(text: str, at: int, longest: int, is_all: bool) -> Found | None:
    return UNDECIDED if not is_all and len(text) - at < longest else None


def entity(text: str, at: int, is_all: bool) -> Found | None:
    """`&amp;` and its kin; a name that HTML does not know is text."""
    whole = _ENTITY.match(text, at)
    if whole is None:
        return UNDECIDED if not is_all and _PART_OF_ENTITY.match(text, at) else None
    if whole[0][1] != "#" and whole[0][1:] not in html5:
        return None
    return Found(len(whole[0]), _MARK_SIGN.sub(r"\\\g<0>", unescape(whole[0])))
