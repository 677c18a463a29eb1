"""The pages in a real Chromium, against a real server with the static animator."""

import asyncio
import base64
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from avatar_rtc.characters.image import write_png
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.link.orders import AvatarReady, OpenAvatar, Up
from avatar_rtc.resources import resource
from avatar_rtc.server.app import create_app
from tests.server.conftest import FakeRenderer
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SIDE = 128
# Read within the `frame` event: later the drawing buffer is gone. Given as text: Playwright wraps every
# number of an array in an object of its own, 65,536 for a picture, which took a second and more.
FRAMES = f"""
(count) => new Promise((resolve) => {{
  const avatar = document.querySelector('avatar-rtc');
  const canvas = avatar.shadowRoot.querySelector('canvas');
  const context = new OffscreenCanvas({SIDE}, {SIDE}).getContext('2d', {{ willReadFrequently: true }});
  const frames = [];
  avatar.addEventListener('frame', function take() {{
    context.clearRect(0, 0, {SIDE}, {SIDE});
    context.drawImage(canvas, 0, 0, {SIDE}, {SIDE});
    const {{ data }} = context.getImageData(0, 0, {SIDE}, {SIDE});
    const row = (y) => String.fromCharCode(...data.subarray({4 * SIDE} * y, {4 * SIDE} * (y + 1)));
    frames.push(btoa(Array.from({{ length: {SIDE} }}, (_, y) => row(y)).join('')));
    if (frames.length < count) return;
    avatar.removeEventListener('frame', take);
    resolve(frames);
  }});
}})"""
FACE = (slice(38, 58), slice(56, 72))
"""Rows and columns of the placeholder's face, eyes to chin, far enough inside to stay there in sway."""
CORNER = (slice(0, 8), slice(0, 8))


def frames(page: Any, count: int) -> NDArray[np.int16]:
    """(count, SIDE, SIDE, 4) straight RGBA of what the canvas shows from now on."""
    data = b"".join(base64.b64decode(frame) for frame in page.tab.evaluate(FRAMES, count))
    return np.frombuffer(data, np.uint8).astype(np.int16).reshape(count, SIDE, SIDE, 4)


def open_mouth(picture: NDArray[np.int16]) -> int:
    """How many pixels of the face are the dark red of an open mouth."""
    red, green = picture[FACE][..., 0], picture[FACE][..., 1]
    return int(((red - green > 60) & (red < 190)).sum())


@pytest.fixture
def page(open_page: Any) -> Any:
    page = open_page()
    page.wait_live()
    return page


def test_avatar_moves_and_is_transparent_around(page: Any) -> None:
    first = frames(page, 1)[0]
    assert first[CORNER][..., 3].max() == 0
    assert first[FACE][..., 3].min() == 255
    wait_until(lambda: bool(np.abs(frames(page, 1)[0] - first).max() > 20))
    assert page.tab.evaluate("avatar.layout") == "alpha"


def test_colours_are_those_of_the_picture(page: Any) -> None:
    """The placeholder's collar, far from edges, against the PNG: matrix, range and premultiplication fit."""
    from avatar_rtc.characters.image import read_character

    original = read_character(resource("assets", "characters", "placeholder", "character.png").read_bytes())
    small = original.reshape(SIDE, 4, SIDE, 4, 4).mean((1, 3))
    shown = np.median(frames(page, 3), axis=0)
    flat = small[..., 3] == 255
    difference = np.abs(shown - small)[flat][:, :3].mean(0)
    # Sway moves outlines by a pixel or so; a wrong matrix or range shifts every pixel by 5 and more.
    assert np.median(np.abs(shown - small)[flat][:, :3]) <= 3, difference


def test_clicked_emotion_reaches_avatar_and_picture(page: Any, server: Any) -> None:
    page.tab.click("[data-emotion=neutral]")
    page.wait("document.querySelector('[data-emotion=neutral]').ariaPressed === 'true'")
    wait_until(lambda: open_mouth(frames(page, 1)[0]) < 8)
    page.tab.click("[data-emotion=joy]")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"joy": 1.0})
    wait_until(lambda: open_mouth(frames(page, 1)[0]) > 24)


def test_keyboard_chooses_and_roves(open_page: Any, server: Any) -> None:
    page = open_page(viewport={"width": 1700, "height": 900})
    page.wait_live()
    page.tab.keyboard.press("m")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"anger": 1.0})
    page.tab.keyboard.press("Shift+Digit4")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"anger": 0.5, "love": 0.5})

    page.tab.focus("[data-emotion=joy]")
    for key in ("ArrowRight", "ArrowDown"):
        page.tab.keyboard.press(key)
    assert page.tab.evaluate("document.activeElement.dataset.emotion") == "approval"
    assert page.tab.evaluate("document.querySelectorAll('#faces [tabindex=\"0\"]').length") == 1
    page.tab.keyboard.press("Enter")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"approval": 1.0})

    page.tab.click("#keys")
    page.tab.keyboard.press("z")
    page.tab.evaluate("avatar.ping()")
    assert server.get("avatars/main")["emotion"]["weights"] == {"approval": 1.0}


