"""The stream of events and the control socket with a browser's own `EventSource` and `WebSocket`."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

EVENTS = "/api/v1/avatars/main/events"
LISTEN = """() => {
  window.heard = [];
  window.source = new EventSource('/api/v1/avatars/main/events?types=state,speech');
  source.onmessage = ({ data, lastEventId }) => heard.push({ ...JSON.parse(data), lastEventId });
}"""
TALK = """() => {
  window.told = [];
  window.line = new WebSocket(`ws://${location.host}/api/v1/avatars/main/control?events=none`);
  line.onmessage = ({ data }) => told.push(JSON.parse(data));
  line.onopen = () => line.send(JSON.stringify({ type: 'talking.set', on: true, id: 'a' }));
}"""


def test_an_event_source_hears_what_a_web_socket_does(open_page: Any, server: Any) -> None:
    page = open_page("/api.html")
    server.ask("PUT", "avatars/main/talking", {"on": False})
    page.tab.evaluate(LISTEN)
    page.wait("() => heard.length && heard[0].type === 'state'")
    page.tab.evaluate(TALK)
    page.wait("() => told.some(({ type, id }) => type === 'ok' && id === 'a')")
    page.wait("() => heard.some(({ talking }) => talking === true)")
    page.tab.evaluate("() => line.send(JSON.stringify({ type: 'talking.set', on: false, id: 'b' }))")
    page.wait("() => heard.at(-1).talking === false")
    ids = page.tab.evaluate("() => heard.map(({ lastEventId }) => lastEventId)")
    numbers = [int(each.partition("-")[2]) for each in ids]
    assert numbers == sorted(numbers) and len({each.partition("-")[0] for each in ids}) == 1
    page.tab.evaluate("() => { line.close(); source.close(); }")


def test_the_page_of_the_interface_shows_events_as_they_come(open_page: Any, server: Any) -> None:
    page = open_page("/api.html", viewport={"width": 1280, "height": 860})
    operation = page.tab.locator("#get_events")
    operation.locator("> summary").click()
    operation.locator(".go").click()
    shown = operation.locator(".answer pre:not(.headers)")
    shown.get_by_text('"type": "state"').wait_for()
    server.ask("PUT", "avatars/main/gaze", {"target": "away"})
    shown.get_by_text('"gaze": "away"').wait_for()
    server.ask("PUT", "avatars/main/gaze", {"target": None})
    assert operation.locator(".go").inner_text() == "Stop"
    operation.locator(".go").click()
    page.wait("() => document.querySelector('#get_events .go').textContent === 'Send'")
    assert '"type": "state"' in shown.inner_text(), "what was told stays"
