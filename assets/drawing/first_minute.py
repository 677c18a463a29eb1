"""The pictures docs/page.png, docs/first_minute_*.png, docs/talk.png and docs/meeting.png: live pages, used.

Needs Chromium and playwright: python assets/drawing/first_minute.py
"""

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
DRAWING = ROOT / "assets" / "characters" / "tavi" / "character.png"
LAPTOP, PAGE, PHONE, CAMERA = (1440, 900), (1280, 800), (360, 740), (1280, 720)
"""Px of the viewports."""
SMALL = (960, 600)
"""Of a picture of the laptop."""
SMALL_CAMERA = (960, 540)
"""Of the camera."""
COLOURS = 192
MARK = "avatar.shadowRoot.querySelector('mark')?.textContent"
ARGUMENTS = (
    "--no-sandbox --disable-gpu --use-angle=swiftshader --enable-unsafe-swiftshader "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream "
    "--autoplay-policy=no-user-gesture-required"
).split()


@contextmanager
def studio() -> Iterator[str]:
    """The address of a server."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "avatar.toml"
        config.write_text(f"data_dir = {json.dumps(folder)}\n")
        command = [sys.executable, "-m", "avatar_rtc", "serve", "--port", "0", "--config", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield next(found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line)))
        finally:
            process.terminate()
            process.wait()


class Look:
    """A tab of the live page."""

    def __init__(self, browser: Any, url: str, size: tuple[int, int]) -> None:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="light",
            permissions=["microphone"],
        )
        self.tab = context.new_page()
        self.tab.set_default_timeout(180_000)
        self.tab.goto(url)
        self.wait("avatar.state === 'live' && avatar.avatarState?.state === 'live'")
        self.tab.wait_for_timeout(4_000)  # until figures stand there, and the sound is on

    def wait(self, condition: str) -> None:
        """Until it is so; `avatar` is the element."""
        self.tab.wait_for_function(
            f"() => {{ const avatar = document.querySelector('avatar-rtc'); return {condition}; }}",
            polling=20,
        )

    def save(self, name: str, size: tuple[int, int] | None = None) -> None:
        """Write what is seen now."""
        with Image.open(io.BytesIO(self.tab.screenshot())) as picture:
            shown = picture.convert("RGB")
            shown = shown.resize(size, Image.Resampling.LANCZOS) if size else shown
            shown.quantize(COLOURS, dither=Image.Dither.NONE).save(
                ROOT / "docs" / f"{name}.png", optimize=True
            )


def minute(browser: Any, url: str) -> None:
    """The steps of the first minute, one after the other."""
    look = Look(browser, url, LAPTOP)
    look.save("first_minute_1", SMALL)
    look.tab.click("#speak .go")
    look.wait(f"{MARK} === 'good'")
    look.save("first_minute_2", SMALL)
    look.wait("!avatar.speaking")
    look.tab.click("[data-emotion=embarrassment]")
    look.tab.wait_for_timeout(2_000)  # until it is seen
    look.save("first_minute_3", SMALL)
    look.tab.click("[data-emotion=joy]")
    picture = {"name": "my-drawing.png", "mimeType": "image/png", "buffer": DRAWING.read_bytes()}
    look.tab.set_input_files("#file", picture)
    look.wait("document.querySelector('#verdict').textContent.includes('It is alive')")
    look.tab.wait_for_timeout(25_000)  # until the flowers of joy have gone
    look.save("first_minute_4", SMALL)


def meeting(browser: Any, url: str) -> None:
    """The camera of a bot, while the avatar speaks."""
    look = Look(browser, f"{url}/view/main?meeting&emotion=joy:0.7", CAMERA)
    look.tab.evaluate("document.querySelector('avatar-rtc').say('Hello everybody! It is good to be here.')")
    look.wait("avatar.speaking")
    look.tab.wait_for_timeout(1_200)  # into a vowel
    look.save("meeting", SMALL_CAMERA)
    look.tab.close()


def take() -> None:
    """Write them all."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with studio() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        look = Look(browser, url, PAGE)
        look.tab.click("#speak .go")
        look.wait(f"{MARK} === 'see'")
        look.save("page")
        look.wait("!avatar.speaking")
        look.tab.close()
        phone = Look(browser, url, PHONE)
        phone.tab.click("[data-step=done]")
        phone.tab.click("#talk")
        phone.wait("avatar.microphoneMode === 'listen'")
        phone.tab.evaluate("document.querySelector('avatar-rtc').setActivity('listening')")  # to a beep
        phone.tab.wait_for_timeout(1_500)
        phone.save("talk")
        phone.tab.evaluate("document.querySelector('avatar-rtc').setActivity('idle')")
        phone.tab.close()
        meeting(browser, url)
        minute(browser, url)
        browser.close()


if __name__ == "__main__":
    take()