def test_another_viewers_change_is_shown(page: Any, open_page: Any) -> None:
    other = open_page("/view/main?muted")
    other.wait_live()
    other.tab.evaluate("document.querySelector('avatar-rtc').setEmotion('fear', 0.5)")
    page.wait("document.querySelector('[data-emotion=fear]').ariaPressed === 'true'")
    page.wait("document.querySelector('#intensity').value === '0.5'")


def test_refused_message_rejects_with_the_servers_words(page: Any) -> None:
    refused = page.tab.evaluate("avatar.setEmotion('jooy').catch((error) => error.message)")
    assert refused == "unknown emotion 'jooy'; did you mean 'joy'?"


def test_cues_move_the_mouth(page: Any) -> None:
    page.tab.evaluate("avatar.setEmotion('neutral')")
    wait_until(lambda: open_mouth(frames(page, 1)[0]) < 8)
    page.tab.evaluate("setInterval(() => avatar.sendCue(performance.now(), { aaa: 1 }), 40)")
    wait_until(lambda: open_mouth(frames(page, 1)[0]) > 24)


def test_upload_replaces_the_character_or_says_what_is_wrong(page: Any, server: Any, tmp_path: Path) -> None:
    opaque = tmp_path / "Blue Box!.png"
    picture = np.zeros((512, 512, 4), np.uint8)
    picture[64:, 128:384] = (20, 60, 220, 255)
    write_png(opaque, picture)
    page.tab.set_input_files("#file", opaque)
    wait_until(lambda: server.get("avatars/main")["character"] == "blue-box")
    wait_until(lambda: bool((frames(page, 1)[0][100, 64] - (20, 60, 220, 255) > -25).all()))

    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.tab.set_input_files("#file", tmp_path / "broken.png")
    page.tab.wait_for_selector("#alert:not([hidden])")
    assert len(page.tab.text_content("#alert p")) > 20
    assert server.get("avatars/main")["character"] == "blue-box"
    page.errors[:] = [line for line in page.errors if "400" not in line]  # Chromium logs every refusal

    page.tab.check("#cast [value=placeholder]", force=True)
    wait_until(lambda: server.get("avatars/main")["character"] == "placeholder")


def test_statistics_fill_in(page: Any) -> None:
    page.tab.click("#connection summary")
    for figure in ("fps", "bitrate_bps", "jitter_buffer_ms", "decode_ms", "width", "codec"):
        page.wait(f"document.querySelector('[data-figure={figure}] b').textContent !== '–'")
    assert page.tab.text_content("[data-figure=width] b") == "512 × 512"
    assert page.tab.text_content("[data-figure=codec] b") == "H264"


def test_lost_graphics_context_is_rebuilt(page: Any) -> None:
    page.tab.evaluate(
        """async () => {
          const gl = avatar.shadowRoot.querySelector('canvas').getContext('webgl');
          const lose = gl.getExtension('WEBGL_lose_context');
          lose.loseContext();
          await new Promise((later) => setTimeout(later, 300));
          lose.restoreContext();
        }"""
    )
    assert frames(page, 2)[-1][FACE][..., 3].min() == 255


def test_view_is_bare_and_transparent(open_page: Any, tmp_path: Path) -> None:
    page = open_page("/view/main?muted&fit=cover", viewport={"width": 400, "height": 400})
    page.wait_live()
    page.wait("avatar.avatarState")
    from PIL import Image

    page.tab.screenshot(path=tmp_path / "view.png", omit_background=True)
    with Image.open(tmp_path / "view.png") as picture:
        alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert alpha[:20, -20:].max() == 0 and alpha[150, 200] == 255
    assert alpha[:30, :100].max() > 200, "the label says what it is"
    assert page.tab.evaluate("document.body.innerText") == ""
    assert page.tab.evaluate("document.querySelector('avatar-rtc').fit") == "cover"


def test_leaving_frees_the_viewer_at_once(page: Any, server: Any) -> None:
    page.tab.evaluate("document.querySelector('avatar-rtc').remove()")
    wait_until(lambda: server.get("avatars/main")["viewers"] == 0, within_s=3)
    page.tab.evaluate("document.body.append(avatar = document.createElement('avatar-rtc'))")
    page.tab.evaluate("avatar.src = '/api/v1/avatars/main/whep'")
    page.wait_live()
    page.tab.goto("about:blank")
    wait_until(lambda: server.get("avatars/main")["viewers"] == 0, within_s=3)


