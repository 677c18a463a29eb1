"""The pictures docs/fault_*.png: the element where it is refused, with a wrong avatar, without its server.

Needs Chromium and playwright: python assets/drawing/faults.py
"""

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parents[2] / "docs"
SITE, SERVER = "http://blog.example", "http://avatar.example"
SIZE = {"width": 560, "height": 430}
COLOURS = 128
COUNT = """() => {
  window.drawn = 0;
  document.querySelector('avatar-rtc').addEventListener('frame', () => { window.drawn += 1; });
}"""
HTML = f"""<!doctype html><meta charset="utf-8"><title>A page</title>
<style>
  body {{ margin: 24px; font: 16px/1.5 system-ui, sans-serif; color: #1c2140; background: #faf5ea; }}
  h1 {{ font-size: 22px; margin: 0 0 12px; }}
  avatar-rtc {{ inline-size: 100%; block-size: 330px; aspect-ratio: auto; border-radius: 10px; }}
  avatar-rtc {{ background: #dfeef2; }}
</style>
<h1>My page</h1>
<script type="module" src="{SERVER}/avatar-rtc.js"></script>
<avatar-rtc src="{SERVER}/api/v1/avatars/AVATAR/whep" muted>Loading…</avatar-rtc>"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(HTML.replace("AVATAR", self.path.strip("/")).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[int]:
    """The port of the embedding site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def avatar_server(*flags: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """The port of a server, and what kills it."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "avatar.toml"
        config.write_text(f'allowed_hosts = ["avatar.example"]\ndata_dir = {json.dumps(folder)}\n')
        command = [sys.executable, "-m", "avatar_rtc", "serve", "--animator", "static", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--config", str(config), *flags], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            port = next(
                int(found[1]) for line in process.stdout if (found := re.search(r"127.*?:(\d+)", line))
            )
            yield port, process.kill
        finally:
            process.kill()
            process.wait()


def take(name: str, avatar: str, state: str, *flags: str, live_first: bool = False) -> None:
    """Write one picture, of the element in that state."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with site() as page_port, avatar_server(*flags) as (port, kill), sync_playwright() as playwright:
        rules = f"MAP blog.example 127.0.0.1:{page_port}, MAP avatar.example 127.0.0.1:{port}"
        arguments = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader"]
        arguments += ["--enable-unsafe-swiftshader", f"--host-resolver-rules={rules}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        tab = browser.new_page(viewport=SIZE, device_scale_factor=2)
        tab.goto(f"{SITE}/{avatar}")
        if live_first:
            tab.evaluate(COUNT)
            _wait(tab, "window.drawn > 30")
            kill()
        _wait(tab, f"document.querySelector('avatar-rtc').state === '{state}'")
        if live_first:
            _wait(tab, "document.querySelector('avatar-rtc').connection.reason.includes('cannot be reached')")
        tab.wait_for_timeout(1_500)  # until the words have appeared, and the picture is dim
        _save(tab.screenshot(), DOCS / f"fault_{name}.png")
        browser.close()


def _wait(tab: Any, condition: str) -> None:
    tab.wait_for_function(f"() => {condition}", polling=50)


def _save(png: bytes, file: Path) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    allowed = ("--allow-origin", SITE)
    take("origin", "main", "failed")
    take("avatar", "liorra", "failed", *allowed)
    take("server", "main", "retrying", *allowed, live_first=True)
