"""What a caller would rather have, as the `Accept` headers say it (RFC 9110, 12.4.2)."""

from aiohttp import hdrs, web


def weight_of(header: str, *names: str) -> float:
    """How much a header wants something, 0..1.

    Args:
        names: what it may be called there, in lower case; the last is the most exact, and counts most.

    >>> weight_of("text/html, */*;q=0.8", "*/*", "application/*", "application/json")
    0.8
    """
    best, found = -1, 0.0
    for each in header.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        if name in names and names.index(name) > best:
            best, found = names.index(name), _number(parameters)
    return found


def weight_of_type(request: web.Request, kind: str) -> float:
    """How much the caller wants a content type; who says nothing takes all alike."""
    accept = request.headers.get(hdrs.ACCEPT, "*/*")
    return weight_of(accept, "*/*", f"{kind.partition('/')[0]}/*", kind)


def takes_gzip(request: web.Request) -> bool:
    """True if the caller can unpack gzip."""
    return weight_of(request.headers.get(hdrs.ACCEPT_ENCODING, ""), "*", "gzip") > 0


def _number(parameters: list[str]) -> float:
    text = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
