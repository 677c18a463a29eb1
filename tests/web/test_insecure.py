"""The live page over http from another machine says that it gets no microphone; elsewhere it does not."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("is_secure", [True, False])
def test_the_page_says_where_browsers_give_no_microphone(open_page, is_secure):
    init = "" if is_secure else "Object.defineProperty(window, 'isSecureContext', { value: false });"
    page = open_page("/", init=init)
    page.wait_live()
    note = page.tab.locator("#insecure")
    assert note.is_visible() is not is_secure
    assert "no microphone" in note.text_content() and "https" in note.text_content()
