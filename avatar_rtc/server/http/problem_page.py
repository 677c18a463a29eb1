"""A refusal for people: the page that a browser shows where a program would read a problem's JSON."""

import base64
import hashlib
from html import escape
from http import HTTPStatus

from aiohttp import web

from avatar_rtc.server.http.preferences import weight_of_type

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-block-size: 100dvh; display: grid; place-content: center; justify-items: start;
  gap: .6rem; padding: 1.5rem; box-sizing: border-box; background: light-dark(#faf5ea, #12142a);
  color: light-dark(#1c2140, #f3ecdd); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; }
p { margin: 0; max-inline-size: 38rem; overflow-wrap: anywhere; }
small { color: light-dark(#5d617b, #a9abc6); }
a { color: light-dark(#b3331a, #ff8a6b); }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
"""What the page may load: its own style, and nothing else whatever stands in its text."""
_JSON = ("application/problem+json", "application/json")


def wants_page(request: web.Request) -> bool:
    """True if the caller would rather have HTML than JSON, as a browser that goes to an address does."""
    return weight_of_type(request, "text/html") > max(weight_of_type(request, kind) for kind in _JSON)


def problem_page(status: int, detail: str, path: str) -> str:
    """The page of a problem.

    Args:
        detail: what was wrong and what is wanted; may hold whatever the caller wrote.
        path: that was asked for. Links are relative to it, for a proxy may serve all this below a folder.
    """
    title = f"{status} {HTTPStatus(status).phrase}"
    root = "../" * (path.count("/") - 1) or "./"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title} · avatar_rtc</title>\n<link rel="icon" href="data:,">\n<style>{_STYLE}</style>\n'
        f"</head>\n<body>\n<h1>{title}</h1>\n<p>{escape(sentence(detail))}</p>\n"
        f'<p><a href="{root}">To the avatar’s page</a></p>\n<small>avatar_rtc</small>\n</body>\n</html>\n'
    )


def sentence(detail: str) -> str:
    """A detail with a capital and a full stop."""
    closed = detail if detail.endswith((".", "!", "?", "…")) else f"{detail}."
    return closed[:1].upper() + closed[1:]
