"""The live page in Firefox: it moves, is driven, and logs no error."""

import pytest

from tests.web.firefox import firefox
from tests.web.players import FIREFOX

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(FIREFOX is None, reason="needs Firefox (Debian: firefox-esr)"),
]

MOTION = """new Promise((resolve) => {
  const avatar = document.querySelector('avatar-rtc');
  const pictures = new Set();
  const context = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
  avatar.addEventListener('frame', () => {
    context.clearRect(0, 0, 64, 64);
    context.drawImage(avatar.shadowRoot.querySelector('canvas, video'), 0, 0, 64, 64);
    const { data } = context.getImageData(0, 0, 64, 64);
    pictures.add(data.join());
    const middle = data[4 * (64 * 40 + 32) + 3];
    if (pictures.size === 5) resolve({ corner: data[3], middle, layout: avatar.layout });
  });
})"""
EMOTION = """new Promise((resolve) => {
  document.querySelector('avatar-rtc').addEventListener('avatarstate', ({ detail }) => {
    if (detail.emotion.weights.joy === 1) resolve(true);
  });
  document.querySelector('[data-emotion=joy]').click();
})"""


HEARD = """new Promise((resolve) => {
  const avatar = document.querySelector('avatar-rtc');
  avatar.addEventListener('hearing', ({ detail }) => {
    if (detail.level > 0.05) resolve([detail.type, avatar.microphoneMode]);
  });
})"""


def test_it_moves_is_transparent_around_and_changes_its_face(server, tmp_path):
    with firefox(tmp_path) as window:
        window.open(f"{server.url}/")
        seen = window.evaluate(MOTION)
        assert seen["layout"] == "alpha" and seen["corner"] == 0 and seen["middle"] == 255
        assert window.evaluate(EMOTION) is True
        window.click("#talk")
        assert window.evaluate(HEARD) == ["hearing.level", "listen"]
        assert window.evaluate("document.querySelector('avatar-rtc').setMicrophone('off')") == "off"
        assert window.evaluate("document.querySelector('#alert').hidden") is True
        assert window.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
