"""Refusals for people: the same as a problem, as a page that a browser shows and that nothing gets out of."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.http.problem_page import problem_page, sentence

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html",
)
PROGRAMS = ("*/*", "application/json", "application/json, text/plain, */*", "application/problem+json", "")
REFUSED: tuple[tuple[str, str, dict[str, str], int], ...] = (
    ("GET", "/nothing", {}, 404),
    ("GET", "/nothing.js", {}, 404),
    ("GET", "/view/nobody", {}, 404),
    ("GET", "/api/v1/avatars/nobody", {}, 404),
    ("GET", "/api/v1/avatars/main/speech", {}, 405),
    ("POST", "/offer", {"Content-Type": "text/plain"}, 415),
    ("GET", "/", {"Host": "evil.example"}, 403),
    ("GET", "/healthz", {"Sec-Fetch-Site": "cross-site"}, 403),
)


class Read(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("method, path, headers, status", REFUSED)
async def test_a_browser_is_shown_a_page(client, method, path, headers, status, accept):
    problem = await client.request(method, path, headers=headers)
    detail = (await problem.json(content_type="application/problem+json"))["detail"]
    page = await client.request(method, path, headers=headers | {"Accept": accept})
    assert (page.status, problem.status, page.content_type) == (status, status, "text/html")
    assert sentence(detail) in Read(await page.text()).texts
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "frame-ancestors 'self'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers.get("Allow") == problem.headers.get("Allow")


@pytest.mark.parametrize("accept", PROGRAMS)
async def test_a_program_gets_json(client, accept):
    response = await client.get("/nothing", headers={"Accept": accept})
    assert response.content_type == "application/problem+json" and response.status == 404


@given(st.text(max_size=80), st.from_regex(r"/[\w/.%-]{0,20}", fullmatch=True))
def test_what_a_stranger_wrote_stays_text(detail, path):
    plain = Read(problem_page(404, "nothing", path))
    page = Read(problem_page(404, detail, path))
    assert page.tags == plain.tags
    assert "".join(page.texts).replace("\r", "").count(sentence(detail).replace("\r", "")) >= 1


@pytest.mark.parametrize(
    "path, root", [("/", "./"), ("/nothing", "./"), ("/view/nobody", "../"), ("/api/v1/x", "../../")]
)
def test_the_way_home_is_relative(path, root):
    assert f'href="{root}"' in problem_page(404, "nothing", path)
