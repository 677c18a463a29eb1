"""A page outlives its server: the element comes back by itself, and says meanwhile what it does."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until
from tests.web.conftest import STATE

pytestmark = pytest.mark.browser


def test_page_survives_the_servers_death(own_server: Any, open_page: Any, tmp_path: Path) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    page.tab.evaluate("avatar.setEmotion('joy')")
    own_server.ask("PUT", "avatars/main/overrides", {"head_x": 0.5})
    wait_until(lambda: (tmp_path / STATE).exists() and '"head_x": 0.5' in (tmp_path / STATE).read_text())
    canvas = "document.querySelector('avatar-rtc').shadowRoot.querySelector('canvas')"
    width = page.tab.evaluate(f"{canvas}.width")
    own_server.kill()
    page.wait("avatar.state === 'retrying'")
    assert "reconnecting" in page.tab.text_content("#state")
    badge = "document.querySelector('avatar-rtc').shadowRoot.querySelector('.badge').textContent"
    assert page.tab.evaluate(badge).startswith("reconnecting…")
    page.wait(f"{badge}.includes('127.0.0.1:{own_server.port} cannot be reached')")
    assert "by itself" in page.tab.evaluate(badge)
    # The last picture stays, dimmed.
    page.wait(f"getComputedStyle({canvas}).opacity < 0.5")
    assert page.tab.evaluate(f"{canvas}.width") == width, "Chromium ends a stream with 2 x 2 px of black"

    own_server.start()
    page.wait("avatar.state === 'live'")
    page.wait_live()
    assert page.tab.evaluate(badge) == ""
    page.wait(f"getComputedStyle({canvas}).opacity === '1'")
    about = own_server.get("avatars/main")
    assert (about["emotion"]["weights"], about["overrides"]) == ({"joy": 1.0}, {"head_x": 0.5})
    assert page.tab.evaluate("avatar.ping().then((answer) => answer.t_ms > 0)")
    # Chromium logs every request that found no server; nothing else may have gone wrong.
    page.errors[:] = [line for line in page.errors if "ERR_CONNECTION" not in line]


def test_server_that_says_goodbye_is_left_at_once(own_server: Any, open_page: Any) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    page.tab.evaluate("""(() => {
      avatar.addEventListener('statechange', ({ detail }) => { window.told = detail; }, { once: true });
    })()""")
    own_server.close()
    page.wait("window.told")
    told = page.tab.evaluate("told")
    assert told == {"state": "retrying", "reason": "The server is closing."}
    page.errors[:] = [line for line in page.errors if "ERR_CONNECTION" not in line]


def test_final_refusal_ends_it_and_is_shown(own_server: Any, open_page: Any) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    page.tab.evaluate("avatar.src = '/api/v1/filters'")  # exists, but takes no offers: 405
    page.wait("avatar.state === 'failed'")
    assert "is not possible" in page.tab.get_attribute("#state", "title")
    page.tab.evaluate("avatar.src = '/api/v1/avatars/main/whep'")
    page.wait_live()
    page.errors[:] = [line for line in page.errors if "405" not in line]


@pytest.mark.soak
def test_the_picture_is_back_two_seconds_after_a_restart(own_server: Any, open_page: Any) -> None:
    """Of a server that was away for as long as it takes to end and to start, or for longer."""
    page = open_page(host=own_server.url)
    page.wait_live()
    found = []
    for away_s in (0.0, 0.0, 0.0, 3.0):
        begun = time.monotonic()
        own_server.close()
        ended = time.monotonic()
        page.wait("avatar.state === 'retrying'")
        time.sleep(away_s)
        own_server.start()
        accepts = time.monotonic()
        page.wait("avatar.state === 'live'")
        connected = time.monotonic() - accepts
        wait_until(lambda: own_server.get("avatars/main")["state"] == "live")
        renders = time.monotonic() - accepts
        page.wait_live()
        back = time.monotonic() - accepts
        found.append((ended - begun, accepts - ended, connected, renders, back))
        page.tab.wait_for_timeout(4_000)  # it has held
    page.errors[:] = [line for line in page.errors if "ERR_CONNECTION" not in line]
    for ended, away, connected, renders, back in found:
        print(f"ended {ended:.2f} s, away {away:.2f} s; after it accepts: connected {connected:.2f} s,")
        print(f"    the worker renders {renders:.2f} s, seen {back:.2f} s")
    assert max(ended for ended, *_ in found) < 5
    # A worker that starts beside the server, and imports torch, may be later than the way back.
    assert all(connected <= 2.0 and back <= max(2.0, renders + 0.5) for *_, connected, renders, back in found)
