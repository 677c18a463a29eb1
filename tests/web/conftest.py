"""A real server and a real Chromium, for the browser tests."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.lean import PROGRAM

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic "
    "--no-first-run --disable-background-networking --disable-component-update --disable-sync "
    "--autoplay-policy=no-user-gesture-required"
).split()
KEEP_DRAWING = """addEventListener("DOMContentLoaded", () => {
  if (document.contentType !== "text/html") return;
  const dot = document.documentElement.appendChild(document.createElement("i"));
  Object.assign(dot.style, { position: "fixed", inset: "0 auto auto 0", width: "1px", height: "1px" });
  dot.style.pointerEvents = "none";
  dot.animate([{ opacity: 0.01 }, { opacity: 0.02 }], { duration: 1000, iterations: Infinity });
})"""
"""Chromium without a screen forgets at times that a page asked for a frame, and a click waits for two.
What moves by itself keeps its compositor drawing."""
STALLED_MS = 6_000
"""By then Chromium has stopped to draw, dot or not, once in some hundred clicks. A picture taken wakes it."""
ELSEWHERE = "elsewhere.example"
"""Another name of the server, for browsers that are told where it leads: to them it is no secure place."""
STATE = "state.json"
"""In the folder of `own_server`."""
TIMEOUT_MS = 20_000
"""Far beyond what anything takes here (1 to 3 s): it only ends a test that hangs."""


class Server:
    """`avatar-rtc serve` in a process of its own."""

    def __init__(self, folder: Path, port: int = 0, origins: tuple[str, ...] = (), more: str = "") -> None:
        """`more` is what else stands in its settings."""
        self._config = folder / "config.toml"
        self._config.write_text(
            f"data_dir = {json.dumps(str(folder))}\nallowed_origins = {json.dumps(origins)}\n"
            'framing = "whole"\n'  # where its colours are, is known to the pixel
            f"{more}"
        )
        self.port = port
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; after `kill`, on the same port."""
        command = [sys.executable, "-m", *PROGRAM, "--animator", "static"]
        command += ["--character", "placeholder"]  # plain colours, known to the pixel
        command += ["--port", str(self.port), "--config", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines = iter(self._process.stdout.readline, "")
        self.port = next(int(found[1]) for line in lines if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))

    def kill(self) -> None:
        """End it without a word to the viewers."""
        self._process.kill()
        self._reap()

    def close(self) -> None:
        self._process.terminate()
        self._reap()

    def get(self, path: str) -> Any:
        """The JSON at a path below /api/v1/."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answer to a request with a JSON body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def _reap(self) -> None:
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Page:
    """A tab; what went wrong in it is kept, and checked at the end of the test."""

    def __init__(self, tab: Any, host: str) -> None:
        self.tab = tab
        self.errors: list[str] = []
        self.foreign: list[str] = []
        tab.set_default_timeout(TIMEOUT_MS)
        for name in ("click", "check", "uncheck", "hover"):
            setattr(tab, name, self._nudged(getattr(tab, name)))
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        tab.on("request", lambda request: self._note(request.url, host))

    def _nudged(self, action: Callable[..., None]) -> Callable[..., None]:
        """The action once more after a picture was taken of the tab, if it waited for very long."""

        def act(*arguments: Any, **options: Any) -> None:
            from playwright.sync_api import TimeoutError as Waited

            try:
                action(*arguments, **{"timeout": STALLED_MS, **options})
            except Waited:
                with contextlib.suppress(Waited):
                    self.tab.screenshot(timeout=STALLED_MS)
                action(*arguments, **options)

        return act

    def _note(self, url: str, host: str) -> None:
        if not url.startswith((f"{host}/", "data:", "blob:")):
            self.foreign.append(url)

    def wait(self, condition: str) -> None:
        """Until a JavaScript expression is true; `avatar` is the element."""
        # By the clock, not by frames: on a busy machine Chromium without a screen forgets to draw at times.
        self.tab.wait_for_function(
            f"() => {{ const avatar = document.querySelector('avatar-rtc'); return {condition}; }}",
            polling=50,
        )

    def wait_live(self) -> None:
        """Until the avatar is connected and has been drawn."""
        self.tab.evaluate(
            "() => { const avatar = document.querySelector('avatar-rtc'); avatar.drawn = false;"
            "avatar.addEventListener('frame', () => { avatar.drawn = true; }, { once: true }); }"
        )
        self.wait("avatar.state === 'live' && avatar.drawn")


class Foreign(ThreadingHTTPServer):
    """Another site, with one page."""

    html = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _ForeignPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Foreign)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.html.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def foreign() -> Iterator[Foreign]:
    """A site that the server allows to embed."""
    with _site() as site:
        yield site


@pytest.fixture(scope="session")
def stranger() -> Iterator[Foreign]:
    """A site that the server does not allow."""
    with _site() as site:
        yield site


@contextlib.contextmanager
def _site() -> Iterator[Foreign]:
    with Foreign(("127.0.0.1", 0), _ForeignPage) as site:
        thread = threading.Thread(target=site.serve_forever, name="foreign site", daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, foreign: Foreign) -> Iterator[Server]:
    more = f'allowed_hosts = ["{ELSEWHERE}"]\n'
    server = Server(tmp_path_factory.mktemp("server"), origins=(foreign.origin,), more=more)
    yield server
    server.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may kill; what avatars were told outlives it."""
    server = Server(tmp_path, more=f"state_file = {json.dumps(str(tmp_path / STATE))}\n")
    yield server
    server.close()


def _giving(answer: object) -> Callable[[Any], None]:
    return lambda route: route.fulfill(json=answer)


@pytest.fixture
def open_page(chromium: Any, server: Server) -> Iterator[Callable[..., Page]]:
    """See `pages`."""
    with pages(chromium, server) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def open_page_for_all(chromium: Any, server: Server) -> Iterator[Callable[..., Page]]:
    """The same for tests that leave their page as they found it."""
    with pages(chromium, server) as open_page:
        yield open_page


@contextlib.contextmanager
def pages(chromium: Any, server: Server) -> Iterator[Callable[..., Page]]:
    """`open_page(path, init=script, **options of the context)` → Page, in a fresh profile.

    `answers`, glob → JSON, are given in the server's place.

    Raises:
        AssertionError: at the end, if a page has asked another host, or an error was logged.
    """
    contexts = []
    opened = []

    def open_page(
        path: str = "/",
        init: str = "",
        host: str = server.url,
        answers: Mapping[str, object] = MappingProxyType({}),
        **options: Any,
    ) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = Page(context.new_page(), host)
        opened.append(page)
        for script in filter(None, (KEEP_DRAWING, init)):
            page.tab.add_init_script(script)
        for glob, answer in answers.items():
            page.tab.route(glob, _giving(answer))
        page.tab.goto(f"{host}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [page.foreign for page in opened if page.foreign] == []
    assert [page.errors for page in opened if page.errors] == []
