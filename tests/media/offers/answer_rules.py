"""What an answer may say to an offer, by the rules of RFC 3264, 8839, 8842, 8843, 8866 and 9429.

It reads SDP by itself, and knows nothing of how the answer was made.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAY_ANSWER = {
    "sendrecv": ("sendrecv", "sendonly", "recvonly", "inactive"),
    "recvonly": ("sendonly", "inactive"),
    "sendonly": ("recvonly", "inactive"),
    "inactive": ("inactive",),
}
SETUPS = {
    "actpass": ("active", "passive"),
    "active": ("passive",),
    "passive": ("active",),
    None: ("passive",),
}
"""Of the answer to each of the offer; one that says none is active (RFC 4145)."""
TRANSPORT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate")


@dataclass
class Part:
    """A section, or what stands above the first."""

    head: list[str]
    lines: list[str]

    def all(self, name: str) -> list[str]:
        return [line[3 + len(name) :] for line in self.lines if line.startswith(f"a={name}:")]

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def has(self, name: str) -> bool:
        return f"a={name}" in self.lines

    @property
    def direction(self) -> str | None:
        return next((name for name in MAY_ANSWER if self.has(name)), None)

    def codecs(self) -> dict[str, tuple[str, ...]]:
        """Format → name, clock and channels, in lower case."""
        found = (re.fullmatch(r"(\d+) (.+)", value) for value in self.all("rtpmap"))
        return {each[1]: tuple(each[2].lower().split("/")) for each in found if each}

    def said(self, number: str) -> dict[str, str]:
        """The parameters of a format."""
        values = (value.partition(" ") for value in self.all("fmtp"))
        pieces = (piece for each, _, rest in values if each == number for piece in rest.split(";"))
        pairs = (piece.strip().partition("=") for piece in pieces)
        return {name.lower(): value for name, _, value in pairs}


def parts(sdp: str) -> list[Part]:
    """What stands above the first section, and the sections."""
    found = [Part([], [])]
    for line in filter(None, map(str.strip, re.split(r"[\r\n]+", sdp))):
        if line.startswith("m="):
            found.append(Part(line[2:].split(), []))
        else:
            found[-1].lines.append(line)
    return found


def broken_rules(offer: str, answer: str) -> list[str]:
    """The rules that an answer breaks, each as a sentence."""
    return list(_broken(parts(offer), parts(answer), answer))


def _broken(offer: list[Part], answer: list[Part], text: str) -> Iterator[str]:
    lines = text.split("\r\n")
    if lines.pop() or any(not re.fullmatch(r"[a-z]=\S.*", line) for line in lines):
        yield "a line is not of the form"
    if [line[0] for line in lines[:4]] != list("vost"):
        yield "v=, o=, s= and t= do not come first"
    if len(offer) != len(answer):
        yield "not every section is answered"
        return
    for index, (asked, given) in enumerate(zip(offer[1:], answer[1:], strict=True)):
        for rule in _of_section(offer[0], asked, given):
            yield f"section {index}: {rule}"
    yield from _of_bundle(offer, answer)
    yield from _of_senders(answer[1:])


def _of_section(above: Part, asked: Part, given: Part) -> Iterator[str]:
    kind, port, proto, *formats = given.head
    if (kind, proto) != (asked.head[0], asked.head[2]) or given.one("mid") != asked.one("mid"):
        yield "kind, proto or mid is another"
    is_sctp = kind == "application" and "SCTP" in proto
    if not formats or (not set(formats) <= set(asked.head[3:]) and not is_sctp):
        yield "a format was not offered"
    if port == "0":
        return
    if asked.head[1] == "0" and not asked.has("bundle-only"):
        yield "it was off, and is taken"
    if given.has("bundle-only"):
        yield "bundle-only is for offers"
    yield from _of_transport(above, asked, given)
    if not is_sctp:
        yield from _of_media(above, asked, given, formats)
    elif "webrtc-datachannel" in formats:
        if not given.one("sctp-port"):
            yield "no sctp-port"
    elif not (given.one("sctpmap") or "").startswith(f"{formats[0]} webrtc-datachannel"):
        yield "no sctpmap"


def _of_transport(above: Part, asked: Part, given: Part) -> Iterator[str]:
    if len(given.one("ice-ufrag") or "") < 4 or len(given.one("ice-pwd") or "") < 22:
        yield "no credentials of ICE"
    if not re.fullmatch(r"sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}", given.one("fingerprint") or ""):
        yield "no fingerprint"
    if not asked.has("bundle-only"):
        asks = asked.one("setup") or above.one("setup")
        if given.one("setup") not in SETUPS[asks]:
            yield f"setup {given.one('setup')} to {asks}"
    if not given.all("candidate"):
        yield "no candidate"


def _of_media(above: Part, asked: Part, given: Part, formats: list[str]) -> Iterator[str]:
    if not given.has("rtcp-mux"):
        yield "no rtcp-mux"
    asks = asked.direction or above.direction or "sendrecv"
    if given.direction not in MAY_ANSWER[asks]:
        yield f"{given.direction} to {asks}"
    if list(given.codecs()) != formats:
        yield "formats and rtpmap differ"
    for number, codec in given.codecs().items():
        if codec[0] == "red" and not _holds(given.said(number), formats[0]):
            yield "RED of something else than what is sent, or first"
        if codec != asked.codecs().get(number):
            yield f"{number} is another codec"
        yield from _of_codec(asked.said(number), given.said(number), formats)
    feedback = {value.replace("*", number) for value in asked.all("rtcp-fb") for number in formats}
    if not set(given.all("rtcp-fb")) <= feedback:
        yield "a feedback was not offered"
    ids = [value.split("/")[0].split()[0] for value in given.all("extmap")]
    pairs = {tuple(re.split(r"(?:/\w+)?\s+", value)[:2]) for value in asked.all("extmap")}
    if len(set(ids)) < len(ids) or any(
        tuple(re.split(r"(?:/\w+)?\s+", value)[:2]) not in pairs for value in given.all("extmap")
    ):
        yield "an extension was not offered, or twice"


def _holds(said: dict[str, str], number: str) -> bool:
    return any(set(name.split("/")) == {number} for name in said)


def _of_codec(asked: dict[str, str], given: dict[str, str], formats: list[str]) -> Iterator[str]:
    if "apt" in given and (given["apt"] not in formats or given["apt"] != asked.get("apt")):
        yield "what is repaired was not agreed on"
    for name in ("packetization-mode", "level-asymmetry-allowed"):
        if given.get(name, "0") != asked.get(name, "0"):
            yield f"another {name}"
    if given.get("profile-level-id", "")[:4].lower() != asked.get("profile-level-id", "")[:4].lower():
        yield "another profile"


def _of_bundle(offer: list[Part], answer: list[Part]) -> Iterator[str]:
    asked, given = (
        next((value.split()[1:] for value in each[0].all("group") if value.startswith("BUNDLE")), [])
        for each in (offer, answer)
    )
    sections = {section.one("mid"): section for section in answer[1:]}
    if not set(given) <= set(asked) or len(set(given)) < len(given):
        yield "the bundle names what was not offered in it"
    if any(sections[mid].head[1] == "0" for mid in given):
        yield "the bundle names what is refused"
    if any(section.head[1] != "0" and mid not in given for mid, section in sections.items() if mid in asked):
        yield "the bundle leaves one out"
    told = {tuple(tuple(sections[mid].all(name)) for name in TRANSPORT) for mid in given}
    if len(told) > 1:
        yield "one bundle has two transports"


def _of_senders(sections: list[Part]) -> Iterator[str]:
    senders = [section for section in sections if section.has("sendonly") or section.has("sendrecv")]
    kinds = [section.head[0] for section in senders]
    if len(set(kinds)) < len(kinds):
        yield "more than one picture or voice"
    if any(not section.one("msid") for section in senders):
        yield "no msid"
    if len({(section.one("msid") or "").split()[0] for section in senders}) > 1:
        yield "picture and voice are of two streams"
    sources = [value.split()[0] for section in sections for value in section.all("ssrc")]
    if len(set(sources)) < len(sources):
        yield "two have one ssrc"