@pytest.mark.parametrize("width", [320, 820])
def test_small_screens_do_not_scroll_sideways(open_page: Any, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 740})
    page.wait_live()
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    page.tab.click("#all")
    assert page.tab.is_visible("[data-emotion=disappointment]")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_other_sites_can_embed(open_page: Any, server: Any, foreign: Any) -> None:
    foreign.html = f"""<!doctype html><link rel="icon" href="data:,">
      <script type="module" src="{server.url}/avatar-rtc.js"></script>
      <avatar-rtc src="{server.url}/api/v1/avatars/main/whep" muted></avatar-rtc>"""
    page = open_page(host=foreign.origin)
    page.wait_live()
    assert frames(page, 1)[0][FACE][..., 3].min() == 255
    page.tab.evaluate("document.querySelector('avatar-rtc').close()")
    wait_until(lambda: server.get("avatars/main")["viewers"] == 0, within_s=3)
    page.foreign[:] = [url for url in page.foreign if not url.startswith(f"{server.url}/")]


class _Cpu(FakeRenderer):
    """A machine without a GPU: it shows a character's student, or THA3 if there is none."""

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        super().open(message, on_up)
        ready = AvatarReady(message.avatar, "student" if message.student else "tha3", 0.0)
        asyncio.get_running_loop().call_soon(on_up, ready)


@pytest.fixture
def on_a_cpu(tmp_path: Path) -> Iterator[str]:
    """The address of a server in this process, with a character `hero` on a pretended renderer."""
    (tmp_path / "hero").mkdir()
    shutil.copy(resource("assets", "characters", "placeholder", "character.png"), tmp_path / "hero")
    store = CharacterStore(tmp_path, tmp_path / "own")

    async def start() -> tuple[web.AppRunner, int]:
        runner = web.AppRunner(create_app(Config(character="hero"), _Cpu(), store))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server on a CPU", daemon=True)
    thread.start()
    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


_STUCK = """
import json, time
line = {"doing": "faces", "share": 0.5, "seconds_left": 700, "next": "rig", "next_s": 7}
print(json.dumps(line), flush=True)
time.sleep(600)
"""
_WORKS = """
import json, pathlib, sys, time
pathlib.Path(sys.argv[1]).write_bytes(pathlib.Path(sys.argv[2]).read_bytes())
print(json.dumps({"written": sys.argv[1], "what": "rig", "pictures": 200, "figures": {}}), flush=True)
print(json.dumps({"doing": "faces", "share": 0.6, "seconds_left": 840, "next": "student"}), flush=True)
time.sleep(2)
pathlib.Path(sys.argv[1]).write_bytes(b"a student")
print(json.dumps({"written": sys.argv[1], "what": "student", "pictures": 900, "figures": {}}), flush=True)
print(json.dumps({"done": sys.argv[1], "good_enough": True, "figures": {}}), flush=True)
"""


def a_rig() -> bytes:
    """A student's file whose header says that it is a rig of 29.3 dB."""
    data = resource("assets", "characters", "liora", "student.safetensors").read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    about = {"what": "rig", "figures": {"whole": {"mean": 29.3}}}
    header["__metadata__"]["about"] = json.dumps(about)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[end:]


def test_a_click_makes_a_student_and_another_stops_it(
    on_a_cpu: str, open_page: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rig = tmp_path / "a rig"
    rig.write_bytes(a_rig())

    def run(script: str) -> None:
        monkeypatch.setattr(
            "avatar_rtc.server.live.lessons.command_for",
            lambda character, out, quality, cache_mb: [sys.executable, "-c", script, str(out), str(rig)],
        )

    page = open_page(host=on_a_cpu)
    page.wait_live()
    button, text, bar = (page.tab.locator(f"#note {part}") for part in ("#distill", "p", "progress"))
    page.wait("document.querySelector('#distill').textContent.startsWith('Make it fluid')")
    assert page.tab.text_content("#engine") == "Drawn by the general network, THA3, on the processor."
    assert "Teach it once" in text.inner_text() and not bar.is_visible()

    run(_STUCK)
    button.click()
    page.wait("document.querySelector('#note progress').value === 0.5")
    assert "first as a rig, 7 s left" in text.inner_text() and bar.is_visible()
    assert button.inner_text() == "Stop"
    button.click()
    page.wait("document.querySelector('#distill').textContent.startsWith('Make it fluid')")
    assert "Teach it once" in text.inner_text() and not bar.is_visible()

    run(_WORKS)
    button.click()
    said = "It moves as a rig, 29 dB; a student is trained, 14 min left."
    page.wait(f"document.querySelector('#note p').textContent === '{said}'")
    page.wait("document.querySelector('#note').hidden")
    assert page.tab.locator("#engine").get_attribute("data-animator") == "student"
