"""Small parts of HTTP that servers of WHIP use: when to come again, and which STUN and TURN to ask."""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime

from avatar_rtc.errors import InputError
from avatar_rtc.media.addresses.ice import IceServers

MAX_ICE_SERVERS = 8
_PARAMETER = r'\s*;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))'
_LINK = re.compile(rf"<([^<>]*)>((?:{_PARAMETER})*)")


def retry_after_s(value: str | None, now: datetime.datetime) -> float | None:
    """Seconds of `Retry-After`, in either of its forms; None if it cannot be read.

    >>> retry_after_s("7", datetime.datetime.now(datetime.UTC))
    7.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, (date - now).total_seconds())
    except (TypeError, ValueError):
        return None


def linked_servers(links: Iterable[str], own: IceServers) -> IceServers:
    """The STUN and TURN servers that `Link` names (`rel="ice-server"`); `own` if there is none of use.

    Of logins the first counts, for one server of each sort is asked.
    """
    urls: list[str] = []
    login = ("", "")
    for url, parameters in _links(links):
        if parameters.get("rel", "").lower() != "ice-server" or not _is_of_use(url):
            continue
        if login == ("", "") and "username" in parameters:
            login = parameters["username"], parameters.get("credential", "")
        urls.append(url)
    if not urls:
        return own
    return replace(own, urls=tuple(urls[:MAX_ICE_SERVERS]), username=login[0], credential=login[1])


def _links(values: Iterable[str]) -> Iterable[tuple[str, Mapping[str, str]]]:
    for value in values:
        for found in _LINK.finditer(value[:8192]):
            parameters = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
                for name, quoted, bare in re.findall(_PARAMETER, found[2])
            }
            yield found[1], parameters


def _is_of_use(url: str) -> bool:
    try:
        return bool(IceServers((url,)).servers)
    except InputError:
        return False
