"""A table in a real SillyTavern: our extension, a real avatar server, Chromium, and a scripted model."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.tavern import Model, Tavern, free_port, installed, prepare, template
from tests.waiting import wait_until
from tests.web.conftest import KEEP_DRAWING, Page, Server

FOLLOW = """globalThis.sent = [];
const usual = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  if (options?.body instanceof Blob) {
    const bytes = new Uint8Array(await options.body.arrayBuffer());
    sent.push([String(url), bytes.reduce((text, value) => text + String.fromCharCode(value), '')]);
  }
  return usual(url, options);
};
addEventListener('DOMContentLoaded', () => {
  globalThis.told = [];
  new MutationObserver((_, observer) => {
    const avatar = document.querySelector('avatar-rtc');
    if (!avatar) return;
    observer.disconnect();
    const note = ({ detail }) => told.push(detail);
    for (const type of ['speech', 'gesture']) avatar.addEventListener(type, note);
  }).observe(document.body, { childList: true, subtree: true });
});"""
HIDE = """(state) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
OPEN = """async (name) => {
  const { characters, selectCharacterById } = SillyTavern.getContext();
  if (name === 'Both') { document.querySelector('.group_select').click(); return; }
  await selectCharacterById(characters.findIndex((each) => each.name === name));
}"""
LOADED = "globalThis.SillyTavern && !document.querySelector('#preloader')"
LOADED += " && document.querySelector('#avatar_rtc_settings')"
LOADED += " && SillyTavern.getContext().onlineStatus === 'Valid'"


class Table:
    """All that sits there."""

    def __init__(self, folder: Path, browser: Any, ours: dict[str, object]) -> None:
        package = installed()
        kept, port = template(package), free_port()
        self.model = Model()
        self.server = Server(folder, origins=(f"http://127.0.0.1:{port}",))
        prepare(folder / "data", kept, self.model.url, {"server": self.server.url, **ours})
        self.tavern = Tavern(package, folder / "data", folder / "config.yaml", port)
        self._context = browser.new_context(viewport={"width": 1400, "height": 800})
        tab = self._context.new_page()
        for script in (KEEP_DRAWING, FOLLOW):
            tab.add_init_script(script)
        self.page = Page(tab, self.tavern.url)
        tab.goto(self.tavern.url)
        self.page.wait(LOADED)

    def close(self) -> None:
        self._context.close()
        self.tavern.close()
        self.server.close()
        self.model.close()

    @property
    def sent(self) -> list[tuple[str, bytes]]:
        """Files that the page has sent to servers since it was loaded: address, bytes."""
        return [(url, text.encode("latin-1")) for url, text in self.page.tab.evaluate("sent")]

    def open(self, name: str) -> None:
        """Open the chat with somebody, and wait until the avatar is seen."""
        self.page.tab.evaluate(OPEN, name)
        self.page.wait("avatar")
        self.page.wait_live()

    def say(self, text: str) -> None:
        """What the user writes and sends."""
        self.page.tab.fill("#send_textarea", text)
        self.page.tab.press("#send_textarea", "Enter")

    def run(self, command: str) -> None:
        """A slash command."""
        self.page.tab.evaluate(
            "(text) => SillyTavern.getContext().executeSlashCommandsWithOptions(text)", command
        )

    def forget(self) -> None:
        """What was told until now."""
        self.page.tab.evaluate("() => { told.length = 0; }")

    def told(self, kind: str) -> list[Any]:
        """Events of the avatar since then."""
        told: list[Any] = self.page.tab.evaluate("told")
        return [each for each in told if each["type"] == kind]

    def wait_told(self, kind: str, count: int = 1) -> list[Any]:
        self.page.wait(f"told.filter(({{ type }}) => type === '{kind}').length >= {count}")
        return self.told(kind)

    def show(self, state: str) -> None:
        """Let the page believe that it is `hidden` or `visible`."""
        self.page.tab.evaluate(HIDE, state)

    @property
    def avatar(self) -> Any:
        """The state of the tab's own avatar, as the server tells it."""
        return next(each for each in self.server.get("avatars")["avatars"] if each["id"] != "main")

    def wait_state(self, **wanted: object) -> None:
        """Until the server says so of the avatar."""
        wait_until(lambda: {key: self.avatar[key] for key in wanted} == wanted, 20, lambda: self.avatar)


@contextlib.contextmanager
def seated(folder: Path, browser: Any, **ours: object) -> Iterator[Table]:
    table = Table(folder, browser, ours)
    yield table
    table.close()


@pytest.fixture(scope="module")
def table(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """One for all tests of a module, each of which leaves it at an open chat, with nobody speaking."""
    with seated(tmp_path_factory.mktemp("tavern"), chromium) as table:
        yield table
