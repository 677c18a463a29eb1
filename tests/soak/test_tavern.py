"""The extension for SillyTavern in what happens seldom: groups, swipes, other voices, servers that go."""

import io
import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.integrations.conftest import Table, seated
from tests.integrations.tavern import EXTENSION
from tests.waiting import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.browser]
LONG = "And then we walked along the river. " * 12


@pytest.fixture(scope="module")
def table(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    with seated(tmp_path_factory.mktemp("tavern"), chromium, consent="always") as table:
        yield table


def change(table: Table, **values: object) -> None:
    table.page.tab.evaluate(
        "(it) => Object.assign(SillyTavern.getContext().extensionSettings.avatar_rtc, it)", values
    )


def test_each_member_of_a_group_speaks_with_a_face_of_its_own(table: Table) -> None:
    table.open("Liora")
    wait_until(lambda: table.avatar["character"].startswith("card-liora-"))
    table.open("Both")
    table.model.tells("It is my turn. I say a sentence or two.")
    table.forget()
    table.page.tab.evaluate(
        """() => { globalThis.faces = []; const avatar = document.querySelector('avatar-rtc');
        avatar.addEventListener('speech', ({ detail }) => {
          if (detail.type === 'speech.started') faces.push(avatar.avatarState.character);
        }); }"""
    )
    table.say("Who are you?")
    first, second = table.wait_told("speech.finished", 2)
    assert not first["interrupted"] and not second["interrupted"]
    faces = table.page.tab.evaluate("faces")
    assert faces[0].startswith("card-liora-") and faces[1].startswith("card-tavi-")


def test_a_swipe_interrupts_and_the_other_reply_is_said(table: Table) -> None:
    table.open("Tavi")
    table.model.tells(LONG)
    table.forget()
    table.say("Tell me.")
    table.wait_told("speech.started")
    table.page.wait("getComputedStyle(document.querySelector('#mes_stop')).display === 'none'")
    table.model.tells("Another one.")
    table.page.tab.click(".last_mes .swipe_right")
    interrupted, whole = table.wait_told("speech.finished", 2)
    assert interrupted["interrupted"] and not whole["interrupted"]
    assert table.told("speech.subtitle")[-1]["text"] == "Another one."


def test_a_reply_that_is_not_spoken_is_felt(table: Table) -> None:
    change(table, sound="feelings")
    table.run("/avatar-emotion neutral")
    table.model.tells("What a wonderful, lovely day! I am so happy!")
    table.forget()
    table.say("And today?")
    wait_until(
        lambda: table.avatar["emotion"]["weights"].keys() & {"joy", "excitement", "love", "admiration"}
    )
    assert table.told("speech.started") == []
    change(table, sound="aloud")


def test_voices_of_sillytavern_are_spoken_by_the_avatar(table: Table) -> None:
    change(table, sound="tavern")
    table.forget()
    table.page.tab.evaluate(
        """async () => {
          const rate = 16_000, samples = new Int16Array(rate);
          for (let n = 0; n < rate; n += 1) samples[n] = 8_000 * Math.sin(n / 20);
          const head = new ArrayBuffer(44), view = new DataView(head);
          const put = (at, text) => [...text].forEach((each, n) => view.setUint8(at + n, each.charCodeAt(0)));
          put(0, 'RIFF'); view.setUint32(4, 36 + samples.byteLength, true); put(8, 'WAVEfmt ');
          view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
          view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true);
          view.setUint16(34, 16, true); put(36, 'data'); view.setUint32(40, samples.byteLength, true);
          const audio = new Blob([head, samples], { type: 'audio/wav' });
          const { eventSource, eventTypes } = SillyTavern.getContext();
          await eventSource.emit(eventTypes.TTS_AUDIO_READY, { audio, mimeType: 'audio/wav', messageId: 0 });
        }"""
    )
    (finished,) = table.wait_told("speech.finished")
    assert finished["position_ms"] == pytest.approx(1000, abs=60)
    assert table.page.tab.evaluate("document.querySelector('#tts_audio').muted")
    change(table, sound="aloud")


def test_hidden_it_has_no_connection_and_it_comes_back(table: Table) -> None:
    table.run("/avatar-hide")
    table.wait_state(viewers=0)
    table.page.wait("!document.querySelector('#avatar_rtc_stage').checkVisibility()")
    table.model.tells("Nobody hears this.")
    table.forget()
    table.say("Are you there?")
    table.page.wait("SillyTavern.getContext().chat.at(-1).mes.includes('Nobody hears')")
    table.run("/avatar-show")
    table.page.wait_live()
    assert table.told("speech.started") == []


def test_it_is_moved_and_drawn_larger_by_hand_and_by_key(table: Table) -> None:
    tab = table.page.tab
    box = lambda: tab.locator("#avatar_rtc_stage").bounding_box()  # noqa: E731
    before = box()
    tab.mouse.move(before["x"] + 100, before["y"] + 150)
    tab.mouse.down()
    tab.mouse.move(before["x"] + 160, before["y"] + 60, steps=5)
    tab.mouse.up()
    after = box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (
        pytest.approx(60, abs=2),
        pytest.approx(-90, abs=2),
    )
    tab.focus("#avatar_rtc_stage button[title='Size of the avatar']")
    tab.keyboard.press("ArrowUp")
    assert box()["width"] == pytest.approx(after["width"] + 16, abs=2)
    tab.set_viewport_size({"width": 400, "height": 800})
    phone = box()
    assert phone["width"] <= 200 and phone["x"] + phone["width"] <= 401
    assert phone["y"] + phone["height"] <= tab.locator("#send_form").bounding_box()["y"] + 1
    assert tab.locator("#chat").bounding_box()["y"] >= phone["y"] + phone["height"] - 1, "it hides no words"
    tab.set_viewport_size({"width": 1400, "height": 800})
    assert box()["width"] == pytest.approx(after["width"] + 16, abs=2), "each kind of window keeps its own"


def test_a_picture_with_a_ground_is_marked_first(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "ground.png"
    noise = np.random.default_rng(3).integers(0, 256, (600, 400, 3), np.uint8)
    Image.fromarray(noise).save(file)
    tab = table.page.tab
    before = len(table.sent)
    tab.set_input_files("#avatar_rtc_settings input[type=file]", file)
    rings = tab.locator(".avatar-rtc-marks-picture button")
    rings.nth(2).focus()
    for _ in range(25):
        tab.keyboard.press("ArrowUp")
    table.page.wait("document.querySelector('.avatar-rtc-marks-wrong').textContent.includes('no face')")
    for _ in range(25):
        tab.keyboard.press("ArrowDown")
    tab.click(".avatar-rtc-marks button[value=use]")
    table.page.wait(f"sent.length > {before}")
    sent = Image.open(io.BytesIO(table.sent[-1][1]))
    assert sent.size == (512, 512)
    wait_until(lambda: table.avatar["character"].startswith("card-tavi-"))
    table.page.wait("document.querySelector('.avatar-rtc-framed')")


def test_a_card_is_shown_as_another_character_and_back(table: Table) -> None:
    choose = """(choice) => {
      const choices = document.querySelector('#avatar_rtc_choice');
      choices.value = choice;
      choices.dispatchEvent(new Event('change', { bubbles: true }));
    }"""
    for choice, character in (
        ("liora", "liora"),
        ("server", "placeholder"),
        ("", "card-"),
        ("server", "placeholder"),
    ):
        table.page.tab.evaluate(choose, choice)
        table.page.wait(f"avatar.avatarState?.character.startsWith('{character}') && avatar.state === 'live'")
        table.page.wait_live()
    assert table.avatar["character"] == "placeholder", "nobody has changed it meanwhile"
    table.page.tab.evaluate(choose, "")


def test_a_server_that_was_away_has_the_avatar_again(table: Table) -> None:
    before = table.avatar["id"]
    table.server.kill()
    table.page.wait("avatar.state === 'retrying'")
    table.server.start()
    table.page.wait_live()
    assert table.avatar["id"] == before
    table.model.tells("I am back.")
    table.forget()
    table.say("Hello?")
    table.wait_told("speech.finished")


def test_a_server_that_does_not_allow_the_page_says_how_to(table: Table) -> None:
    change(table, server=table.server.url.replace("127.0.0.1", "localhost"))
    table.server._config.write_text(table.server._config.read_text().replace("allowed_origins", "#"))
    table.server.kill()
    table.server.start()
    table.page.tab.evaluate("document.querySelector('[data-do=connect]').click()")
    wanted = f"--allow-origin {table.tavern.url}"
    table.page.wait(f"document.querySelector('[data-told=state]').textContent.includes('{wanted}')")


class _Git(BaseHTTPRequestHandler):
    """A repository over smart HTTP, by git's own program."""

    root = ""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        given = {
            "GIT_PROJECT_ROOT": self.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
        }
        given |= {"REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", "")}
        given |= {"GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(length)}
        given |= {"HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
        done = subprocess.run(
            ["git", "http-backend"],
            env=os.environ | given,
            input=self.rfile.read(length),
            capture_output=True,
            check=True,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_it_is_installed_by_an_address(table: Table, tmp_path: Path) -> None:
    """From a branch whose root is the extension, as `git subtree split` makes it."""
    work, bare = tmp_path / "work", tmp_path / "bare" / "avatar-rtc-tavern.git"
    subprocess.run(["git", "init", "-q", "-b", "sillytavern", str(work)], check=True)
    subprocess.run(["cp", "-r", f"{EXTENSION}/.", str(work)], check=True)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "-C", str(work), "add", "-A"], check=True)
    subprocess.run(["git", "-C", str(work), *who, "commit", "-qm", "x"], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    handler = type("_Here", (_Git,), {"root": str(bare.parent)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as git:
        thread = Thread(target=git.serve_forever, name="git", daemon=True)
        thread.start()
        answer = table.page.tab.evaluate(
            """async (url) => {
              const body = JSON.stringify({ url, global: false, branch: 'sillytavern' });
              const headers = SillyTavern.getContext().getRequestHeaders();
              const answer = await fetch('/api/extensions/install', { method: 'POST', headers, body });
              return [answer.status, await answer.json()];
            }""",
            f"http://127.0.0.1:{git.server_port}/avatar-rtc-tavern.git",
        )
        git.shutdown()
        thread.join()
    assert answer[0] == 200 and answer[1]["display_name"] == "Live avatar (avatar-rtc)"
