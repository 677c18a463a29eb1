"""A page outlives its server: the element comes back by itself, and says meanwhile what it does."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_page_survives_the_servers_death(open_page: Any, own_server: Any) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    own_server.kill()
    page.wait("avatar.state === 'retrying'")
    assert "reconnecting" in page.tab.text_content("#state")
    badge = "document.querySelector('avatar-rtc').shadowRoot.querySelector('.badge').textContent"
    assert page.tab.evaluate(badge).startswith("reconnecting…")
    assert page.tab.evaluate("avatar.shadowRoot.querySelector('canvas').clientWidth") > 0
    queued = "window.answer = avatar.setEmotion('joy').catch((error) => error.message)"
    assert page.tab.evaluate(f"{queued}; answer") == "no answer to emotion.set"

    own_server.start()
    page.wait("avatar.state === 'live'")
    page.wait_live()
    assert page.tab.evaluate(badge) == ""
    assert page.tab.evaluate("avatar.ping().then((answer) => answer.t_ms > 0)")
    # Chromium logs every request that found no server; nothing else may have gone wrong.
    page.errors[:] = [line for line in page.errors if "ERR_CONNECTION_REFUSED" not in line]


def test_server_that_says_goodbye_is_left_at_once(open_page: Any, own_server: Any) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    page.tab.evaluate("""window.left = new Promise((leave) => {
      avatar.addEventListener('statechange', ({ detail }) => leave(detail), { once: true });
    })""")
    own_server.close()
    told = page.tab.evaluate("left")
    assert told == {"state": "retrying", "reason": "the server is closing"}
    page.errors[:] = [line for line in page.errors if "ERR_CONNECTION" not in line]


def test_final_refusal_ends_it_and_is_shown(open_page: Any, own_server: Any) -> None:
    page = open_page(host=own_server.url)
    page.wait_live()
    page.tab.evaluate("avatar.src = '/api/v1/filters'")  # exists, but takes no offers: 405
    page.wait("avatar.state === 'failed'")
    assert "is not possible" in page.tab.get_attribute("#state", "title")
    page.tab.evaluate("avatar.src = '/api/v1/avatars/main/whep'")
    page.wait_live()
    page.errors[:] = [line for line in page.errors if "405" not in line]
