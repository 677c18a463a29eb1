"""Browsers that play as others' players do, each a process without a driver: its page tells how it goes."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tests.web.conftest import ARGUMENTS, CHROMIUM

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
FIREFOX_SETTINGS = {
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "services.settings.server": "data:,",
}
PAGES = Path(__file__).parent / "pages"
WHEP_PAGE, ELEMENT_PAGE = "whep.html", "element.html"


Reports = list[dict[str, Any]]


class _Listener(ThreadingHTTPServer):
    page = ""
    reports: Reports


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        files = {"/": (self.server.page, "text/html"), "/tell.js": (_read("tell.js"), "text/javascript")}
        text, kind = files.get(self.path, ("", "text/plain"))
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.server.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Players:
    """A site of its own, whose page plays from a server that allows it."""

    def __init__(self, site: _Listener) -> None:
        self._site = site
        self.origin = f"http://127.0.0.1:{site.server_port}"

    def play(
        self, browser: str, page: str, server: str, folder: Path, seconds: float
    ) -> list[dict[str, Any]]:
        """What the page told until it has shown pictures for so long, or has said what went wrong."""
        whep = json.dumps(f"{server}/api/v1/avatars/main/whep")
        self._site.page = _read(page).replace("WHEP", whep).replace("SERVER", server)
        reports = self._site.reports = []
        process = subprocess.Popen(
            [*_command(browser, folder), self.origin], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(
                lambda: any("error" in each for each in reports) or _played_s(reports) >= seconds,
                within_s=seconds + 60,
                instead=lambda: reports,
            )
        finally:
            process.terminate()
            process.wait(20)
        return list(reports)


@contextmanager
def listening() -> Iterator[Players]:
    """The site, while it is there."""
    with _Listener(("127.0.0.1", 0), _Handler) as site:
        site.reports = []
        threading.Thread(target=site.serve_forever, name="players", daemon=True).start()
        yield Players(site)
        site.shutdown()


def _played_s(reports: Reports) -> float:
    """Seconds from the first picture to what was told last."""
    times = [each["t"] for each in tuple(reports) if each.get("frames", 0) > 0]
    return (times[-1] - times[0]) / 1000 if times else 0.0


def check_played(reports: Reports, least_fps: float) -> None:
    """It connected once, was refused nothing, stayed connected, and went on to its end."""
    assert [each for each in reports if "error" in each] == []
    assert {each["status"] for each in reports if "status" in each} <= {200, 201, 204}
    assert [each["status"] for each in reports if each.get("status") == 201] in ([201], [])
    told = [each for each in reports if "t" in each]
    first = next(n for n, each in enumerate(told) if each["frames"] > 0)
    assert {each["state"] for each in told[first:]} == {"connected"}, told
    end, begin = told[-1], told[first]
    fps = (end["frames"] - begin["frames"]) / (end["t"] - begin["t"]) * 1000
    assert fps >= least_fps, f"{fps:.1f} pictures a second"


def _read(page: str) -> str:
    return (PAGES / page).read_text()


def _command(browser: str, folder: Path) -> list[str]:
    if browser == "firefox":
        assert FIREFOX is not None
        settings = FIREFOX_SETTINGS.items()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings]
        (folder / "user.js").write_text("\n".join(lines))
        return [FIREFOX, "--headless", "--no-remote", "--profile", str(folder)]
    assert CHROMIUM is not None
    return [CHROMIUM, "--headless=new", *ARGUMENTS, f"--user-data-dir={folder}"]
